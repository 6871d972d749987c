// A canvas over a Leaflet map's panes, drawn anew when the map moves, its size changes or the theme.

import { h } from "./dom.js";
import { drawGrid, drawStreets } from "./map_ground.js";
import { palette } from "./map_symbols.js";

const EARTH_M = 40_075_017; // Around the equator.

/** Options of every map here: nothing glides, and the pages have their own buttons. */
export const PLAIN = {
  zoomControl: false, attributionControl: false, zoomAnimation: false, fadeAnimation: false,
  markerZoomAnimation: false, maxZoom: 21, zoomSnap: 0.5,
};

/** Pixels of a metre at a latitude. */
export const pixelsOfMetre = (zoom, lat) => (256 * 2 ** zoom) / (EARTH_M * Math.cos((lat * Math.PI) / 180));

export class MapSurface {
  map;
  ground = { streets: [], hydrants: [], hazards: [] };
  tiled = false;
  colours = palette();
  #canvas = h("canvas", { class: "city", "aria-hidden": "true" });
  #asked = 0;
  #over = new AbortController();

  constructor(map) {
    this.map = map;
    map.getPane("overlayPane").append(this.#canvas);
    map.on("move zoom viewreset resize", () => this.redraw());
    const anew = () => { this.colours = palette(); this.redraw(); };
    const { signal } = this.#over;
    const theme = new MutationObserver(anew);
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    signal.addEventListener("abort", () => theme.disconnect());
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", anew, { signal });
    document.fonts?.ready.then(anew);
  }

  /** What stands on the ground, on a `screen` of this moment. */
  draw(screen) { throw new Error(`not drawn at zoom ${screen.zoom}`); }

  /** Once, before the next picture of the screen. */
  redraw() {
    if (this.#over.signal.aborted) return;
    this.#asked ||= requestAnimationFrame(() => {
      this.#asked = 0;
      if (!this.#over.signal.aborted) this.#drawAll();
    });
  }

  /** The map is gone. */
  end() {
    this.#over.abort();
    this.map.remove();
  }

  pixels(metres, lat) {
    return metres * pixelsOfMetre(this.map.getZoom(), lat);
  }

  project(lat, lon) {
    return this.map.project([lat, lon], this.map.getZoom());
  }

  #drawAll() {
    const map = this.map;
    const { x: width, y: height } = map.getSize();
    const ratio = window.devicePixelRatio || 1;
    if (this.#canvas.width !== Math.round(width * ratio) || this.#canvas.height !== Math.round(height * ratio)) {
      this.#canvas.width = Math.round(width * ratio);
      this.#canvas.height = Math.round(height * ratio);
      this.#canvas.style.width = `${width}px`;
      this.#canvas.style.height = `${height}px`;
    }
    L.DomUtil.setPosition(this.#canvas, map.containerPointToLayerPoint([0, 0]));
    const ctx = this.#canvas.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    const corner = map.getPixelBounds().min;
    const screen = {
      ctx, width, height, corner, colours: this.colours, zoom: map.getZoom(),
      of: (lat, lon) => { const { x, y } = this.project(lat, lon); return [x - corner.x, y - corner.y]; },
      pixels: (metres, lat) => this.pixels(metres, lat),
    };
    if (!this.tiled) {
      drawGrid(screen, map.getCenter());
      drawStreets(screen, this.ground, map.getBounds());
    }
    this.draw(screen);
  }
}
