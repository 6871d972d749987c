// Cases of the safety services: asked for, decided, and the cameras of each seen under its permit.

import { getJson, postJson } from "./api.js";
import { $, h } from "./dom.js";
import { bindHead } from "./head.js";
import { inLanguage, reasonsOf, t, when, word } from "./locale.js";
import { Session } from "./player.js";
import { follow } from "./stream.js";
import { acting, tell } from "./telling.js";

const CASES = "/api/services/cases";
const LAST_MS = 2 * 60_000;
const form = $("#ask");
const decides = document.body.dataset.decides === "yes";
const act = acting(load);
let session = null;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const given = Object.fromEntries(new FormData(form));
  act(async () => {
    await postJson("/api/services/emergency-video", {
      place: { lat: Number(given.lat), lon: Number(given.lon) },
      case: given.case, purpose: given.purpose, basis: given.basis,
      requester: { unit: given.unit, name: given.name },
      ...(decides ? { agency: given.agency } : {}),
    });
    form.reset();
  });
});

async function watch(one, camera, live) {
  stop();
  const stage = $("#stage");
  stage.hidden = false;
  delete stage.dataset.firstFrameMs;
  const title = inLanguage({ ko: camera.title, en: camera.title_en });
  $("#showing").textContent = `${one.case} · ${title}`;
  const mine = new Session($("video", stage), (error) => {
    if (session === mine) stop();
    if (error) tell(error);
  });
  session = mine;
  const now = Date.now();
  const range = live ? {} : { from: new Date(now - LAST_MS).toISOString(), to: new Date(now).toISOString() };
  try {
    const { firstFrameMs } = await mine.open({
      device: camera.device, camera: camera.camera, live, ...range,
      case: one.case, basis: one.basis, purpose: one.purpose,
    });
    stage.dataset.firstFrameMs = firstFrameMs;
    stage.scrollIntoView();
  } catch (error) {
    if (session === mine) stop();
    tell(error);
  }
}

function stop() {
  session?.close();
  session = null;
  $("#stage").hidden = true;
}

function cameraRow(one, camera) {
  const may = one.state === "approved";
  const see = (live, key) => h("button", { type: "button", onclick: () => watch(one, camera, live) }, key);
  return h("tr", {},
    h("td", {}, h("b", {}, inLanguage({ ko: camera.title, en: camera.title_en })), h("div", { class: "why" }, `${camera.device} / ${camera.camera}`)),
    h("td", {}, word("sees", camera.sees), h("div", { class: "why" }, reasonsOf(camera))),
    h("td", { class: "does" }, may && [see(true, t("cases.live")), see(false, t("cases.last"))]));
}

function draw(one) {
  const post = (verb, body) => () => act(() => postJson(`${CASES}/${one.case_id}/${verb}`, body));
  return h("article", { class: "card", "data-case": one.case_id, "data-state": one.state },
    h("h3", {}, `${one.case} · ${word("agency", one.agency)} · ${word("casestate", one.state)}`),
    h("p", {}, `${when(one.asked_at)} · ${one.purpose} · ${one.basis}`),
    one.personal?.subject && h("p", { class: "subject" }, Object.values(one.personal.subject).filter(Boolean).join(" · ")),
    one.personal?.path?.length > 0 && h("ol", { class: "path" }, one.personal.path.map((fix) => h("li", {},
      `${when(fix.at)} · ${fix.lat.toFixed(5)}, ${fix.lon.toFixed(5)} ± ${Math.round(fix.accuracy_m)} m`))),
    one.waiting && h("p", { class: "why" }, inLanguage({ ko: one.waiting_ko ?? one.waiting, en: one.waiting })),
    h("table", {}, h("tbody", {}, one.cameras.map((camera) => cameraRow(one, camera)))),
    h("div", { class: "does" },
      decides && one.state === "asked" && [
        h("button", { type: "button", class: "primary", onclick: post("approval", {}) }, t("cases.approve")),
        h("button", { type: "button", onclick: post("refusal", { note: "" }) }, t("cases.refuse")),
      ],
      !decides && one.state === "asked" && h("button", { type: "button", class: "primary", onclick: post("opening", {}) }, t("cases.open")),
      h("button", { type: "button", onclick: post("closing", { note: "" }) }, t("cases.close"))));
}

async function load() {
  const open = await getJson(CASES);
  $("#cases").replaceChildren(...(open.length ? open.map(draw) : [h("p", {}, t("cases.none"))]));
  document.documentElement.dataset.ready = "";
}

$("#stop").addEventListener("click", stop);
addEventListener("pagehide", stop);
follow("/api/stream", { cases: () => load().catch(tell), resync: () => load().catch(tell) }, (up) => { $("#link").hidden = up; });
bindHead(stop);
