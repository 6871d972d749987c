// What the operator makes of an incident. Every decision takes its key or button twice: no slip decides.

import { postJson } from "./api.js";
import { h } from "./dom.js";
import { t, word } from "./locale.js";
import { inWords } from "./problems.js";

// As the collector permits them, by the state that the incident is in.
const UNHANDLED = ["open", "notified", "acknowledged"];
const CHOICES = [
  { decision: "confirmed", key: "Y", from: UNHANDLED },
  { decision: "rejected", key: "N", from: [...UNHANDLED, "confirmed"] },
  { decision: "closed", key: "E", from: [...UNHANDLED, "confirmed", "rejected"] },
];
const ARMED_MS = 4_000;

export class Decider {
  #incident = null;
  #armed = null;
  #timer = 0;
  #said = h("span", { class: "said", role: "status" });
  #buttons = h("div", { class: "choices", role: "group" });
  #acts;
  element = h("div", { class: "decide" }, this.#buttons, this.#said);

  /** `acts`: {next(id): whom to show after, decided(id, decision, next)}. */
  constructor(acts) {
    this.#acts = acts;
  }

  show(incident) {
    if (this.#incident?.incident_id !== incident.incident_id) {
      this.#disarm();
      this.#said.textContent = "";
    }
    this.#incident = incident;
    this.#draw();
  }

  /** Key or button: the first time arms, the second decides. */
  press(key) {
    const choice = CHOICES.find((one) => one.key === key && one.from.includes(this.#incident?.state));
    if (!choice) return;
    if (this.#armed === choice.decision) this.#decide(choice.decision);
    else this.#arm(choice.decision);
  }

  /** True when there was something to take back. */
  escape() {
    const armed = this.#armed !== null;
    this.#disarm();
    if (armed) this.#draw();
    return armed;
  }

  #arm(decision) {
    clearTimeout(this.#timer);
    this.#armed = decision;
    this.#timer = setTimeout(() => this.escape(), ARMED_MS);
    this.#draw();
    this.#said.textContent = t("decide.again", { what: word("decide", decision) });
  }

  #disarm() {
    clearTimeout(this.#timer);
    if (this.#armed) this.#said.textContent = "";
    this.#armed = null;
  }

  async #decide(decision) {
    const { incident_id: id } = this.#incident;
    // Before the stream tells of the change, which moves the row.
    const next = this.#acts.next(id);
    this.#disarm();
    this.#draw();
    try {
      await postJson(`/api/incidents/${id}/decision`, { decision });
      this.#acts.decided(id, decision, next);
    } catch (error) {
      if (this.#incident.incident_id === id) this.#said.textContent = inWords(error).title;
    }
  }

  #draw() {
    this.#buttons.setAttribute("aria-label", t("decide.title"));
    const focused = this.#buttons.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const open = CHOICES.filter((one) => one.from.includes(this.#incident.state));
    this.#buttons.replaceChildren(...open.map(({ decision, key }) => h("button", {
      "data-key": key,
      "aria-pressed": String(this.#armed === decision),
      onclick: () => this.press(key),
    }, this.#incident.waits && decision === "confirmed" ? t("plates.confirm") : word("decide", decision), h("kbd", {}, key))));
    if (focused) this.#buttons.querySelector(`[data-key="${focused}"]`)?.focus();
  }
}
