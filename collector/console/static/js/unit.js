// A unit's phone: one case by the token behind the #, ranked anew as the unit moves.

import { OWN, Refusal } from "./api.js";
import { $, h, svg } from "./dom.js";
import { inLanguage, reasonsOf, t, when, word } from "./locale.js";
import { Session } from "./player.js";
import { inWords } from "./problems.js";

const EVERY_MS = 10_000;
const RUN_M_S = 3;
const SHOWN_M = 250;
const token = location.hash.slice(1);
const bearer = { Authorization: `Bearer ${token}`, [OWN[0]]: OWN[1] };
let shown = null;
let here = null;
let session = null;
let pictures = "";
let opened = false; // The link opens once; what it leaves here opens the case from then on.

async function ask(path, body) {
  const options = body
    ? { method: "POST", body: JSON.stringify(body), headers: { ...bearer, "Content-Type": "application/json" } }
    : { headers: bearer };
  const response = await fetch(path, { ...options, cache: "no-store" }).catch(() => null);
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

/** Metres east and south of the scene. */
function metres({ lat, lon }) {
  const north = (lat - shown.place.lat) * 111_195;
  const east = (lon - shown.place.lon) * 111_195 * Math.cos((shown.place.lat * Math.PI) / 180);
  return [east, -north];
}

function dot(at, kind, label) {
  const [x, y] = metres(at);
  if (Math.hypot(x, y) > SHOWN_M * 2) return null;
  return svg("g", {}, svg("circle", { class: kind, cx: x, cy: y, r: 7 }), label && svg("text", { x: x + 9, y: y + 5 }, label));
}

function drawMap() {
  $("#map").replaceChildren(...[
    ...shown.rings.map(({ minutes }) => svg("circle", { class: "ring", cx: 0, cy: 0, r: minutes * 60 * RUN_M_S })),
    ...shown.cameras.map((one) => dot(one, "camera", one.camera)),
    ...shown.notes.filter((one) => one.kind === "hydrant").map((one) => dot(one, "hydrant", one.text)),
    dot(shown.place, "scene", ""), here && dot(here, "here", ""),
  ].filter(Boolean));
}

const titleOf = ({ device, camera }) => {
  const known = shown.cameras.find((one) => one.device === device && one.camera === camera);
  return known ? inLanguage({ ko: known.title, en: known.title_en }) : camera;
};

function drawCameras(cameras) {
  $("#cameras").replaceChildren(...cameras.map((one) => h("li", {},
    h("b", {}, titleOf(one)), h("span", { class: "why" }, `${word("sees", one.sees)} · ${reasonsOf(one)}`),
    h("button", { type: "button", onclick: () => watch(one) }, t("cases.live")))));
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
  drawMap();
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

async function move(position) {
  here = position;
  const found = await (await ask("/api/unit/position", { lat: here.lat, lon: here.lon })).json();
  drawCameras(found.cameras);
  drawMap();
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
    if (error.status === 401) { stop(); clearInterval(timer); }
  }
  document.documentElement.dataset.ready = "";
}

$("#stop").addEventListener("click", stop);
$("#locate").addEventListener("click", () => navigator.geolocation.watchPosition(
  ({ coords }) => move({ lat: coords.latitude, lon: coords.longitude }).catch(tell), () => tell(new Refusal(0, { code: "console.no_position" }))));
addEventListener("pagehide", stop);
const timer = setInterval(load, EVERY_MS);
load();
