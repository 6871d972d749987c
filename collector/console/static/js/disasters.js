// Alerts of disaster rooms and of our own people: their area's cameras page by page, one picture.

import { getJson, postJson, Refusal } from "./api.js";
import { $, h } from "./dom.js";
import { bindHead } from "./head.js";
import { inLanguage, instant, lang, local, reasonsOf, t, when, whole, word } from "./locale.js";
import { Session } from "./player.js";
import { follow } from "./stream.js";
import { acting, tell } from "./telling.js";

const CASES = "/api/services/cases";
const ALERTS = "/api/services/disasters";
const MESSAGES = "/api/services/disaster-messages";
const TILES = 9;
const decides = document.body.dataset.decides === "yes";
const pages = new Map(); // Which page of its cameras each alert shows.
const act = acting(load);
let session = null;
let turn = 0; // Of several readings only the last is shown.

const numbers = (text) => text.split(/[\s,]+/).filter(Boolean).map(Number);

const parts = (text) => text.split(";").map(numbers).filter((one) => one.length);
const pairs = (flat) => Array.from({ length: Math.ceil(flat.length / 2) }, (_, at) => flat.slice(2 * at, 2 * at + 2));

/** What was typed as an area; what is no number is left for the collector to name. */
function shapesOf(form) {
  const given = new FormData(form);
  return {
    circles: parts(given.get("circle")),
    polygons: parts(given.get("polygon")).map(pairs),
    codes: given.get("codes").split(/[\s,]+/).filter(Boolean),
    names: given.getAll("names"),
  };
}

/** The form for a new alert, or with what is known of one for its change. */
function fill(alert) {
  const form = $("#enter");
  form.reset();
  form.dataset.changes = alert?.disaster_id ?? "";
  // What a case was opened for stays as it is.
  for (const name of ["agency", "case", "purpose", "basis", "drill"]) form.elements[name].disabled = Boolean(alert);
  $("#form-title").textContent = t(alert ? "disasters.change_title" : "disasters.enter");
  $("#enter-send").textContent = t(alert ? "disasters.change" : "disasters.send");
  $("#enter-new").hidden = !alert;
  if (!alert) return;
  const { told } = alert;
  const { circles, polygons, codes, names } = told.shapes;
  const fields = {
    event: told.event, headline: told.headline, severity: told.severity, area: told.area,
    expires: alert.expires_at ? local(alert.expires_at).slice(0, 16) : "",
    circle: circles.map((one) => one.join(", ")).join("; "),
    polygon: polygons.map((ring) => ring.map((one) => one.join(",")).join(" ")).join("; "),
    codes: codes.join(" "),
  };
  for (const [name, value] of Object.entries(fields)) form.elements[name].value = value;
  for (const option of form.elements.names.options) option.selected = names.includes(option.value);
  $("#entering").open = true;
  $("#entering").scrollIntoView();
}

const change = (alert) => act(async () => fill(await getJson(`${ALERTS}/${alert.disaster_id}`)));

$("#enter")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const given = Object.fromEntries(new FormData(form));
  const { changes } = form.dataset;
  act(async () => {
    await postJson(changes ? `${ALERTS}/${changes}/update` : ALERTS, {
      event: given.event, headline: given.headline, severity: given.severity, area: given.area, shapes: shapesOf(form),
      ...(given.expires ? { expires_at: instant(given.expires) } : {}),
      ...(changes ? {} : {
        agency: given.agency, case: given.case, purpose: given.purpose, basis: given.basis, drill: given.drill === "on",
      }),
    });
    fill(null);
    $("#entering").open = false;
  });
});
$("#enter-new")?.addEventListener("click", () => fill(null));

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

/** These cameras at once, under the case's own reasons. */
const wallOf = (one, shown) => `/wall?${new URLSearchParams({
  cameras: shown.map((camera) => `${camera.device}/${camera.camera}`).join(","),
  case: one.case, purpose: one.purpose, basis: one.basis,
})}`;

function cameras(alert, one, wall) {
  const step = (by, key, off) => h("button", { type: "button", disabled: off, onclick: () => turnPage(alert, by) }, key);
  return [
    h("p", { class: "pages" }, t("disasters.cameras", { n: wall.cameras_in_all }),
      wall.pages > 1 && [
        step(-1, t("disasters.before"), wall.page <= 1),
        t("disasters.page", { page: wall.page, pages: wall.pages }),
        step(1, t("disasters.after"), wall.page >= wall.pages),
      ],
      one.state === "approved" && wall.cameras.length > 0
        && h("a", { class: "button", href: wallOf(one, wall.cameras) }, t("disasters.wall"))),
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
      decides && !alert.room && h("button", { type: "button", onclick: () => change(alert) }, t("disasters.change")),
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

/** An area that was drawn elsewhere, as on the map. */
function prefilled() {
  const asked = new URLSearchParams(location.search);
  const drawn = ["polygon", "circle"].filter((name) => asked.get(name));
  if (!drawn.length || !$("#enter")) return;
  for (const name of drawn) $("#enter").elements[name].value = asked.get(name);
  $("#entering").open = true;
  history.replaceState(null, "", location.pathname);
}

prefilled();
$("#stop").addEventListener("click", stop);
$("#refused")?.addEventListener("change", () => load().catch(tell));
addEventListener("pagehide", stop);
follow("/api/stream", { cases: () => load().catch(tell), resync: () => load().catch(tell) }, (there) => { $("#link").hidden = there; });
bindHead(stop);
