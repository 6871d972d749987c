// What changed since the shift began: numbers, what people did, cameras that went and came.

import { getJson } from "./api.js";
import { seen } from "./camera_state.js";
import { $, h, lamp, shape } from "./dom.js";
import { inLanguage, instant, local, t, when, word } from "./locale.js";
import { inWords } from "./problems.js";

const KEPT = "shift";
const COLUMNS = ["came", "waiting", "confirmed", "rejected", "closed", "left"];
const SEVERITIES = ["severe", "moderate", "minor"];

export class Shift {
  #dialog = $("#shift-dialog");
  #body = $("#shift-body");
  #field = $("#shift-began");
  #select;
  began;

  /** `select(id)` opens an incident; `onMove()` when the shift is said to have begun at another time. */
  constructor(select, onMove) {
    this.#select = select;
    // Another sign-in is another shift; within one, what somebody chose stays.
    const signedIn = new Date(document.body.dataset.signedIn).getTime();
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    this.began = kept?.signedIn === signedIn ? kept.began : signedIn;
    this.#field.addEventListener("change", () => {
      if (!this.#field.value) return;
      this.began = new Date(instant(this.#field.value)).getTime();
      sessionStorage.setItem(KEPT, JSON.stringify({ signedIn, began: this.began }));
      onMove();
      this.#load();
    });
  }

  /** Key W. */
  open() {
    this.#field.value = local(this.began);
    this.#dialog.showModal();
    this.#load();
  }

  async #load() {
    const { began } = this;
    try {
      const since = new Date(began).toISOString();
      const found = await getJson(`/api/shift?since=${encodeURIComponent(since)}`);
      // Another time was chosen meanwhile: its answer is what is waited for.
      if (began === this.began) this.#draw(found);
    } catch (error) {
      const { title, remedy } = inWords(error);
      this.#body.replaceChildren(h("p", { role: "alert" }, [title, remedy].filter(Boolean).join(". ")));
    }
  }

  #draw(shift) {
    const part = (title, list, empty) => [h("h3", {}, title), list.length ? h("ul", { class: "changes" }, list) : h("p", { class: "none" }, empty)];
    this.#body.replaceChildren(
      this.#tallies(shift.tallies),
      ...part(t("shift.steps", { n: shift.steps.length, of: shift.steps_in_all }), shift.steps.map((one) => this.#step(one)), t("shift.no_steps")),
      ...part(t("shift.failed"), shift.failed.map((one) => h("li", {},
        this.#link(one), h("b", {}, word("agency", one.agency)), h("span", { class: "why" }, [one.channel !== "mqtt" && one.channel.toUpperCase(), one.error].filter(Boolean).join(" · ")))), t("shift.no_failed")),
      ...part(t("shift.cameras"), shift.cameras.map((one) => h("li", {},
        h("time", {}, one.state_at ? when(one.state_at) : ""), lamp(seen(one)), h("b", {}, inLanguage({ ko: one.title, en: one.title_en })),
        h("span", { class: "why" }, [word("camera", seen(one)), one.fault && inLanguage(one.fault.title)].filter(Boolean).join(" · ")))), t("shift.no_cameras")));
  }

  #tallies(tallies) {
    const known = new Map(tallies.map((one) => [one.severity, one]));
    return h("table", { class: "tallies" },
      h("thead", {}, h("tr", {}, h("th", {}, h("span", { class: "unseen" }, t("shift.severity"))), COLUMNS.map((name) => h("th", { scope: "col" }, t(`shift.${name}`))))),
      h("tbody", {}, SEVERITIES.map((severity) => h("tr", { class: severity },
        h("th", { scope: "row" }, shape(severity, ""), word("severity", severity)),
        COLUMNS.map((name) => h("td", {}, known.get(severity)?.[name] ?? 0))))));
  }

  #step(one) {
    return h("li", {}, h("time", { datetime: one.at }, when(one.at)), this.#link(one), h("b", {}, word("state", one.state)),
      h("span", { class: "why" }, [one.person, one.agency && word("agency", one.agency), one.note].filter(Boolean).join(" · ")));
  }

  #link(one) {
    return h("button", { type: "button", class: "link", onclick: () => { this.#dialog.close(); this.#select(one.incident_id); } }, word("type", one.type));
  }
}
