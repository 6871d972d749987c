// A line in which an operator writes down what is to be remembered of an incident.

import { postJson } from "./api.js";
import { h } from "./dom.js";
import { t } from "./locale.js";
import { inWords } from "./problems.js";

export class NoteField {
  #id = null;
  #said = h("span", { class: "said", role: "status" });
  #text = h("input", { type: "text", maxlength: 500, autocomplete: "off" });
  #button = h("button", { type: "submit" });
  element = h("form", { class: "note" }, this.#text, this.#button, this.#said);

  constructor() {
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#text.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.#text.blur();
    });
  }

  /** Key R. */
  focus() {
    this.#text.focus();
    this.#text.scrollIntoView({ block: "nearest" });
  }

  /** What was begun for one incident is not written to another. */
  show(incident) {
    if (this.#id !== incident.incident_id) {
      this.#text.value = "";
      this.#said.textContent = "";
    }
    this.#id = incident.incident_id;
    this.#text.setAttribute("aria-label", t("note.label"));
    this.#text.placeholder = `${t("note.label")} · R`;
    this.#button.textContent = t("note.send");
  }

  async #send() {
    const id = this.#id;
    const note = this.#text.value.trim();
    if (!note) return;
    try {
      await postJson(`/api/incidents/${id}/notes`, { note });
      if (this.#id === id) this.#text.value = "";
    } catch (error) {
      if (this.#id === id) this.#said.textContent = inWords(error).title;
    }
  }
}
