// The wall: up to nine cameras under one statement of reasons, each view with its own grant and entry.

import { getJson } from "./api.js";
import { $, h } from "./dom.js";
import { bindHead } from "./head.js";
import { bindKeys } from "./keys.js";
import { inLanguage, t } from "./locale.js";
import { follow } from "./stream.js";
import { Tile } from "./wall_tile.js";

const MOST = 9;
const root = document.documentElement;
const asked = new URLSearchParams(location.search);
const known = new Map(); // Cameras by device/camera.
const tiles = [];
let wanted = (asked.get("cameras") ?? "").split(",").filter(Boolean).slice(0, MOST);
let reasons = null;
let large = null;

const keyOf = (one) => `${one.device}/${one.camera}`;
const titleOf = (one) => inLanguage({ ko: one.title, en: one.title_en });

for (const name of ["case", "purpose", "basis"]) {
  const field = $(`#ask [name=${name}]`);
  const given = asked.get(name);
  if (given && (name !== "basis" || [...field.options].some((one) => one.value === given))) field.value = given;
}
remember();

/** The address holds the cameras, so that it can be kept; reasons are given anew each time. */
function remember() {
  history.replaceState(null, "", wanted.length ? `/wall?cameras=${wanted.join(",")}` : "/wall");
}

function draw() {
  tiles.forEach((tile, at) => tile.place(at + 1));
  const wall = $("#wall");
  wall.dataset.count = tiles.length;
  wall.dataset.large = large ? "yes" : "no";
  $("#empty").hidden = tiles.length > 0;
  $("#again").hidden = !reasons || tiles.length === 0;
  $("#add").hidden = tiles.length >= MOST;
  $("#open").disabled = tiles.length === 0;
  $("#count").textContent = t("wall.count", { n: tiles.length, most: MOST });
  for (const tile of tiles) {
    tile.element.classList.toggle("large", tile === large);
    $(".large-switch", tile.element).setAttribute("aria-pressed", String(tile === large));
  }
}

function put(key) {
  const camera = known.get(key);
  if (!camera || tiles.length >= MOST || tiles.some((one) => keyOf(one.camera) === key)) return null;
  const tile = new Tile(camera, { large: enlarge, remove });
  tiles.push(tile);
  $("#wall").append(tile.element);
  return tile;
}

function remove(tile) {
  tile.close();
  tile.element.remove();
  tiles.splice(tiles.indexOf(tile), 1);
  if (large === tile) large = null;
  wanted = tiles.map((one) => keyOf(one.camera));
  remember();
  draw();
  ($(".remove", tiles[0]?.element) ?? $("#add-name")).focus();
}

function enlarge(tile) {
  const before = large;
  large = large === tile ? null : tile;
  before?.stream("sub");
  large?.stream("main");
  draw();
}

async function load() {
  const { cameras } = await getJson("/api/cameras");
  known.clear();
  for (const one of cameras) known.set(keyOf(one), one);
  for (const tile of tiles) tile.learn(known.get(keyOf(tile.camera)) ?? tile.camera);
  if ("ready" in root.dataset) return;
  const unknown = wanted.filter((key) => !put(key));
  $("#said").textContent = unknown.length ? t("wall.unknown", { names: unknown.join(", ") }) : "";
  $("#names").replaceChildren(...cameras.map((one) => h("option", { value: titleOf(one) }, keyOf(one))));
  draw();
  if (tiles.length) $("#ask-dialog").showModal();
  root.dataset.readyMs = Math.round(performance.now());
  root.dataset.ready = "";
}

$("#add").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = $("#add-name").value.trim();
  const found = [...known.values()].find((one) => [titleOf(one), keyOf(one)].includes(name));
  const tile = found && put(keyOf(found));
  $("#said").textContent = tile ? "" : t(found ? "wall.twice" : "wall.no_such", { name });
  if (!tile) return;
  $("#add-name").value = "";
  wanted.push(keyOf(found));
  remember();
  draw();
  if (reasons) tile.open(reasons);
});

$("#ask").addEventListener("submit", (event) => {
  event.preventDefault();
  reasons = Object.fromEntries(new FormData($("#ask")));
  $("#ask-dialog").close();
  $("#case").textContent = t("wall.for_case", { case: reasons.case });
  for (const tile of tiles) tile.open(reasons);
  draw();
});
$("#open").addEventListener("click", () => $("#ask-dialog").showModal());
$("#cancel").addEventListener("click", () => $("#ask-dialog").close());
$("#again").addEventListener("click", () => {
  for (const tile of tiles) if (tile.state === "told") tile.open(reasons);
});

const full = () => (document.fullscreenElement ? document.exitFullscreen() : $("#wall").requestFullscreen().catch((error) => { $("#said").textContent = error.message; }));
$("#full").addEventListener("click", full);

const numbers = Object.fromEntries(Array.from({ length: MOST }, (_, at) => [String(at + 1), () => {
  if (!tiles[at]) return false;
  return enlarge(tiles[at]);
}]));
bindKeys({
  ...numbers,
  0: () => { if (large) enlarge(large); },
  Escape: () => { if (large && !document.fullscreenElement) enlarge(large); },
  f: full,
});

const stop = () => { for (const tile of tiles) tile.close(); };
follow("/api/stream", {
  cameras: ({ cameras }) => {
    for (const one of cameras) {
      known.set(keyOf(one), one);
      tiles.find((tile) => keyOf(tile.camera) === keyOf(one))?.learn(one);
    }
  },
  resync: () => load().catch((error) => console.warn("load failed", error.message)),
}, (up) => { $("#link").hidden = up; });
addEventListener("pagehide", stop);
bindHead(stop);
