// The way of one vehicle on the city's map: places in the order of its sightings, and how it went between.

import { h } from "./dom.js";
import { clock, inLanguage, t } from "./locale.js";
import { boundsOf } from "./map_geometry.js";
import { MapSurface, PLAIN } from "./map_surface.js";
import { wordsAt } from "./map_symbols.js";
import { layTiles } from "./map_tiles.js";

const NEAR = 17;
const EDGE = [44, 30]; // Pixels round the way.
const RADIUS = 11;
const ARROW = 7;

/** Sightings at one place stand together; `numbers` are theirs on the way. */
export function stations(sightings) {
  const found = new Map();
  sightings.forEach((one, at) => {
    if (one.lat === null || one.lon === null) return;
    const key = `${one.lat},${one.lon}`;
    const known = found.get(key) ?? { ...one, numbers: [] };
    known.numbers.push(at + 1);
    found.set(key, known);
  });
  return [...found.values()];
}

/** Between sightings that follow each other at different places. */
export function legs(sightings) {
  const placed = sightings.filter((one) => one.lat !== null && one.lon !== null);
  return placed.slice(1)
    .map((one, at) => ({ from: placed[at], to: one, plausible: one.plausible }))
    .filter(({ from, to }) => from.lat !== to.lat || from.lon !== to.lon);
}

const numbered = (numbers) => (numbers.length > 3 ? `${numbers[0]}…${numbers.at(-1)}` : numbers.join("·"));

class RouteSurface extends MapSurface {
  stations = [];
  legs = [];

  draw(screen) {
    for (const one of this.legs) this.#leg(screen, one);
    const taken = [];
    for (const one of this.stations) this.#station(screen, one, taken);
  }

  #leg({ ctx, colours, of }, { from, to, plausible }) {
    const [a, b] = [of(from.lat, from.lon), of(to.lat, to.lon)];
    const colour = plausible ? colours.accent : colours.camera.down;
    ctx.strokeStyle = ctx.fillStyle = colour;
    ctx.lineWidth = 4;
    ctx.setLineDash(plausible ? [] : [8, 6]);
    ctx.beginPath();
    ctx.moveTo(...a);
    ctx.lineTo(...b);
    ctx.stroke();
    ctx.setLineDash([]);
    const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
    const long = Math.hypot(dx, dy);
    if (long < 4 * RADIUS) return;
    const [ux, uy] = [dx / long, dy / long];
    const [x, y] = [a[0] + dx / 2 + ux * ARROW, a[1] + dy / 2 + uy * ARROW];
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(x - 2 * ARROW * ux + ARROW * uy, y - 2 * ARROW * uy - ARROW * ux);
    ctx.lineTo(x - 2 * ARROW * ux - ARROW * uy, y - 2 * ARROW * uy + ARROW * ux);
    ctx.closePath();
    ctx.fill();
  }

  #station({ ctx, colours, of }, one, taken) {
    const [x, y] = of(one.lat, one.lon);
    const number = numbered(one.numbers);
    ctx.font = `700 13px ${colours.font}`;
    const wide = Math.max(RADIUS, ctx.measureText(number).width / 2 + 6);
    ctx.beginPath();
    ctx.roundRect(x - wide, y - RADIUS, 2 * wide, 2 * RADIUS, RADIUS);
    ctx.fillStyle = colours.accent;
    ctx.strokeStyle = colours.surface;
    ctx.lineWidth = 3;
    ctx.stroke();
    ctx.fill();
    ctx.fillStyle = colours.onAccent;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillText(number, x, y + 0.5);
    const title = `${inLanguage({ ko: one.title, en: one.title_en })} ${clock(new Date(one.at))}`;
    const half = ctx.measureText(title).width / 2;
    const box = [x - half, y + RADIUS + 3, x + half, y + RADIUS + 19];
    if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) return;
    taken.push(box);
    wordsAt(ctx, colours, title, x, y + RADIUS + 12, { size: 13 });
  }
}

/** `element` stands where the map is to be; Leaflet begins once that is in sight. */
export class RouteMap {
  #ground;
  #surface = null;
  #sightings = [];
  #held = false; // Somebody moved it: what comes does not move it again.
  #place = h("div", { class: "place", role: "application", "aria-label": t("vehicles.map") });
  #attribution = h("span", { class: "attribution" });
  #seen = new IntersectionObserver(([first]) => { if (first.isIntersecting) this.#begin(); });
  element = h("div", { class: "way-map" }, this.#place,
    h("div", { class: "zoom" },
      h("button", { type: "button", "aria-label": t("map.zoom_in"), onclick: () => this.#zoom(1) }, "+"),
      h("button", { type: "button", "aria-label": t("map.zoom_out"), onclick: () => this.#zoom(-1) }, "−")),
    this.#attribution);

  /** `ground`: {tiles, streets()} of the city. */
  constructor(ground) {
    this.#ground = ground;
    this.#seen.observe(this.element);
  }

  show(sightings) {
    this.#sightings = sightings;
    this.element.hidden = stations(sightings).length === 0;
    if (this.#surface) this.#draw();
  }

  remove() {
    this.#seen.disconnect();
    this.#surface?.end();
    this.element.remove();
  }

  #zoom(steps) {
    this.#held = true;
    this.#surface?.map.setZoom(this.#surface.map.getZoom() + steps);
  }

  #begin() {
    this.#seen.disconnect();
    // A finger scrolls the page past it, and a wheel too.
    const dragging = matchMedia("(pointer: fine)").matches;
    const map = L.map(this.#place, { ...PLAIN, scrollWheelZoom: false, dragging });
    map.on("dragstart", () => { this.#held = true; });
    map.setView([0, 0], NEAR);
    this.#surface = new RouteSurface(map);
    this.#draw();
    this.#lay();
  }

  #draw() {
    const surface = this.#surface;
    surface.stations = stations(this.#sightings);
    surface.legs = legs(this.#sightings);
    if (!this.#held) surface.map.fitBounds(boundsOf(surface.stations), { padding: EDGE, maxZoom: NEAR });
    surface.redraw();
  }

  #lay() {
    const surface = this.#surface;
    const { tiles, streets } = this.#ground;
    surface.tiled = Boolean(tiles);
    if (tiles) {
      // A tile server that is away leaves the plain ground.
      layTiles(surface.map, tiles, () => { surface.tiled = false; surface.redraw(); });
      this.#attribution.textContent = tiles.attribution;
      return;
    }
    streets().then((ground) => {
      surface.ground = ground;
      surface.redraw();
    }).catch((error) => console.warn("no streets", error.message));
  }
}
