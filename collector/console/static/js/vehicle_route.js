// One way of one vehicle: where it was seen, in order, and whether it can have driven so.

import { h, svg } from "./dom.js";
import { inLanguage, lang, t, whole, word } from "./locale.js";

const number = new Intl.NumberFormat(lang === "ko" ? "ko-KR" : "en-GB", { maximumFractionDigits: 1 });
const percent = (chance) => `${Math.round(chance * 100)} %`;
const SIZE = { width: 240, height: 150, edge: 18 };
const AROUND_MS = 60_000;

/** A card of a route; `caseNumber` goes with the link that has its recordings kept. */
export function routeCard(route, caseNumber) {
  return h("article", { class: "route", "data-text": route.text },
    h("header", {},
      h("h3", {}, route.text),
      h("span", { class: "quiet" }, t("vehicles.chance", { n: percent(route.chance) })),
      route.near_match && h("span", { class: "mark" }, t("vehicles.near_match")),
      !route.plausible && h("span", { class: "mark" }, t("vehicles.impossible"))),
    h("ol", { class: "way" }, route.sightings.map((one, at) => sighting(one, at, caseNumber))),
    sketch(route.sightings));
}

function sighting(one, at, caseNumber) {
  const place = inLanguage({ ko: one.title, en: one.title_en });
  const read = [word("platecolor", one.color), one.direction && word("direction", one.direction), t("vehicles.sure", { n: percent(one.confidence) })];
  return h("li", {},
    h("b", { class: "nr" }, String(at + 1)),
    one.crop ? picture(one) : h("span", {}),
    h("time", { datetime: one.at }, whole(one.at)),
    h("span", {}, h("b", {}, place), h("br"), h("span", { class: "quiet" }, read.filter(Boolean).join(" · "))),
    h("a", { class: "button", href: keepLink(one, caseNumber), "aria-label": t("vehicles.keep_of", { camera: place }) }, t("vehicles.keep")),
    one.metres !== null && one.metres !== undefined && h("span", { class: one.plausible ? "leg" : "leg impossible" }, leg(one)));
}

/** The plate, asked of its pole once it is in sight. */
function picture(one) {
  const image = h("img", { class: "crop", src: one.crop, loading: "lazy", decoding: "async", alt: t("plates.crop") });
  image.addEventListener("error", () => image.replaceWith(h("span", { class: "quiet" }, t("vehicles.no_crop"))));
  return image;
}

function leg(one) {
  const metres = one.metres < 1000 ? `${one.metres} m` : `${number.format(one.metres / 1000)} km`;
  if (one.kmh === null || one.kmh === undefined) return t("vehicles.same_place", { metres });
  return t(one.plausible ? "vehicles.leg" : "vehicles.leg_impossible", { metres, kmh: number.format(one.kmh) });
}

/** The page of kept recordings, with this camera and the minute around the read. */
function keepLink(one, caseNumber) {
  const at = new Date(one.at).getTime();
  const asked = new URLSearchParams({
    camera: `${one.device}/${one.camera}`, case: caseNumber,
    from: new Date(at - AROUND_MS).toISOString(), to: new Date(at + AROUND_MS).toISOString(),
  });
  return `/holds?${asked}`;
}

/** The places as they lie to each other, north above; nothing where fewer than two have one. */
function sketch(sightings) {
  const placed = sightings.map((one, at) => ({ ...one, nr: at + 1 })).filter((one) => one.lat !== null && one.lon !== null);
  if (placed.length < 2) return null;
  const east = placed.map((one) => one.lon * Math.cos((placed[0].lat * Math.PI) / 180));
  const north = placed.map((one) => one.lat);
  const [x, y] = [reach(east), reach(north)];
  const scale = Math.min((SIZE.width - 2 * SIZE.edge) / (x.size || 1e-9), (SIZE.height - 2 * SIZE.edge) / (y.size || 1e-9));
  const points = placed.map((_, at) => [SIZE.width / 2 + (east[at] - x.middle) * scale, SIZE.height / 2 - (north[at] - y.middle) * scale]);
  return svg("svg", { class: "sketch", viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, role: "img", "aria-label": t("vehicles.sketch") },
    svg("polyline", { points: points.map((one) => one.map((x) => x.toFixed(1)).join(",")).join(" ") }),
    ...points.flatMap(([left, top], at) => [
      svg("circle", { cx: left, cy: top, r: 8 }),
      svg("text", { x: left, y: top + 3.5 }, String(placed[at].nr)),
    ]));
}

function reach(values) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return { size: most - least, middle: (least + most) / 2 };
}
