// A unit's phone: one case by the token behind the #, ranked anew as the unit moves.

import { OWN, Refusal } from "./api.js";
import { $, h } from "./dom.js";
import { inLanguage, reasonsOf, t, when, word } from "./locale.js";
import { Session } from "./player.js";
import { inWords } from "./problems.js";
import { UnitMap } from "./unit_map.js";

const EVERY_MS = 10_000;
const TOLD_MS = 5_000; // How often the room hears where the phone is.
const LEAST_MS = 2_000; // Between two times; the room takes one a second.
const token = location.hash.slice(1);
const bearer = { Authorization: `Bearer ${token}`, [OWN[0]]: OWN[1] };
let shown = null;
let here = null; // Where the phone is, once the officer lets it be told.
let watching = null;
let telling = null;
let mayTellAt = 0;
let session = null;
let pictures = "";
let opened = false; // The link opens once; what it leaves here opens the case from then on.

const map = new UnitMap((camera) => {
  const row = document.getElementById(idOf(camera));
  row?.scrollIntoView({ block: "center" });
  $("button", row)?.focus({ preventScroll: true });
});

async function ask(path, body, more = {}) {
  const options = body
    ? { method: "POST", body: JSON.stringify(body), headers: { ...bearer, "Content-Type": "application/json" } }
    : { headers: bearer };
  const response = await fetch(path, { ...options, cache: "no-store", ...more }).catch(() => null);
  if (!response) throw new Refusal(0, { code: "console.unreachable" });
  if (!response.ok) throw new Refusal(response.status, await response.json().catch(() => ({})));
  return response;
}

function tell(error) {
  const problem = $("#problem");
  problem.hidden = !error;
  if (error) {
    const { title, remedy, code } = inWords(error);
    problem.textContent = [title, remedy, code].filter(Boolean).join(" · ");
  }
}

const idOf = ({ device, camera }) => `camera-${device}-${camera}`;
const titleOf = ({ device, camera }) => {
  const known = shown.cameras.find((one) => one.device === device && one.camera === camera);
  return known ? inLanguage({ ko: known.title, en: known.title_en }) : camera;
};

function drawCameras(cameras) {
  $("#cameras").replaceChildren(...cameras.map((one, n) => h("li", { id: idOf(one), class: one.live ? "" : "away" },
    h("span", { class: "number", "aria-hidden": "true" }, n + 1),
    h("div", {}, h("b", {}, titleOf(one)), h("span", { class: "why" }, `${word("sees", one.sees)} · ${reasonsOf(one)}`)),
    h("button", { type: "button", onclick: () => watch(one) }, t("cases.live")))));
  map.number(cameras, titleOf);
}

function draw() {
  $("#case").textContent = `${shown.case} · ${shown.unit}`;
  $("#told").textContent = [inLanguage(shown.text), shown.address, t("unit.until", { at: when(shown.expires_at) })].filter(Boolean).join(" · ");
  if (!here) drawCameras(shown.cameras);
  $("#rings").replaceChildren(...shown.rings.filter((ring) => ring.cameras.length).map((ring) => h("li", {},
    h("b", {}, t("unit.ring", { n: ring.minutes })),
    ring.cameras.map((one) => h("span", {}, `${titleOf(one)} · ${Math.round(one.distance_m)} m · ${when(one.from)}–${when(one.to)}`)))));
  $("#notes-part").hidden = !shown.notes.length;
  $("#notes").replaceChildren(...shown.notes.map((one) => h("li", {},
    `${word("note", one.kind)} ${one.text} · ${Math.round(one.distance_m)} m · ${Math.round(one.direction_deg)}°${one.width_m ? ` · ${t("unit.width", { n: one.width_m })}` : ""}`)));
  map.show(shown);
}

async function drawStills() {
  if (pictures === shown.stills.join()) return;
  pictures = shown.stills.join();
  const blobs = await Promise.all(shown.stills.map(async (url) => (await ask(url)).blob()));
  const urls = await Promise.all(blobs.map((blob) => new Promise((resolve) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result));
    reader.readAsDataURL(blob);
  })));
  $("#stills").replaceChildren(...urls.map((src) => h("img", { src, alt: t("unit.still") })));
}

/** Tell the room where the phone is, as long as the officer lets it. */
async function move() {
  if (!here || performance.now() < mayTellAt) return;
  mayTellAt = performance.now() + LEAST_MS;
  try {
    drawCameras((await (await ask("/api/unit/position", here)).json()).cameras);
    tell(null);
  } catch (error) {
    tell(error);
    if (error.status === 401) stay();
  }
}

function locate() {
  if (watching !== null) return stay();
  if (!navigator.geolocation) return tell(new Refusal(0, { code: "console.no_position" }));
  watching = navigator.geolocation.watchPosition(({ coords }) => {
    const first = here === null;
    here = { lat: coords.latitude, lon: coords.longitude, accuracy_m: Math.min(2000, Math.round(coords.accuracy)) };
    map.stand(here);
    if (!first) return;
    move();
    telling = setInterval(move, TOLD_MS);
  }, () => { stay(); tell(new Refusal(0, { code: "console.no_position" })); }, { enableHighAccuracy: true, maximumAge: TOLD_MS });
  drawLocate();
}

/** It is told no more, and the room forgets it. */
function stay() {
  if (watching === null) return;
  navigator.geolocation.clearWatch(watching);
  clearInterval(telling);
  watching = null;
  here = null;
  map.stand(null);
  drawLocate();
  if (shown) drawCameras(shown.cameras);
  ask("/api/unit/position", null, { method: "DELETE", keepalive: true }).catch(() => {});
}

function drawLocate() {
  $("#locate").setAttribute("aria-pressed", String(watching !== null));
  $("#locate").textContent = t(watching === null ? "unit.locate" : "unit.locate_stop");
  $("#located").textContent = t(watching === null ? "unit.locate_note" : "unit.located");
}

async function watch(camera) {
  stop();
  $("#stage").hidden = false;
  const grants = async (wanted) => (await ask("/api/unit/grants", wanted)).json();
  const mine = new Session($("#stage video"), (error) => { if (session === mine) stop(); if (error) tell(error); }, grants);
  session = mine;
  try {
    const { firstFrameMs } = await mine.open({ device: camera.device, camera: camera.camera, live: true, case: shown.case, basis: shown.basis, purpose: shown.purpose });
    $("#stage").dataset.firstFrameMs = firstFrameMs;
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

async function load() {
  try {
    if (!opened) await ask("/api/unit/opening", {});
    opened = true;
    shown = await (await ask("/api/unit")).json();
    draw();
    tell(null);
    await drawStills();
  } catch (error) {
    tell(error);
    if (error.status === 401) { stop(); stay(); clearInterval(timer); }
  }
  document.documentElement.dataset.ready = "";
}

$("#stop").addEventListener("click", stop);
$("#locate").addEventListener("click", locate);
$("#zoom-in").addEventListener("click", () => map.zoom(1));
$("#zoom-out").addEventListener("click", () => map.zoom(-1));
addEventListener("pagehide", () => { stop(); stay(); });
drawLocate();
const timer = setInterval(load, EVERY_MS);
load();
