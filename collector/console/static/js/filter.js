// What the list is narrowed to: words, severity, state, type, since the shift began. What is live is
// held against the same wishes here that the collector holds the stored ones against.

import { $, h, shape } from "./dom.js";
import { t, word } from "./locale.js";

const SEVERITIES = ["severe", "moderate", "minor"];
const STATES = {
  waiting: ["open", "notified", "acknowledged"], confirmed: ["confirmed"], rejected: ["rejected"], closed: ["closed"],
};
const TYPING_MS = 250;

export class Filter {
  #onChange;
  #shift;
  #timer = 0;
  #severities = new Set();
  #words = $("#search");
  #state = $("#filter-state");
  #type = $("#filter-type");
  #since = $("#filter-shift");
  #clear = $("#filter-clear");

  /** `onChange()` when something else is wanted; `shift`: {began} in ms. */
  constructor(onChange, shift) {
    this.#onChange = onChange;
    this.#shift = shift;
    this.#words.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#changed(), TYPING_MS);
    });
    this.#words.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      if (event.key === "Escape") this.#words.value = "";
      this.#changed();
      $("#rows").focus();
    });
    for (const one of [this.#state, this.#type, this.#since]) one.addEventListener("change", () => this.#changed());
    $("#filter-severity").replaceChildren(...SEVERITIES.map((severity) => h("button", {
      type: "button", class: severity, "data-severity": severity, "aria-pressed": "false", "aria-label": word("severity", severity),
      title: word("severity", severity), onclick: () => this.severity(severity),
    }, shape(severity, ""))));
    this.#clear.addEventListener("click", () => this.clear());
  }

  /** Narrowed at all. */
  get on() {
    return Boolean(this.#query().toString());
  }

  /** As the collector is asked. */
  get query() {
    const text = this.#query().toString();
    return text ? `&${text}` : "";
  }

  focus() {
    this.#words.focus();
    this.#words.select();
  }

  /** Only this one, another as well, or no longer. */
  severity(name) {
    if (!this.#severities.delete(name)) this.#severities.add(name);
    this.#changed();
  }

  clear() {
    this.#severities.clear();
    this.#words.value = "";
    this.#state.value = "";
    this.#type.value = "";
    this.#since.checked = false;
    this.#changed();
  }

  /** The shift began at another time. */
  moved() {
    if (this.#since.checked) this.#changed();
  }

  /** Whether an incident is among what is wanted. */
  fits(one) {
    const states = STATES[this.#state.value];
    if (states && !states.includes(one.state)) return false;
    if (this.#type.value && one.type !== this.#type.value) return false;
    if (this.#severities.size && !this.#severities.has(one.severity)) return false;
    if (this.#since.checked && new Date(one.opened_at).getTime() < this.#shift.began) return false;
    const said = [
      one.text.ko, one.text.en, one.incident_id, one.device, one.camera, one.zone, one.rule,
      one.camera_title.ko, one.camera_title.en, one.place?.address,
    ].join("\n").toLowerCase();
    return this.#wanted().every((part) => said.includes(part));
  }

  #wanted() {
    return this.#words.value.toLowerCase().split(/\s+/).filter(Boolean);
  }

  #query() {
    const query = new URLSearchParams();
    const words = this.#wanted().join(" ");
    if (words) query.set("q", words);
    for (const state of STATES[this.#state.value] ?? []) query.append("state", state);
    if (this.#type.value) query.append("type", this.#type.value);
    for (const severity of this.#severities) query.append("severity", severity);
    if (this.#since.checked) query.set("since", new Date(this.#shift.began).toISOString());
    return query;
  }

  #changed() {
    clearTimeout(this.#timer);
    for (const button of $("#filter-severity").children) button.setAttribute("aria-pressed", String(this.#severities.has(button.dataset.severity)));
    this.#clear.hidden = !this.on;
    $("#empty").textContent = t(this.on ? "filter.nothing" : "queue.empty");
    this.#onChange();
  }
}
