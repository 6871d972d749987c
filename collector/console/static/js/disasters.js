// Alerts of disaster rooms and of our own people: their area's cameras page by page, one picture.

import { getJson, postJson, Refusal } from "./api.js";
import { $, h } from "./dom.js";
import { inLanguage, instant, lang, reasonsOf, t, when, whole, word } from "./locale.js";
import { Session } from "./player.js";
import { inWords } from "./problems.js";
import { follow } from "./stream.js";
import { bindTheme } from "./theme.js";

const CASES = "/api/services/cases";
const ALERTS = "/api/services/disasters";
const MESSAGES = "/api/services/disaster-messages";
const TILES = 9;
const decides = document.body.dataset.decides === "yes";
const pages = new Map(); // Which page of its cameras each alert shows.
let session = null;
let turn = 0; // Of several readings only the last is shown.

function tell(error) {
  const problem = $("#problem");
  problem.hidden = !error;
  if (!error) return;
  const { title, remedy, code } = inWords(error);
  const said = error instanceof Refusal ? error.problem.detail : "";
  problem.textContent = [title, remedy, said !== remedy && said, code].filter(Boolean).join(" · ");
  problem.scrollIntoView({ block: "nearest" });
}

async function act(what) {
  tell(null);
  try {
    await what();
    await load();
  } catch (error) {
    tell(error);
  }
}

const numbers = (text) => text.split(/[\s,]+/).filter(Boolean).map(Number);

/** What was typed as an area; what is no number is left for the collector to name. */
function shapesOf(form) {
  const given = new FormData(form);
  const circle = numbers(given.get("circle"));
  const flat = numbers(given.get("polygon"));
  const corners = Array.from({ length: Math.ceil(flat.length / 2) }, (_, at) => flat.slice(2 * at, 2 * at + 2));
  return {
    circles: circle.length ? [circle] : [],
    polygons: corners.length ? [corners] : [],
    codes: given.get("codes").split(/[\s,]+/).filter(Boolean),
    names: given.getAll("names"),
  };
}

$("#enter")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const given = Object.fromEntries(new FormData(form));
  act(async () => {
    await postJson(ALERTS, {
      event: given.event, headline: given.headline, severity: given.severity, area: given.area,
      agency: given.agency, case: given.case, purpose: given.purpose, basis: given.basis,
      drill: given.drill === "on", shapes: shapesOf(form),
      ...(given.expires ? { expires_at: instant(given.expires) } : {}),
    });
    form.reset();
    $("#entering").open = false;
  });
});

async function open(one, camera, stream) {
  const next = new Session($("#stage video"), (error) => { stop(); if (error) tell(error); });
  session = next;
  const about = { device: camera.device, camera: camera.camera, live: true, stream };
  try {
    return await next.open({ ...about, case: one.case, basis: one.basis, purpose: one.purpose });
  } catch (error) {
    next.close();
    // A camera that has one stream alone shows that.
    if (stream === "sub" && error instanceof Refusal && error.problem.code === "clip.no-substream") {
      return open(one, camera, "main");
    }
    throw error;
  }
}

async function watch(one, camera) {
  stop();
  tell(null);
  const stage = $("#stage");
  stage.hidden = false;
  delete stage.dataset.firstFrameMs;
  $("#showing").textContent = `${one.case} · ${inLanguage({ ko: camera.title, en: camera.title_en })}`;
  try {
    const { firstFrameMs } = await open(one, camera, "sub");
    stage.dataset.firstFrameMs = firstFrameMs;
  } catch (error) {
    stop();
    tell(error);
  }
}

function stop() {
  session?.close();
  session = null;
  $("#stage").hidden = true;
}

const cameraRow = (one, camera) => h("tr", {},
  h("td", {}, h("b", {}, inLanguage({ ko: camera.title, en: camera.title_en })), h("div", { class: "why" }, `${camera.device} / ${camera.camera}`)),
  h("td", { class: "why" }, reasonsOf(camera)),
  h("td", { class: "does" }, one.state === "approved" && h("button", { type: "button", onclick: () => watch(one, camera) }, t("cases.live"))));

function turnPage(alert, by) {
  pages.set(alert.disaster_id, Math.max(1, (pages.get(alert.disaster_id) ?? 1) + by));
  load().catch(tell);
}

function cameras(alert, one, wall) {
  const step = (by, key, off) => h("button", { type: "button", disabled: off, onclick: () => turnPage(alert, by) }, key);
  return [
    h("p", { class: "pages" }, t("disasters.cameras", { n: wall.cameras_in_all }),
      wall.pages > 1 && [
        step(-1, t("disasters.before"), wall.page <= 1),
        t("disasters.page", { page: wall.page, pages: wall.pages }),
        step(1, t("disasters.after"), wall.page >= wall.pages),
      ]),
    h("table", {}, h("tbody", {}, wall.cameras.map((camera) => cameraRow(one, camera)))),
  ];
}

function draw({ alert, one, wall }) {
  const { told } = alert;
  const post = (verb, body) => () => act(() => postJson(`${CASES}/${one.case_id}/${verb}`, body));
  const [event, headline] = lang === "en" ? [told.event_en || told.event, told.headline_en || told.headline] : [told.event, told.headline];
  return h("article", {
    class: `card ${told.severity}`, "data-disaster": alert.disaster_id, "data-state": one.state, "data-drill": alert.drill,
  },
    h("h3", {}, alert.drill && [h("span", { class: "drill" }, t("disasters.drill")), " "],
      `${event} · ${word("severity", told.severity)} · ${word("casestate", one.state)}`),
    headline && h("p", {}, headline),
    told.instruction && h("p", {}, told.instruction),
    h("p", { class: "why" }, [when(alert.opened_at), told.area, alert.room ?? one.person,
      alert.expires_at && t("disasters.until", { when: whole(alert.expires_at) })].filter(Boolean).join(" · ")),
    h("p", { class: "why" }, `${one.case} · ${one.purpose} · ${one.basis}`),
    h("div", { class: "does" },
      decides && one.state === "asked" && [
        h("button", { type: "button", class: "primary", onclick: post("approval", {}) }, t("cases.approve")),
        h("button", { type: "button", onclick: post("refusal", { note: "" }) }, t("cases.refuse")),
      ],
      !decides && one.state === "asked" && h("button", { type: "button", class: "primary", onclick: post("opening", {}) }, t("cases.open")),
      h("button", { type: "button", onclick: post("closing", { note: "" }) }, t("cases.close"))),
    cameras(alert, one, wall));
}

const messageRow = (one) => h("tr", {},
  h("td", {}, when(one.received_at)),
  h("td", {}, one.room, h("div", { class: "why" }, [one.sender, one.identifier].filter(Boolean).join(" · "))),
  h("td", {}, [one.msg_type, one.status].filter(Boolean).join(" · ") || t("disasters.unread")),
  h("td", {}, word("act", one.act), h("div", { class: "why" }, one.detail)),
  h("td", {}, h("a", { href: `${MESSAGES}/${one.number}`, target: "_blank", rel: "noopener" }, t("disasters.document"))));

async function read(alert) {
  const page = pages.get(alert.disaster_id) ?? 1;
  const wall = await getJson(`${ALERTS}/${alert.disaster_id}/wall?page=${page}&tiles=${TILES}`);
  pages.set(alert.disaster_id, wall.page);
  return { alert, one: wall.case, wall };
}

async function load() {
  turn += 1;
  const mine = turn;
  const active = await getJson(ALERTS);
  // One that is closed meanwhile is nobody's any more.
  const found = await Promise.all(active.map((alert) => read(alert).catch((error) => {
    if (error instanceof Refusal && error.status === 404) return null;
    throw error;
  })));
  const messages = decides ? await getJson(`${MESSAGES}?refused=${$("#refused").checked}`) : [];
  if (mine !== turn) return;
  const shown = found.filter(Boolean);
  $("#alerts").replaceChildren(...(shown.length ? shown.map(draw) : [h("p", {}, t("disasters.none"))]));
  $("#messages")?.replaceChildren(messages.length
    ? h("table", {}, h("tbody", {}, messages.map(messageRow)))
    : h("p", {}, t("disasters.no_messages")));
  document.documentElement.dataset.ready = "";
}

$("#stop").addEventListener("click", stop);
$("#refused")?.addEventListener("change", () => load().catch(tell));
addEventListener("pagehide", stop);
follow("/api/stream", { cases: () => load().catch(tell), resync: () => load().catch(tell) }, () => {});
bindTheme($("#theme"), (theme) => word("theme", theme));
