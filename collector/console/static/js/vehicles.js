// A vehicle is searched for across the poles: asked for a case, followed until the last has answered.

import { getJson, postJson, request } from "./api.js";
import { $, h } from "./dom.js";
import { bindHead } from "./head.js";
import { inLanguage, instant, local, t, word } from "./locale.js";
import { inShort } from "./problems.js";
import { bindTraces } from "./traces.js";
import { RouteCards } from "./vehicle_route.js";

const URL_OF = "/api/plates/searches";
const LOOK_AGAIN_MS = 1000;
const BACK_MS = 24 * 60 * 60_000; // What the form begins with: the last day.

const form = $("#ask");
const said = $("#said");
const minute = (moment) => local(moment).slice(0, 16);
let shown = null;
let places = new Map();
let cards = null;

function question() {
  const given = Object.fromEntries(new FormData(form));
  const place = places.get(given.camera);
  return {
    pattern: given.pattern,
    start_at: instant(given.start),
    end_at: instant(given.end),
    confusable: given.confusable === "on",
    colors: given.color ? [given.color] : [],
    vehicles: given.kind ? [given.kind] : [],
    paints: given.paint ? [given.paint] : [],
    area: place ? { lat: place.lat, lon: place.lon, radius_m: Number(given.radius) } : null,
    case: given.case,
    agency: given.agency,
    purpose: given.purpose,
    basis: given.basis,
  };
}

function lateRow(one) {
  const why = one.code ? `${word("problem", one.code)}. ${word("remedy", one.code)}` : t("vehicles.still_asked");
  return h("li", {}, h("b", {}, one.device), ` ${why}`);
}

function draw(result) {
  shown = result;
  const asking = result.state === "asking";
  $("#progress").textContent = [
    t(asking ? "vehicles.asking" : "vehicles.done", { asked: result.asked, answered: result.answered }),
    result.without_diary > 0 && t("vehicles.without_diary", { n: result.without_diary }),
    result.more.length > 0 && t("vehicles.more", { names: result.more.join(", ") }),
  ].filter(Boolean).join(" · ");
  $("#late").hidden = result.late.length === 0;
  $("#late-count").textContent = t("vehicles.late", { n: result.late.length });
  $("#late-list").replaceChildren(...result.late.map(lateRow));
  $("#again").hidden = asking || result.late.length === 0;
  $("#forget").hidden = false;
  const nothing = !asking && result.routes.length === 0;
  $("#routes").replaceChildren(...(nothing
    ? [h("p", { class: "note" }, t(form.kind.value || form.paint.value ? "vehicles.nowhere_so" : "vehicles.nowhere"))]
    : cards.of(result.routes, result.case)));
}

/** Look again while poles still answer; another search since ends it. */
async function follow(result) {
  draw(result);
  while (shown?.search_id === result.search_id && shown.state === "asking") {
    await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
    if (shown?.search_id !== result.search_id) return;
    draw(await getJson(`${URL_OF}/${result.search_id}`));
  }
}

const telling = (work) => async (event) => {
  event.preventDefault();
  said.textContent = "";
  try {
    await work(event);
  } catch (error) {
    said.textContent = inShort(error);
  }
};

form.addEventListener("submit", telling(async () => {
  const button = $("button", form);
  button.disabled = true;
  said.textContent = t("vehicles.asking_now");
  try {
    const result = await postJson(URL_OF, question());
    said.textContent = "";
    await Promise.all([follow(result), $("#found").focus()]);
  } finally {
    button.disabled = false;
  }
}));

$("#again").addEventListener("click", telling(async () => {
  await follow(await postJson(`${URL_OF}/${shown.search_id}/again`, {}));
}));

$("#forget").addEventListener("click", telling(async () => {
  await request(`${URL_OF}/${shown.search_id}`, { method: "DELETE" });
  shown = null;
  for (const id of ["late", "again", "forget"]) $(`#${id}`).hidden = true;
  $("#progress").textContent = "";
  cards.of([]);
  $("#routes").replaceChildren(h("p", { class: "note" }, t("vehicles.forgotten")));
}));

async function begin() {
  bindHead();
  const city = await getJson("/api/map");
  places = new Map(city.places.map((one) => [`${one.device}/${one.camera}`, one]));
  let streets = null;
  const ground = { tiles: city.tiles, streets: () => (streets ??= getJson("/api/map/ground")) };
  cards = new RouteCards(ground);
  const options = [...places].map(([name, one]) => h("option", { value: name }, inLanguage(one.title)));
  form.camera.append(...options);
  for (const one of form.agency.options) one.textContent = word("agency", one.value);
  const now = Date.now();
  form.start.value = minute(now - BACK_MS);
  form.end.value = minute(now + 60_000);
  if (!form.hidden) await bindTraces(question, said, ground);
  document.documentElement.dataset.ready = "";
}

begin().catch((error) => { said.textContent = inShort(error); });
