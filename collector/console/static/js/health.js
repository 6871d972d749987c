// The health page: causes with remedies first, then boxes or cameras as one table with filters.

import { getJson } from "./api.js";
import { seen } from "./camera_state.js";
import { $, h, lamp } from "./dom.js";
import { drawFacilities } from "./facilities.js";
import { bindHead } from "./head.js";
import { bindKeys } from "./keys.js";
import { inLanguage, span, t, when, whole, word } from "./locale.js";
import { follow } from "./stream.js";

const STEP = 100; // Rows that are drawn at once; more by a press.
const EVERY_MS = 15_000;
const root = document.documentElement;

let found = null;
let names = new Map(); // Causes by code.
let ill = new Map(); // Cameras that are not up, by box.
let shown = "devices"; // Or cameras.
let most = STEP;
let cause = null;

const gigabytes = (mb) => t("health.gigabytes", { n: (mb / 1024).toFixed(1) });
const titleOf = (one) => inLanguage({ ko: one.title, en: one.title_en });

function card(name, value, more, state) {
  return h("li", { class: state }, h("span", {}, t(name)), h("b", {}, value), more && h("small", {}, more));
}

function drawCentre() {
  const { centre, devices } = found;
  const waiting = centre.deliveries.reduce((sum, one) => sum + one.waiting, 0);
  const failed = centre.deliveries.reduce((sum, one) => sum + one.failed, 0);
  const first = centre.certificates[0];
  $("#centre").replaceChildren(...[
    card("health.broker", t(centre.broker ? "health.broker_up" : "health.broker_down"), centre.broker ? t("health.broker_flows") : `${centre.sessions_lost.map((one) => word("session", one)).join(" · ")} · ${t("health.broker_remedy")}`, centre.broker ? "good" : "bad"),
    card("health.devices", `${centre.devices_online} / ${devices.length}`, t("health.online"), centre.devices_online < devices.length ? "wait" : "good"),
    card("cameras.title", `${centre.cameras_up} / ${centre.cameras}`, word("camera", "up"), centre.cameras_up < centre.cameras ? "wait" : "good"),
    card("health.deliveries", t("health.failed_waiting", { failed, waiting }), centre.deliveries.filter((one) => one.failed).map((one) => `${word("agency", one.agency)} ${one.failed}`).join(" · "), failed ? "bad" : waiting ? "wait" : "good"),
    card("health.disk", gigabytes(centre.disk_free_mb), t(centre.disk_little ? "health.disk_remedy" : "health.free"), centre.disk_little ? "bad" : "good"),
    first && card("health.certificates", when(first.ends), first.state === "ok" ? first.name : `${first.name} · ${word("certificate", first.state)}`, { ok: "good", soon: "wait", over: "bad" }[first.state]),
  ].filter(Boolean));
  const troubled = centre.deliveries.filter((one) => one.error);
  $("#troubled").replaceChildren(...troubled.map((one) => h("li", { class: "no-picture" },
    h("b", {}, `${word("agency", one.agency)} · ${one.channel}`), ` ${t("health.failed_waiting", one)} · ${one.error}`)));
}

function drawCauses() {
  $("#causes").replaceChildren(...found.causes.map((one) => h("li", {},
    h("button", { type: "button", class: "cause", "aria-pressed": String(cause === one.code), "data-code": one.code, onclick: () => choose(one.code) },
      h("b", {}, `${one.number} ${inLanguage(one.title)}`),
      h("small", {}, inLanguage(one.remedy)),
      h("span", { class: "n" }, [one.devices && t("health.n_devices", { n: one.devices }), one.cameras && t("health.n_cameras", { n: one.cameras })].filter(Boolean).join(" · "))))));
  $("#no-causes").hidden = found.causes.length > 0;
}

function choose(code) {
  cause = cause === code ? null : code;
  const one = names.get(cause);
  if (one) shown = one.devices ? "devices" : "cameras";
  most = STEP;
  draw();
  $(`#causes [data-code="${code}"]`)?.focus();
}

const stateOf = (one) => (!one.heard ? "unknown" : !one.online ? "down" : one.faults.length || one.notes.length || one.cameras_up < one.cameras ? "degraded" : "up");

function fits(texts, state, codes) {
  const words = $("#search").value.trim().toLowerCase();
  const wanted = $("#state").value;
  return (!words || texts.some((text) => text?.toLowerCase().includes(words)))
    && (!wanted || wanted === state) && (!cause || codes.includes(cause));
}

function faultCell(codes, notes, message, cameras) {
  return h("td", {},
    codes.map((code) => { const one = names.get(code); return h("p", {}, h("b", {}, one ? `${one.number} ${inLanguage(one.title)}` : code), one && h("small", {}, inLanguage(one.remedy))); }),
    notes.map((name) => h("p", {}, word("healthnote", name), h("small", {}, word("healthremedy", name)))),
    cameras.map((camera) => h("p", {}, lamp(seen(camera)), ` ${titleOf(camera)}`, h("small", {}, camera.fault ? `${camera.fault.number} ${inLanguage(camera.fault.title)}` : word("camera", seen(camera))))),
    message && h("p", {}, h("small", {}, message)));
}

function deviceRow(one) {
  const state = stateOf(one);
  const figures = one.figures;
  return h("tr", { "data-device": one.device },
    h("td", { class: "state" }, lamp(state), word("boxstate", state), one.since && h("small", {}, t("health.since", { at: when(one.since) }))),
    h("th", { scope: "row" }, one.device, h("small", {}, [one.version, one.certificate_ends && t("health.certificate_until", { at: whole(one.certificate_ends).slice(0, 12) })].filter(Boolean).join(" · "))),
    h("td", {}, h("button", { type: "button", onclick: () => camerasOf(one.device) }, `${one.cameras_up} / ${one.cameras}`)),
    faultCell(one.faults, one.notes, one.online ? "" : one.reason, one.online ? (ill.get(one.device) ?? []) : []),
    h("td", { class: "figures" }, figures && [
      h("p", {}, t("health.figure_disk", { n: gigabytes(figures.disk_free_mb) })),
      figures.ring_hours !== null && h("p", {}, t("health.figure_ring", { n: span(figures.ring_hours * 3600) })),
      h("p", {}, t("health.figure_outbox", { n: figures.waiting }), figures.lost > 0 && t("health.figure_lost", { n: figures.lost })),
      h("p", {}, t("health.figure_sessions", { n: figures.sessions }), ` · ${t("health.figure_uptime", { n: span(figures.uptime_s) })}`)]),
    h("td", {}, one.heard_at ? when(one.heard_at) : ""));
}

function cameraRow(one) {
  const state = seen(one);
  const key = `${one.device}/${one.camera}`;
  return h("tr", { "data-key": key },
    h("td", { class: "state" }, lamp(state), word("camera", state)),
    h("th", { scope: "row" }, titleOf(one), h("small", {}, [one.address, key].filter(Boolean).join(" · "))),
    h("td", {}, h("a", { class: "button", href: `/map?camera=${key}` }, t("map.title")), h("a", { class: "button", href: `/rules?camera=${key}` }, t("rules.title"))),
    one.fault ? h("td", {}, h("p", {}, h("b", {}, `${one.fault.number} ${inLanguage(one.fault.title)}`), h("small", {}, inLanguage(one.fault.remedy)))) : h("td", {}, word("camera", state)),
    h("td", {}, h("button", { type: "button", onclick: () => boxOf(one.device) }, one.device)),
    h("td", {}, one.state_at ? when(one.state_at) : ""));
}

function camerasOf(device) {
  shown = "cameras";
  cause = null;
  $("#state").value = "";
  $("#search").value = device;
  most = STEP;
  draw();
  $("#search").focus();
}

function boxOf(device) {
  camerasOf(device);
  shown = "devices";
  draw();
}

const RANK = { down: 0, degraded: 1, unknown: 2, up: 3 };

function draw() {
  const boxes = shown === "devices";
  const rows = boxes
    ? found.devices.filter((one) => fits([one.device, one.version], stateOf(one), one.faults))
      .sort((a, b) => RANK[stateOf(a)] - RANK[stateOf(b)] || (a.device < b.device ? -1 : 1))
    : found.cameras.filter((one) => fits([one.title, one.title_en, one.address, `${one.device}/${one.camera}`], seen(one), [one.fault?.code]))
      .sort((a, b) => RANK[seen(a)] - RANK[seen(b)] || titleOf(a).localeCompare(titleOf(b)));
  for (const name of ["devices", "cameras"]) $(`#show-${name}`).setAttribute("aria-pressed", String(shown === name));
  $("#head").replaceChildren(...(boxes ? ["state", "device", "cameras", "fault", "figures", "heard"] : ["state", "camera", "map", "fault", "device", "since"])
    .map((name) => h("th", { scope: "col" }, t(`healthhead.${name}`))));
  $("#rows").replaceChildren(...rows.slice(0, most).map(boxes ? deviceRow : cameraRow));
  $("#none").hidden = rows.length > 0;
  $("#none").textContent = t(boxes ? "health.none" : "health.all_see");
  $("#more").hidden = rows.length <= most;
  $("#more").textContent = t("health.more", { n: rows.length - most });
  $("#said").textContent = boxes ? t("health.n_devices", { n: rows.length }) : t("health.n_not_up", { n: rows.length });
  drawCauses();
}

async function load() {
  found = await getJson("/api/health");
  names = new Map(found.causes.map((one) => [one.code, one]));
  ill = new Map();
  for (const one of found.cameras) ill.set(one.device, [...(ill.get(one.device) ?? []), one]);
  if (cause && !names.has(cause)) cause = null;
  drawCentre();
  drawFacilities(found.facilities, () => soon(0));
  draw();
  if (!("ready" in root.dataset)) root.dataset.readyMs = Math.round(performance.now());
  root.dataset.ready = "";
}

let due = null;
/** A swarm of changes is one reading. */
function soon(ms = 500) {
  due ??= setTimeout(() => {
    due = null;
    load().catch((error) => console.warn("load failed", error.message));
  }, ms);
}

bindHead();
if (document.body.dataset.may === "yes") {
  for (const name of ["devices", "cameras"]) $(`#show-${name}`).addEventListener("click", () => { shown = name; most = STEP; draw(); });
  $("#search").addEventListener("input", () => { most = STEP; draw(); });
  $("#state").addEventListener("change", () => { most = STEP; draw(); });
  $("#more").addEventListener("click", () => { most += STEP; draw(); });
  bindKeys({ "/": () => $("#search").focus() });
  follow("/api/stream", { cameras: () => soon(), summary: () => soon(), resync: () => soon(0) }, (up) => { $("#link").hidden = up; });
  setInterval(() => soon(0), EVERY_MS);
  soon(0);
} else root.dataset.ready = "";
