// The scrub bar: what is recorded, what is held, what happened, and where we are in it.

import { h, svg } from "./dom.js";
import { clock, t, when } from "./locale.js";

const WIDTH = 1000; // Units of the drawing; it stretches to the page.
const HEIGHT = 30;
const STEP_S = 10;
const FAR_S = 60;

export class Bar {
  #from = 0;
  #to = 1;
  #at = null;
  #onSeek;
  #drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  #marks = svg("g", {});
  #head = svg("rect", { class: "head", y: 0, width: 3, height: HEIGHT, visibility: "hidden" });
  #slider = h("div", { class: "track", role: "slider", tabindex: 0, "aria-label": t("bar.label") }, this.#drawing);
  #start = h("time", {});
  #end = h("time", {});
  #pointed = h("output", { class: "pointed", "aria-hidden": "true" });
  element = h("div", { class: "bar-line" }, this.#start, this.#slider, this.#end, this.#pointed);

  /** `onSeek(ms)` is called with a wall time that somebody chose. */
  constructor(onSeek) {
    this.#onSeek = onSeek;
    this.#drawing.append(this.#marks, this.#head);
    this.#slider.addEventListener("click", (event) => this.#onSeek(this.#under(event)));
    this.#slider.addEventListener("pointermove", (event) => { this.#pointed.textContent = clock(this.#under(event)); });
    this.#slider.addEventListener("pointerleave", () => { this.#pointed.textContent = ""; });
    this.#slider.addEventListener("keydown", (event) => this.#key(event));
  }

  /** The bar from `from` to `to` (ms). `known`: {spans, held, events, granted}, each of {from, to}. */
  draw(from, to, known) {
    [this.#from, this.#to] = [from, to];
    const parts = [];
    const put = (kind, list, y, height) => {
      for (const one of list ?? []) {
        const left = this.#x(one.from);
        parts.push(svg("rect", { class: kind, x: left, y, width: Math.max(2, this.#x(one.to) - left), height }));
      }
    };
    put("granted", known.granted, 0, HEIGHT);
    put("recorded", known.spans, 10, 12);
    put("held", known.held, 24, 4);
    for (const one of known.events ?? []) {
      const mark = svg("rect", { class: `event ${one.severity}`, x: this.#x(one.at) - 2, y: 2, width: 4, height: 20 });
      mark.append(svg("title", {}, `${when(one.at)} ${one.title}`));
      parts.push(mark);
    }
    this.#marks.replaceChildren(...parts);
    this.#start.textContent = clock(from);
    this.#end.textContent = clock(to);
    this.#slider.setAttribute("aria-valuemin", Math.round(from / 1000));
    this.#slider.setAttribute("aria-valuemax", Math.round(to / 1000));
    this.move(this.#at);
  }

  /** Where the picture is, in ms; null when it is nowhere on the bar. */
  move(at) {
    this.#at = at;
    const inside = at !== null && at >= this.#from && at <= this.#to;
    this.#head.setAttribute("visibility", inside ? "visible" : "hidden");
    if (inside) this.#head.setAttribute("x", this.#x(at) - 1.5);
    const said = at ?? this.#from;
    this.#slider.setAttribute("aria-valuenow", Math.round(Math.min(Math.max(said, this.#from), this.#to) / 1000));
    this.#slider.setAttribute("aria-valuetext", at === null ? t("bar.nowhere") : when(new Date(at).toISOString()));
  }

  #x(ms) {
    return Math.min(Math.max(((ms - this.#from) / (this.#to - this.#from)) * WIDTH, 0), WIDTH);
  }

  #under(event) {
    const box = this.#slider.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    return this.#from + share * (this.#to - this.#from);
  }

  #key(event) {
    const by = { ArrowLeft: -STEP_S, ArrowRight: STEP_S, PageDown: -FAR_S, PageUp: FAR_S }[event.key];
    const to = event.key === "Home" ? this.#from : by === undefined || this.#at === null ? null : this.#at + by * 1000;
    if (to === null) return;
    event.preventDefault();
    event.stopPropagation();
    this.#onSeek(Math.min(Math.max(to, this.#from), this.#to));
  }
}
