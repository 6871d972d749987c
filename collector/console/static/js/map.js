// The map's page: Leaflet moves, one canvas draws, the panel says the same in words.

import { getJson } from "./api.js";
import { $, h } from "./dom.js";
import { bindHead } from "./head.js";
import { bindKeys } from "./keys.js";
import { inLanguage, t, word } from "./locale.js";
import { AreaTool } from "./map_area.js";
import { CityCanvas } from "./map_canvas.js";
import { City } from "./map_city.js";
import { boundsOf, roundAbove } from "./map_geometry.js";
import { wordsOf } from "./map_others.js";
import { Panel } from "./map_panel.js";
import { PLAIN, pixelsOfMetre } from "./map_surface.js";
import { layTiles } from "./map_tiles.js";
import { follow } from "./stream.js";

const KOREA = [[33, 125], [39, 130]];
const NEAR = 18; // Zoom at which one camera is looked at.
const SCALE_PX = 140;
const AGE_EVERY_MS = 5_000; // How old a unit's position is goes on by itself.

const root = document.documentElement;
const city = new City();
const map = L.map("map", { ...PLAIN, minZoom: 7 }).fitBounds(KOREA);
const canvas = new CityCanvas(map, city);
const panel = new Panel(city, { show: (one) => look(one), shown: () => canvas.changed(), incident: lookAtIncident, unit: lookAt });
const areas = new AreaTool(map, canvas, (area) => {
  city.area = area;
  panel.drawArea();
  canvas.redraw();
});

function select(cameras) {
  const worth = cameras.find((one) => city.incidentsOf(one.key).length) ?? cameras[0];
  city.selected = worth.key;
  panel.drawCamera();
  canvas.redraw();
}

function look(one) {
  lookAt(one);
  select([one]);
}

function lookAt({ lat, lon }) {
  map.setView([lat, lon], Math.max(NEAR, map.getZoom()), { animate: false });
}

function choose(thing) {
  city.thing = thing;
  panel.drawThing();
  canvas.redraw();
}

function lookAtIncident(incident) {
  const camera = city.get(`${incident.device}/${incident.camera}`);
  if (camera) look(camera);
  else lookAt(incident.place);
}

map.on("click", ({ latlng, containerPoint }) => {
  if (areas.press(latlng)) return;
  const hit = canvas.under(containerPoint);
  if (hit?.incidents) lookAtIncident(hit.incidents[0]);
  else if (hit?.cameras) select(hit.cameras);
  else if (hit?.cluster) map.fitBounds(boundsOf(hit.cluster), { padding: [80, 80], maxZoom: NEAR });
  else if (hit?.things?.length > 1) map.fitBounds(boundsOf(hit.things), { padding: [80, 80], maxZoom: NEAR });
  else if (hit?.things) choose(hit.things[0]);
  else if (hit?.scene ?? hit?.unit) lookAt(hit.scene ?? hit.unit);
});

const hint = h("p", { class: "hint", "aria-hidden": "true", hidden: true });
$("#map").append(hint);
map.on("mousemove", ({ containerPoint }) => {
  const hit = canvas.under(containerPoint);
  $("#map").classList.toggle("over", Boolean(hit));
  const text = hit?.cameras ? hit.cameras.map((one) => `${inLanguage(one.title)} · ${word("camera", one.state)}`).join("\n")
    : hit?.incidents ? hit.incidents.map((one) => `${word("type", one.type)} · ${inLanguage(one.camera_title)}`).join("\n")
    : hit?.things ? hit.things.map((one) => `${inLanguage(one.title)} · ${word("camera", one.state)}`).join("\n")
    : hit?.unit ? [hit.unit.unit, ...wordsOf(hit.unit)].join(" · ") : "";
  hint.hidden = !text;
  hint.textContent = text;
  hint.style.transform = `translate(${containerPoint.x + 16}px, ${containerPoint.y + 12}px)`;
});
map.on("mouseout movestart", () => { hint.hidden = true; });

function drawScale() {
  const { lat } = map.getCenter();
  const pixels = pixelsOfMetre(map.getZoom(), lat);
  const metres = roundAbove(SCALE_PX / 2 / pixels);
  $("#scale").style.width = `${metres * pixels}px`;
  $("#scale").textContent = metres >= 1000 ? t("map.km", { n: metres / 1000 }) : t("map.m", { n: metres });
}
map.on("zoomend moveend", drawScale);
$("#zoom-in").addEventListener("click", () => map.zoomIn());
$("#zoom-out").addEventListener("click", () => map.zoomOut());
$("#whole").addEventListener("click", showAll);
$("#thing-close").addEventListener("click", () => choose(null));
$("#camera-close").addEventListener("click", () => { city.selected = null; panel.drawCamera(); canvas.redraw(); });

function showAll() {
  const bounds = boundsOf(city.cameras);
  if (bounds) map.fitBounds(bounds, { padding: [40, 40], maxZoom: NEAR });
}

function lay(tiles) {
  canvas.tiled = Boolean(tiles);
  if (!tiles) return;
  // A tile server that is away leaves the plain ground.
  layTiles(map, tiles, () => { canvas.tiled = false; canvas.redraw(); });
  $("#attribution").textContent = tiles.attribution;
}

let first = true;
const told = []; // What the stream said while an answer of before was on its way.

async function load() {
  told.length = 0;
  const found = await getJson("/api/map");
  city.replace(found);
  for (const act of told.splice(0)) act();
  $("#only-own").hidden = city.everyCamera;
  areas.names(city.areas);
  panel.draw();
  canvas.changed();
  if (!first) return;
  first = false;
  lay(found.tiles);
  const asked = new URLSearchParams(location.search).get("camera");
  if (city.get(asked)) look(city.get(asked));
  else showAll();
  root.dataset.readyMs = Math.round(performance.now());
  root.dataset.ready = "";
  if (found.tiles) return;
  canvas.ground = await getJson("/api/map/ground");
  canvas.redraw();
}

let loading = null;
let stale = false;

/** One reading at a time; what was asked for meanwhile is one more after it. */
async function again() {
  stale = true;
  loading ??= (async () => {
    while (stale) {
      stale = false;
      await load().catch((error) => console.warn("load failed", error.message));
    }
    loading = null;
  })();
}

follow("/api/stream?units=true", {
  incident: (incident) => {
    // Which cameras an officer sees follows from the incidents that he sees.
    if (!city.knows(incident)) return again();
    if (loading) told.push(() => city.came(incident));
    if (city.came(incident)) $("#announce").textContent = t("queue.announce", { type: word("type", incident.type), camera: inLanguage(incident.camera_title) });
    panel.drawIncidents();
    canvas.redraw();
  },
  cameras: ({ cameras }) => {
    if (loading) told.push(() => city.put(cameras));
    city.put(cameras);
    panel.draw();
    canvas.changed();
  },
  units: (units) => {
    if (loading) told.push(() => city.units.replace(units));
    city.units.replace(units);
    panel.drawUnits();
    canvas.redraw();
  },
  things: again,
  cases: again,
  resync: again,
}, (up) => { $("#link").hidden = up; });

bindKeys({
  Enter: (event) => (event.target.closest?.("#panel, .top") ? false : areas.key("Enter")),
  Escape: () => areas.key("Escape"),
  "/": () => $("#find").focus(),
});
bindHead();
drawScale();
setInterval(() => { panel.drawUnits(); canvas.redraw(); }, AGE_EVERY_MS);
// At once, beside the stream; what changes until that stands is read again on its first word.
again();
