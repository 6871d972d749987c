// Who left what was dumped: the plates that the camera read around it, asked for a case; one is confirmed by eye.

import { getJson, postJson, request } from "./api.js";
import { h } from "./dom.js";
import { t, when, whole, word } from "./locale.js";
import { inShort } from "./problems.js";

const LOOK_AGAIN_MS = 1000;
const percent = (part) => `${Math.round(part * 100)}\u00a0%`;

export class VehicleEvidence {
  #incident = null;
  #found = null; // The search that is shown.
  #confirmed = h("div", { class: "confirmed" });
  #candidates = h("div", { class: "candidates" });
  #said = h("p", { class: "said", role: "status" });
  #form = h("form", { class: "reasons" });
  element = h("section", { class: "vehicle-evidence", hidden: true });

  constructor() {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#act(event.submitter?.name === "file" ? () => this.#take() : () => this.#ask());
    });
  }

  /** Of incidents of dumping alone; `more` as it was loaded last, or null. */
  show(incident, more) {
    this.element.hidden = incident.type !== "dumping";
    if (this.element.hidden) {
      this.#incident = null;
      return;
    }
    if (this.#incident?.incident_id !== incident.incident_id) {
      this.#incident = incident;
      this.#begin();
    }
    this.#confirmed.replaceChildren(...(more?.vehicles ?? []).map((one) => h("figure", {},
      picture(one.crop),
      h("figcaption", {}, h("b", {}, one.text), h("time", { datetime: one.at }, whole(one.at)), h("span", {}, reading(one)),
        h("span", { class: "why" }, t("evidence.confirmed_by", { who: one.person, when: when(one.confirmed_at) })),
        h("span", { class: "why" }, [word("agency", one.agency), one.case, one.purpose, one.basis].join(" · ")),
        h("button", { type: "button", onclick: () => this.#withdraw(one) }, t("evidence.withdraw"))))));
  }

  #begin() {
    this.#found = null;
    this.#said.textContent = "";
    this.#candidates.replaceChildren();
    const { deliveries, case_hint: number } = this.#incident;
    const agencies = [...new Set(deliveries.map((one) => one.agency))];
    const field = (name, label, most, given) => h("label", {}, t(label), h("input", { name, maxlength: most, required: true, autocomplete: "off", ...given }));
    this.#form.replaceChildren(
      field("case", "ask.case", 80, { value: number }),
      h("label", {}, t("vehicles.agency"), h("select", { name: "agency", required: true }, agencies.map((one) => h("option", { value: one }, word("agency", one))))),
      field("purpose", "ask.purpose", 120, { value: t("evidence.purpose") }),
      field("basis", "ask.basis", 120, { placeholder: t("evidence.basis") }),
      h("div", { class: "ends" },
        h("button", { type: "submit", name: "file" }, t("evidence.take")),
        h("button", { type: "submit", class: "primary", name: "ask" }, t("evidence.ask"))));
    this.element.replaceChildren(
      h("h3", { class: "section" }, t("evidence.title")), this.#confirmed,
      h("details", {}, h("summary", {}, t("evidence.open")), h("p", { class: "why" }, t("evidence.note")), this.#form), this.#said, this.#candidates);
  }

  #reasons() {
    return Object.fromEntries(new FormData(this.#form));
  }

  async #act(work) {
    const buttons = this.element.querySelectorAll("button");
    for (const one of buttons) one.disabled = true;
    this.#said.textContent = t("vehicles.asking_now");
    try {
      this.#said.textContent = (await work()) ?? "";
    } catch (error) {
      this.#said.textContent = inShort(error);
    } finally {
      for (const one of buttons) one.disabled = false;
    }
  }

  async #ask() {
    const { incident_id: id } = this.#incident;
    let found = await postJson(`/api/incidents/${id}/plates`, this.#reasons());
    while (found.state === "asking" && this.#incident?.incident_id === id) {
      await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
      found = await getJson(`/api/plates/searches/${found.search_id}`);
    }
    if (this.#incident?.incident_id !== id) return null;
    this.#found = found;
    const [late] = found.late;
    if (late) return `${word("problem", late.code)}. ${word("remedy", late.code)}`;
    if (found.without_diary) return t("evidence.without_diary");
    const reads = found.routes.flatMap((one) => one.sightings).sort((a, b) => (a.at < b.at ? -1 : 1));
    this.#candidates.replaceChildren(...reads.map((one) => this.#candidate(one)));
    return [reads.length ? t("evidence.found", { n: reads.length }) : t("evidence.none"), found.more.length && t("evidence.more")].filter(Boolean).join(" ");
  }

  #candidate(one) {
    return h("figure", { "data-text": one.text }, picture(one.crop),
      h("figcaption", {}, h("b", {}, one.text), h("time", { datetime: one.at }, whole(one.at)), h("span", {}, reading(one)),
        one.crop && h("button", { type: "button", onclick: () => this.#confirm(one) }, t("evidence.confirm"))));
  }

  #confirm(one) {
    if (!confirm(t("evidence.sure", { plate: one.text }))) return;
    const row = one.crop.split("/").at(-1);
    this.#act(async () => {
      await postJson(`/api/incidents/${this.#incident.incident_id}/plates/${this.#found.search_id}/${row}`, {});
      this.#candidates.replaceChildren();
      return t("evidence.kept");
    });
  }

  #withdraw(one) {
    if (!confirm(t("evidence.sure_not", { plate: one.text }))) return;
    this.#act(async () => {
      await request(`/api/incidents/${this.#incident.incident_id}/vehicles/${one.sha256}`, { method: "DELETE" });
      return t("evidence.withdrawn");
    });
  }

  async #take() {
    const { case: number, purpose, basis } = this.#reasons();
    const { incident_id: id, case_hint: hint } = this.#incident;
    const answer = await request(`/api/incidents/${id}/evidence?${new URLSearchParams({ case: number, purpose, basis })}`);
    const link = h("a", { href: URL.createObjectURL(await answer.blob()), download: `${hint}.zip` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    return t("evidence.taken", { name: link.download });
  }
}

function reading(one) {
  return [t("vehicles.sure", { n: percent(one.confidence) }), one.direction && word("direction", one.direction), one.color && one.color !== "unknown" && word("platecolor", one.color)].filter(Boolean).join(" · ");
}

function picture(url) {
  if (!url) return h("div", { class: "gone" }, t("vehicles.no_crop"));
  const image = h("img", { src: url, alt: t("plates.crop"), loading: "lazy" });
  image.addEventListener("error", () => image.replaceWith(h("div", { class: "gone" }, t("vehicles.no_crop"))));
  return image;
}
