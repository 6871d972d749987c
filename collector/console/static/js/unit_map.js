// The map on a unit's phone: scene, the case's cameras with what they see, and where the phone is.

import { h, svg } from "./dom.js";
import { boundsOf } from "./map_geometry.js";
import { PLAIN } from "./map_surface.js";
import { layTiles } from "./map_tiles.js";

const RUN_M_S = 3;
const METRES_A_DEGREE = 111_195;
const WEDGE_STEP_DEG = 10;
const NEAR = 18;
const FIRST = 8; // Cameras that the first view holds beside the scene.

const sign = (kind, size, ...inside) => L.divIcon({
  className: `sign ${kind}`, iconSize: [size, size], html: h("span", {}, ...inside),
});
const at = ({ lat, lon }) => [lat, lon];

/** Corners of what a camera sees, on flat ground. */
function wedge({ lat, lon, bearing_deg: bearing, fov_deg: fov, range_m: reach }) {
  const whole = fov >= 360;
  const along = (degrees) => {
    const angle = (degrees * Math.PI) / 180;
    return [lat + (reach * Math.cos(angle)) / METRES_A_DEGREE,
      lon + (reach * Math.sin(angle)) / (METRES_A_DEGREE * Math.cos((lat * Math.PI) / 180))];
  };
  const steps = Math.max(2, Math.ceil(fov / WEDGE_STEP_DEG));
  const first = whole ? 0 : bearing - fov / 2;
  const arc = Array.from({ length: steps + 1 }, (_, n) => along(first + (fov * n) / steps));
  return whole ? arc : [[lat, lon], ...arc];
}

export class UnitMap {
  #map;
  #ground = L.layerGroup();
  #case = L.layerGroup();
  #numbers = L.layerGroup();
  #here = L.layerGroup();
  #drawn = "";

  /** `onCamera(camera)` is called when somebody presses a camera's number. */
  constructor(onCamera) {
    this.onCamera = onCamera;
    this.#map = L.map("map", PLAIN);
    for (const layer of [this.#ground, this.#case, this.#numbers, this.#here]) layer.addTo(this.#map);
  }

  zoom(steps) {
    this.#map.setZoom(this.#map.getZoom() + steps);
  }

  /** The case as `/api/unit` tells it; the view is set the first time and when the scene moves. */
  show(one) {
    const key = JSON.stringify([one.place, one.cameras.map(({ device, camera }) => [device, camera])]);
    if (this.#drawn === key) return;
    const first = !this.#drawn;
    this.#drawn = key;
    this.#map.fitBounds(boundsOf([one.place, ...one.cameras.slice(0, FIRST)]), { padding: [34, 34], maxZoom: NEAR });
    if (first) this.#lay(one);
    this.#case.clearLayers();
    for (const { minutes } of one.rings) L.circle(at(one.place), { radius: minutes * 60 * RUN_M_S, className: "ring", interactive: false }).addTo(this.#case);
    if (one.place.accuracy_m > 0) L.circle(at(one.place), { radius: one.place.accuracy_m, className: "within", interactive: false }).addTo(this.#case);
    for (const camera of one.cameras) {
      if (camera.range_m && (camera.bearing_deg !== null || camera.fov_deg >= 360)) L.polygon(wedge(camera), { className: "wedge", interactive: false }).addTo(this.#case);
    }
    for (const note of one.notes.filter(({ kind }) => kind !== "street")) {
      L.marker(at(note), { icon: sign(note.kind, 16), interactive: false, keyboard: false }).addTo(this.#case)
        .bindTooltip(h("span", {}, note.text), { permanent: true, direction: "right", offset: [6, 0], className: "noted" });
    }
    const diamond = svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("path", { d: "M12 1 23 12 12 23 1 12z" }), svg("circle", { cx: 12, cy: 12, r: 4 }));
    L.marker(at(one.place), { icon: sign("scene", 30, diamond), interactive: false, keyboard: false, zIndexOffset: 500 }).addTo(this.#case);
  }

  /** Cameras numbered in the order of the list below. */
  number(cameras, titleOf) {
    this.#numbers.clearLayers();
    cameras.forEach((camera, n) => {
      const marker = L.marker(at(camera), { icon: sign(camera.live ? "camera" : "camera away", 28, String(n + 1)), keyboard: false, alt: titleOf(camera), zIndexOffset: 400 - n });
      marker.on("click", () => this.onCamera(camera)).addTo(this.#numbers);
    });
  }

  /** Where the phone is; null: it is not told. */
  stand(here) {
    this.#here.clearLayers();
    if (!here) return;
    L.circle(at(here), { radius: here.accuracy_m, className: "within-here", interactive: false }).addTo(this.#here);
    L.marker(at(here), { icon: sign("here", 22), interactive: false, keyboard: false, zIndexOffset: 600 }).addTo(this.#here);
  }

  #lay({ tiles, streets }) {
    if (tiles) {
      layTiles(this.#map, tiles, () => this.#streets(streets));
      document.querySelector("#attribution").textContent = tiles.attribution;
    } else this.#streets(streets);
  }

  /** Without tiles, or with their server away: streets in about their width. */
  #streets(streets) {
    if (this.#ground.getLayers().length) return;
    for (const [width, name, line] of streets) {
      const street = L.polyline(line, { className: "street", weight: Math.min(22, Math.max(3, width / 1.5)), interactive: false }).addTo(this.#ground);
      if (name) street.bindTooltip(h("span", {}, name), { permanent: true, direction: "center", className: "street-name" });
    }
  }
}
