// One way of one vehicle: where it was seen, in order, and whether it can have driven so.

import { h } from "./dom.js";
import { inLanguage, lang, t, whole, word } from "./locale.js";
import { RouteMap } from "./route_map.js";
import { timeLine } from "./time_line.js";

const number = new Intl.NumberFormat(lang === "ko" ? "ko-KR" : "en-GB", { maximumFractionDigits: 1 });
const percent = (chance) => `${Math.round(chance * 100)} %`;
const AROUND_MS = 60_000;

/** Cards of ways; the map of one stays as it is when its card is drawn anew. */
export class RouteCards {
  #ground;
  #maps = new Map();

  /** `ground`: {tiles, streets()} of the city. */
  constructor(ground) {
    this.#ground = ground;
  }

  /** A card each; `caseNumber` goes with the link that has its recordings kept. */
  of(routes, caseNumber) {
    const texts = new Set(routes.map((one) => one.text));
    for (const [text, map] of this.#maps) {
      if (texts.has(text)) continue;
      map.remove();
      this.#maps.delete(text);
    }
    return routes.map((one) => this.#card(one, caseNumber));
  }

  #card(route, caseNumber) {
    const map = this.#maps.get(route.text) ?? new RouteMap(this.#ground);
    this.#maps.set(route.text, map);
    map.show(route.sightings);
    return h("article", { class: "route", "data-text": route.text },
      h("header", {},
        h("h3", {}, route.text),
        h("span", { class: "quiet" }, t("vehicles.chance", { n: percent(route.chance) })),
        route.near_match && h("span", { class: "mark" }, t("vehicles.near_match")),
        !route.plausible && h("span", { class: "mark" }, t("vehicles.impossible"))),
      h("div", { class: "seen" }, timeLine(route.sightings),
        h("ol", { class: "way" }, route.sightings.map((one, at) => sighting(one, at, caseNumber)))),
      map.element);
  }
}

function sighting(one, at, caseNumber) {
  const place = inLanguage({ ko: one.title, en: one.title_en });
  const body = [
    one.paint && one.paint !== "unknown" && word("paint", one.paint),
    one.vehicle && one.vehicle !== "unknown" && word("vehiclekind", one.vehicle),
  ].filter(Boolean).join(" ");
  const read = [body, one.color && t("vehicles.plate", { color: word("platecolor", one.color) }), one.direction && word("direction", one.direction), t("vehicles.sure", { n: percent(one.confidence) })];
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
