// Zones and lines over the picture, drawn and moved by mouse, finger and keys.

import { svg } from "./dom.js";
import { t } from "./locale.js";

const WIDE = 1000;
const STEP = 0.005;
const LARGE_STEP = 0.05;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const percent = (n) => `${Math.round(n * 1000) / 10} %`;

export class Canvas {
  selected = null; // {kind, id}
  box = null; // Of a finding: {x, y, w, h}.
  #element;
  #draft;
  #on;
  #high = 562.5;
  #drawing = null; // {kind, points, at}
  #dragged = null; // {kind, id, number, part}

  /** `on`: {select(kind, id), say(text)}. */
  constructor(element, draft, on) {
    this.#element = element;
    this.#draft = draft;
    this.#on = on;
    element.addEventListener("pointerdown", (event) => this.#down(event));
    element.addEventListener("pointermove", (event) => this.#moved(event));
    element.addEventListener("pointerup", () => this.#up());
    element.addEventListener("pointercancel", () => this.#up());
    element.addEventListener("dblclick", () => this.#finish());
    element.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Width over height of the picture. */
  shape(aspect) {
    this.#high = WIDE / aspect;
    this.#element.setAttribute("viewBox", `0 0 ${WIDE} ${this.#high}`);
    this.draw();
  }

  get drawing() {
    return this.#drawing !== null;
  }

  /** Begin a zone or a line: each press or space sets a point. */
  begin(kind) {
    this.#drawing = { kind, points: [], at: [0.5, 0.5] };
    this.selected = null;
    this.#on.say(t(kind === "zones" ? "rules.draw_zone" : "rules.draw_line"));
    this.draw();
    this.#element.focus();
  }

  draw() {
    const focused = document.activeElement?.dataset?.handle;
    const shapes = [
      ...this.#draft.zones.map((one) => this.#zone(one)),
      ...this.#draft.lines.map((one) => this.#line(one)),
      this.#boxed(), ...this.#sketch(),
    ];
    this.#element.replaceChildren(this.#arrowHead(), ...shapes.flat().filter(Boolean), ...this.#handles());
    if (focused) this.#element.querySelector(`[data-handle="${CSS.escape(focused)}"]`)?.focus();
  }

  focusPoint(number = 0) {
    this.#element.querySelectorAll("[data-handle]")[number]?.focus();
  }

  #xy = ([x, y]) => [x * WIDE, y * this.#high];
  #path = (points) => points.map((point) => this.#xy(point).map((n) => n.toFixed(1)).join(",")).join(" ");
  #is = (kind, id) => this.selected?.kind === kind && this.selected.id === id;

  #arrowHead() {
    return svg("defs", {}, svg("marker", { id: "head", viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 6, markerHeight: 6, orient: "auto-start-reverse" },
      svg("path", { d: "M0 0 10 5 0 10z", fill: "var(--box)" })));
  }

  #label(id, point) {
    const [x, y] = this.#xy(point);
    return svg("text", { x: Math.min(x + 8, WIDE - 90), y: Math.max(y - 8, 22), class: "label" }, id);
  }

  #zone(one) {
    const arrow = one.direction && svg("polyline", { points: this.#path(one.direction), class: "arrow", "marker-end": "url(#head)" });
    return [
      svg("polygon", { points: this.#path(one.polygon), class: this.#is("zones", one.id) ? "zone chosen" : "zone", "data-kind": "zones", "data-id": one.id }),
      arrow, one.polygon[0] && this.#label(one.id, one.polygon[0]),
    ];
  }

  /** With its direction: seen from its first point to its last it has a left and a right. */
  #line(one) {
    return [
      svg("polyline", { points: this.#path(one.points), class: this.#is("lines", one.id) ? "line chosen" : "line", "marker-end": "url(#head)", "data-kind": "lines", "data-id": one.id }),
      one.points[0] && this.#label(one.id, one.points[0]),
    ];
  }

  #boxed() {
    if (!this.box) return null;
    const { x, y, w, h } = this.box;
    return svg("rect", { x: x * WIDE, y: y * this.#high, width: w * WIDE, height: h * this.#high, class: "found-box" });
  }

  #sketch() {
    const drawn = this.#drawing;
    if (!drawn) return [];
    const [x, y] = this.#xy(drawn.at);
    return [
      svg("polyline", { points: this.#path([...drawn.points, drawn.at]), class: "sketch" }),
      ...drawn.points.map((point) => { const [cx, cy] = this.#xy(point); return svg("circle", { cx, cy, r: 6, class: "sketched" }); }),
      svg("path", { d: `M${x - 16} ${y}H${x + 16}M${x} ${y - 16}V${y + 16}`, class: "cross" }),
    ];
  }

  /** Points of what is chosen, each of which takes the keyboard. */
  #handles() {
    if (!this.selected || this.#drawing) return [];
    const { kind, id } = this.selected;
    const points = this.#draft.points(kind, id) ?? [];
    const arrow = kind === "zones" ? this.#draft.thing(kind, id)?.direction ?? [] : [];
    return [
      ...points.map((point, number) => this.#handle(point, number, points.length, "points")),
      ...arrow.map((point, number) => this.#handle(point, number, 2, "arrow")),
    ];
  }

  #handle(point, number, count, part) {
    const [cx, cy] = this.#xy(point);
    const said = { id: this.selected.id, n: number + 1, of: count, x: percent(point[0]), y: percent(point[1]) };
    const label = part === "arrow" ? t("rules.arrow_point", said) : t("rules.point", said);
    return svg("circle", { cx, cy, r: part === "arrow" ? 8 : 10, class: `handle ${part}`, tabindex: 0, role: "button", "aria-label": label, "data-handle": `${part}-${number}`, "data-number": number, "data-part": part });
  }

  #at(event) {
    const rect = this.#element.getBoundingClientRect();
    return [(event.clientX - rect.left) / rect.width, (event.clientY - rect.top) / rect.height];
  }

  #down(event) {
    if (event.button) return;
    if (this.#drawing) {
      this.#put(this.#at(event));
      return;
    }
    const { handle, number, part, kind, id } = event.target.dataset;
    if (handle) {
      this.#draft.note();
      this.#dragged = { ...this.selected, number: Number(number), part };
      this.#element.setPointerCapture(event.pointerId);
    } else if (kind) this.#on.select(kind, id);
  }

  #moved(event) {
    if (this.#drawing) {
      this.#drawing.at = this.#at(event);
      this.draw();
    } else if (this.#dragged) {
      const { kind, id, number, part } = this.#dragged;
      this.#draft.move(kind, id, number, this.#at(event), part);
    }
  }

  #up() {
    this.#dragged = null;
  }

  #put(point) {
    const { points } = this.#drawing;
    const last = points.at(-1);
    // The second press of a double one sets no second point.
    if (!last || Math.hypot(last[0] - point[0], last[1] - point[1]) > 0.002) points.push(point);
    this.#drawing.at = point;
    this.#on.say(t("rules.put", { n: points.length }));
    this.draw();
  }

  #finish() {
    const drawn = this.#drawing;
    if (!drawn) return;
    const least = drawn.kind === "zones" ? 3 : 2;
    if (drawn.points.length < least) {
      this.#on.say(t("rules.too_few", { n: drawn.points.length, least }));
      return;
    }
    this.#drawing = null;
    this.#on.say(t("rules.drawn"));
    this.#on.select(drawn.kind, this.#draft.addShape(drawn.kind, drawn.points));
    this.focusPoint();
  }

  #key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const used = this.#drawing ? this.#drawingKey(event) : event.target.dataset.handle && this.#pointKey(event);
    if (used) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  #moveBy(point, event) {
    const [dx, dy] = ARROWS[event.key];
    const step = event.shiftKey ? LARGE_STEP : STEP;
    return [Math.min(1, Math.max(0, point[0] + dx * step)), Math.min(1, Math.max(0, point[1] + dy * step))];
  }

  #drawingKey(event) {
    const drawn = this.#drawing;
    if (ARROWS[event.key]) {
      drawn.at = this.#moveBy(drawn.at, event);
      this.draw();
    } else if (event.key === " ") this.#put(drawn.at);
    else if (event.key === "Enter") this.#finish();
    else if (event.key === "Backspace") {
      drawn.points.pop();
      this.draw();
    } else if (event.key === "Escape") {
      this.#drawing = null;
      this.#on.say("");
      this.draw();
    } else return false;
    return true;
  }

  #pointKey(event) {
    const { kind, id } = this.selected;
    const number = Number(event.target.dataset.number);
    const part = event.target.dataset.part;
    const points = part === "arrow" ? this.#draft.thing(kind, id).direction : this.#draft.points(kind, id);
    if (ARROWS[event.key]) {
      if (!event.repeat) this.#draft.note();
      this.#draft.move(kind, id, number, this.#moveBy(points[number], event), part);
    } else if (part === "points" && (event.key === "Delete" || event.key === "Backspace")) {
      this.#draft.dropPoint(kind, id, number);
      this.focusPoint(Math.max(0, number - 1));
    } else if (part === "points" && (event.key === "Insert" || event.key === "+")) {
      this.#draft.insert(kind, id, number);
      this.focusPoint(number + 1);
    } else return false;
    return true;
  }
}
