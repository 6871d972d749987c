// To whom else an incident goes: a choice by arrow keys, sent with Enter.

import { getJson, postJson } from "./api.js";
import { $, h } from "./dom.js";
import { t, word } from "./locale.js";
import { inWords } from "./problems.js";

const TOLD = (one) => one.state !== "failed";

export class Forward {
  #incident = null;
  #dialog = $("#forward-dialog");
  #form = $("#forward");
  #list = $("#forward-receivers");
  #said = $("#forward-said");

  constructor() {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
  }

  /** Key T: asks the collector whom it can tell, every time: endpoints come and go. */
  async open(incident) {
    if (!incident || this.#dialog.open) return;
    this.#incident = incident;
    this.#said.textContent = "";
    this.#form.note.value = "";
    this.#list.replaceChildren();
    this.#dialog.showModal();
    try {
      const { receivers } = await getJson("/api/receivers");
      this.#draw(receivers);
    } catch (error) {
      this.#tell(error);
    }
  }

  #draw(receivers) {
    const told = new Map(this.#incident.deliveries.filter(TOLD).map((one) => [one.channel === "mqtt" ? one.agency : `${one.agency}/${one.channel}`, one]));
    this.#list.replaceChildren(...receivers.map((receiver) => {
      const [agency, channel] = receiver.split("/");
      const known = told.get(receiver);
      return h("label", { class: "choice" },
        h("input", { type: "radio", name: "receiver", value: receiver, required: true, disabled: Boolean(known) }),
        h("b", {}, word("agency", agency), channel && h("small", {}, ` ${channel.toUpperCase()}`)),
        known && h("span", { class: "why" }, `${t("forward.told")} · ${word("delivery", known.state)}`));
    }));
    const first = this.#list.querySelector("input:not(:disabled)");
    if (first) {
      first.checked = true;
      first.focus();
    } else this.#said.textContent = t("forward.nobody");
  }

  async #send() {
    const receiver = this.#form.elements.receiver?.value;
    if (!receiver) return;
    const note = this.#form.note.value.trim();
    try {
      await postJson(`/api/incidents/${this.#incident.incident_id}/forward`, { receiver, ...(note ? { note } : {}) });
      this.#dialog.close();
      $("#announce").textContent = t("forward.sent", { agency: word("agency", receiver.split("/")[0]) });
    } catch (error) {
      this.#tell(error);
    }
  }

  #tell(error) {
    const { title } = inWords(error);
    this.#said.textContent = [title, error.problem?.detail].filter(Boolean).join(" · ");
  }
}
