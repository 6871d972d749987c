// The panel below the picture with which a clip is taken as evidence: code, what the pole made, progress.

import { Refusal } from "./api.js";
import { Delivery, sinkFor } from "./delivery.js";
import { $, h } from "./dom.js";
import { clock, lang, t, whole } from "./locale.js";
import { inWords } from "./problems.js";
import { result } from "./verdict.js";

const AROUND_MS = 30_000;
const number = new Intl.NumberFormat(lang === "ko" ? "ko-KR" : "en-GB", { maximumFractionDigits: 1 });
const megabytes = (bytes) => t("export.megabytes", { n: number.format(bytes / 1e6) });
const iso = (ms) => new Date(ms).toISOString();

export class Exporter {
  #viewer;
  #turn = 0; // What an older export still says is of no interest.
  element = h("section", { class: "export", hidden: true, "aria-label": t("export.title") });

  /** `viewer`: range(), at(), reasons(), camera(), permitted(code): resolves with a data channel. */
  constructor(viewer) {
    this.#viewer = viewer;
  }

  get shown() {
    return !this.element.hidden;
  }

  /** Nothing is under way or shown any more. */
  close() {
    this.#turn += 1;
    this.element.hidden = true;
    this.element.replaceChildren();
  }

  /** Ask for the code. */
  open() {
    this.#turn += 1;
    const { case: number, basis, purpose } = this.#viewer.reasons();
    const [range, at] = [this.#viewer.range(), this.#viewer.at()];
    const spans = [[t("export.whole"), range.from, range.to]];
    if (at !== null) spans.push([t("export.around"), Math.max(range.from, at - AROUND_MS), Math.min(range.to, at + AROUND_MS)]);
    const said = h("p", { class: "said", role: "alert" });
    const form = h("form", {},
      h("label", {}, t("export.span"), h("select", { name: "span" },
        spans.map(([name, from, to], index) => h("option", { value: index }, `${name}: ${whole(iso(from))} – ${clock(to)}`)))),
      h("label", { class: "code" }, t("export.code"), h("input", {
        name: "code", inputmode: "numeric", autocomplete: "one-time-code", pattern: "[0-9]{6}", maxlength: 6, required: true,
        title: t("export.code_form"),
      })),
      h("div", { class: "ends" },
        h("button", { type: "button", onclick: () => this.close() }, t("ask.cancel")),
        h("button", { class: "primary", type: "submit" }, t("export.start"))),
      said);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const given = new FormData(form);
      const [, from, to] = spans[Number(given.get("span"))];
      said.textContent = "";
      this.#start(form, said, given.get("code"), { camera: this.#viewer.camera(), start_at: iso(from), end_at: iso(to) });
    });
    this.#show("form", h("p", {}, t("export.note")), h("p", { class: "reasons" }, [number, basis, purpose].join(" · ")), form);
    $("[name=code]", form).focus();
  }

  async #start(form, said, code, what) {
    const turn = this.#turn;
    for (const one of form.elements) one.disabled = true;
    let channel;
    try {
      channel = await this.#viewer.permitted(code);
    } catch (error) {
      if (turn !== this.#turn) return;
      for (const one of form.elements) one.disabled = false;
      const { title, remedy } = inWords(error);
      said.textContent = [title, remedy].filter(Boolean).join(". ");
      $("[name=code]", form).select();
      return;
    }
    if (turn !== this.#turn) return;
    this.#show("making", h("p", { role: "status" }, t("export.making")));
    try {
      const delivery = new Delivery(channel);
      const told = await delivery.ask(what);
      if (turn === this.#turn) this.#offer(delivery, told, what);
    } catch (error) {
      if (turn === this.#turn) this.#tell(error);
    }
  }

  #offer(delivery, told, what) {
    const facts = [
      ["export.span", `${whole(told.start_at)} – ${clock(new Date(told.end_at))}`],
      ["export.size", megabytes(told.bytes)],
      ["export.gops", t("export.gops_of", { gops: told.gops, pictures: told.pictures })],
      ["export.missing", told.missing_count
        ? told.missing.map((one) => `${whole(one.start_at)} – ${clock(new Date(one.end_at))} (${t(`missing.${one.reason}`)})`).join(", ")
        : t("export.nothing_missing")],
      ["export.verdict", t(`verdict.${told.verdict}`)],
      ["export.hash", told.sha256],
    ];
    const stamp = told.start_at.replace(/[-:]|\.\d+/g, "");
    const name = `${this.#viewer.reasons().case.replace(/[^\p{L}\p{N}-]+/gu, "_")}_${what.camera}_${stamp}.zip`;
    const save = h("button", { class: "primary", type: "button", onclick: () => this.#save(delivery, told, name) }, t("export.save"));
    this.#show("ready", h("dl", {}, facts.flatMap(([key, value]) => [h("dt", {}, t(key)), h("dd", {}, value)])),
      h("div", { class: "ends" }, h("button", { type: "button", onclick: () => this.close() }, t("ask.cancel")), save));
    save.focus();
  }

  async #save(delivery, told, name) {
    const turn = this.#turn;
    try {
      const sink = await sinkFor(name, told.bytes);
      if (!sink || turn !== this.#turn) return;
      const bar = h("progress", { max: told.bytes, value: 0, "aria-label": t("export.sending") });
      const count = h("output", {}, "");
      this.#show("sending", h("p", { role: "status" }, t("export.sending")), bar, count);
      await delivery.receive(told, sink, (bytes) => {
        bar.value = bytes;
        count.textContent = t("export.of", { n: megabytes(bytes), of: megabytes(told.bytes) });
      });
      if (turn !== this.#turn) return;
      const proof = h("div", { class: "proof", role: "status" }, t("verify.checking"));
      this.#show("done", h("p", { role: "status" }, t("export.kept", { name })), proof, h("p", { class: "proof" }, t("export.proof")),
        h("div", { class: "ends" }, h("button", { type: "button", onclick: () => this.close() }, t("close"))));
      proof.replaceChildren(await result(await sink.kept()));
    } catch (error) {
      if (turn === this.#turn) this.#tell(error);
    }
  }

  #tell(error) {
    const { code, title, remedy } = inWords(error instanceof Refusal ? error : new Refusal(0, { code: "console.export_broken" }));
    const detail = error.problem?.detail;
    this.#show("told", h("div", { role: "alert" }, h("h3", {}, title), remedy && h("p", {}, remedy),
      detail && h("p", { class: "detail-text" }, detail), h("p", { class: "code" }, code)),
    h("div", { class: "ends" }, h("button", { type: "button", onclick: () => this.close() }, t("close"))));
  }

  #show(state, ...inside) {
    this.element.dataset.state = state;
    this.element.hidden = false;
    this.element.replaceChildren(h("h3", { class: "name" }, t("export.title")), ...inside.filter(Boolean));
  }
}
