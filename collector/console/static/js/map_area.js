// An area to choose cameras by: drawn with the pointer, written as coordinates, or named by the city.

import { $, h } from "./dom.js";
import { t } from "./locale.js";
import { areaOf, boundsOfArea, linesOf, rectangleOf } from "./map_geometry.js";

const CLOSES_PX = 12;

export class AreaTool {
  #map;
  #canvas;
  #onArea;
  #mode = null; // polygon, rectangle
  #corners = [];
  #form = $("#area-form");
  #said = $("#area-said");

  /** `onArea(area or null)` is called with what was chosen. */
  constructor(map, canvas, onArea) {
    this.#map = map;
    this.#canvas = canvas;
    this.#onArea = onArea;
    for (const mode of ["polygon", "rectangle"]) $(`#draw-${mode}`).addEventListener("click", () => this.#begin(mode));
    $("#draw-done").addEventListener("click", () => this.#finish());
    $("#area-clear").addEventListener("click", () => this.clear());
    map.on("mousemove", ({ latlng }) => { if (this.#mode) this.#sketch([latlng.lat, latlng.lng]); });
    map.on("dblclick", () => { if (this.#mode === "polygon") this.#finish(); });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#written();
    });
    $("#area-name").addEventListener("change", ({ target }) => {
      const area = this.named.find((one) => one.name === target.value);
      if (area) this.choose(area, true);
    });
  }

  named = [];

  /** The city's areas. */
  names(areas) {
    const chosen = $("#area-name").value;
    this.named = areas;
    $("#area-name").replaceChildren(h("option", { value: "" }, t("map.area_choose")),
      ...areas.map((one) => h("option", { value: one.name }, one.name)));
    $("#area-name").value = areas.some((one) => one.name === chosen) ? chosen : "";
    $("#area-named").hidden = areas.length === 0;
  }

  /** A press on the map; false when nothing is being drawn. */
  press(latlng) {
    if (!this.#mode) return false;
    const corner = [latlng.lat, latlng.lng];
    const first = this.#corners[0];
    if (this.#mode === "polygon" && this.#corners.length > 2
      && this.#map.latLngToContainerPoint(first).distanceTo(this.#map.latLngToContainerPoint(corner)) < CLOSES_PX) {
      this.#finish();
      return true;
    }
    this.#corners.push(corner);
    this.#sketch();
    if (this.#mode === "rectangle" && this.#corners.length === 2) this.#finish();
    return true;
  }

  /** Keys while something is drawn; false when nothing is. */
  key(name) {
    if (!this.#mode) return false;
    if (name === "Enter") this.#finish();
    if (name === "Escape") this.#end();
    return true;
  }

  choose(area, show = false) {
    this.#end();
    $("#area-lines").value = linesOf(area);
    $("#area-clear").hidden = false;
    this.#said.textContent = "";
    if (show) this.#map.fitBounds(boundsOfArea(area), { padding: [30, 30], maxZoom: 18 });
    this.#onArea(area);
  }

  clear() {
    this.#end();
    $("#area-lines").value = "";
    $("#area-name").value = "";
    $("#area-clear").hidden = true;
    this.#onArea(null);
  }

  #begin(mode) {
    if (this.#mode === mode) {
      this.#end();
      return;
    }
    this.#end();
    this.#mode = mode;
    this.#map.doubleClickZoom.disable();
    this.#map.getContainer().classList.add("drawing");
    $(`#draw-${mode}`).setAttribute("aria-pressed", "true");
    $("#draw-done").hidden = mode !== "polygon";
    this.#said.textContent = t(mode === "polygon" ? "map.draw_polygon" : "map.draw_rectangle");
  }

  #end() {
    this.#mode = null;
    this.#corners = [];
    this.#canvas.draft = null;
    this.#map.doubleClickZoom.enable();
    this.#map.getContainer().classList.remove("drawing");
    for (const mode of ["polygon", "rectangle"]) $(`#draw-${mode}`).setAttribute("aria-pressed", "false");
    $("#draw-done").hidden = true;
    this.#said.textContent = "";
    this.#canvas.redraw();
  }

  #sketch(pointer = null) {
    const corners = pointer ? [...this.#corners, pointer] : this.#corners;
    this.#canvas.draft = this.#mode === "rectangle" && corners.length === 2 ? rectangleOf(...corners).polygon : corners;
    this.#canvas.redraw();
  }

  #finish() {
    // The second press of a double one is a corner that lies on the last.
    const corners = this.#corners.filter((one, at) => at === 0
      || this.#map.latLngToContainerPoint(one).distanceTo(this.#map.latLngToContainerPoint(this.#corners[at - 1])) > 3);
    if (this.#mode === "rectangle" ? corners.length < 2 : corners.length < 3) {
      this.#said.textContent = t("map.draw_more");
      return;
    }
    this.choose(this.#mode === "rectangle" ? rectangleOf(...corners) : { polygon: corners });
  }

  #written() {
    try {
      this.choose(areaOf($("#area-lines").value), true);
    } catch (error) {
      this.#said.textContent = Number(error.message) ? t("map.area_wrong", { n: error.message }) : t("map.area_few");
    }
  }
}
