// A draft tried on what the pole has recorded: begun, followed, stopped, and what it found as a table.

import { getJson, postJson, request } from "./api.js";
import { $, h } from "./dom.js";
import { clock, t, when, word } from "./locale.js";
import { inShort } from "./problems.js";

const EVERY_MS = 2_000;

export class Trial {
  #url;
  #on;
  #shown = null;
  #findings = [];
  #timer = null;

  /** `on`: {draft(), faulty(), choose(finding), play(finding)}. */
  constructor(url, on) {
    this.#url = `${url}/trial`;
    this.#on = on;
    $("#try").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#begin();
    });
    $("#stop").addEventListener("click", () => this.#stop());
  }

  /** One that runs already, or ended a while ago, is followed; none is nothing to tell. */
  async resume() {
    try {
      await this.#ask();
    } catch {
      this.#draw();
    }
  }

  async #begin() {
    const form = $("#try");
    if (this.#on.faulty()) {
      this.#say(t("rules.mend_first"));
      return;
    }
    this.#findings = [];
    try {
      const body = { configuration: this.#on.draft(), minutes: Number(form.elements.minutes.value), reason: form.elements.reason.value };
      this.#take(await postJson(this.#url, body));
    } catch (error) {
      this.#say(inShort(error));
    }
  }

  async #stop() {
    try {
      this.#take(await (await request(`${this.#url}/${this.#shown.trial_id}`, { method: "DELETE" })).json());
    } catch (error) {
      this.#say(inShort(error));
    }
  }

  async #ask() {
    const shown = await getJson(`${this.#url}?first=0`);
    if (!shown) {
      // The box has forgotten it: restarted twice, or an hour ago.
      if (this.#shown) this.#take({ ...this.#shown, state: "interrupted", code: "trial.interrupted", findings: [] });
      return;
    }
    this.#take(shown);
    while (this.#findings.length < this.#shown.found) {
      const more = await getJson(`${this.#url}?first=${this.#findings.length}`);
      if (!more.findings.length) break;
      this.#findings.push(...more.findings);
    }
    this.#draw();
  }

  #take(shown) {
    if (this.#shown?.trial_id !== shown.trial_id) this.#findings = [];
    this.#shown = shown;
    // From the first on: a finding is told again when it has ended.
    if (shown.findings.length) this.#findings.splice(0, shown.findings.length, ...shown.findings);
    clearTimeout(this.#timer);
    if (shown.state === "running") this.#timer = setTimeout(() => this.#follow(), EVERY_MS);
    this.#draw();
  }

  async #follow() {
    try {
      await this.#ask();
    } catch (error) {
      // The link may be cut; the trial goes on without it.
      this.#say(`${inShort(error)}. ${t("rules.goes_on")}`);
      this.#timer = setTimeout(() => this.#follow(), EVERY_MS);
    }
  }

  #share({ from_at: from, to_at: to, reached_at: reached }) {
    if (!reached) return 0;
    const [a, b, c] = [from, reached, to].map((text) => new Date(text).getTime());
    return c > a ? Math.min(1, Math.max(0, (b - a) / (c - a))) : 1;
  }

  #draw() {
    const shown = this.#shown;
    const running = shown?.state === "running";
    $("#stop").hidden = !running;
    $("#try button[type=submit]").disabled = running;
    $("#progress").hidden = !running;
    if (!shown) return;
    $("#progress").value = this.#share(shown);
    const mine = (whose) => this.#findings.filter((one) => one.rules === whose).length;
    const counts = t("rules.counts", { draft: mine("draft"), now: mine("in-force") });
    const span = shown.from_at ? `${when(shown.from_at)} – ${clock(new Date(shown.to_at))}` : "";
    const why = shown.code ? `${word("problem", shown.code)}. ${word("remedy", shown.code)}` : "";
    this.#say([word("trialstate", shown.state), span, counts, why, shown.left_out && t("rules.left_out", { n: shown.left_out })].filter(Boolean).join(" · "));
    $("#trial").dataset.state = shown.state;
    $("#results").hidden = !this.#findings.length;
    const ordered = [...this.#findings].sort((a, b) => (a.alarm_at < b.alarm_at ? -1 : 1));
    $("#found").replaceChildren(...ordered.map((one) => this.#row(one)));
  }

  #row(one) {
    const at = clock(new Date(one.alarm_at));
    return h("tr", { class: one.rules, "data-rule": one.rule },
      h("th", { scope: "row" }, h("time", { datetime: one.alarm_at }, at)),
      h("td", {}, word("whose", one.rules)),
      h("td", {}, word("type", one.type), h("small", {}, [one.rule, one.zone, one.label && word("label", one.label)].filter(Boolean).join(" · "))),
      h("td", {}, `${Math.round(one.confidence * 100)} %`),
      h("td", {}, h("div", { class: "does" },
        one.box && h("button", { type: "button", "aria-label": t("rules.where_at", { at }), onclick: () => this.#on.choose(one) }, t("rules.where")),
        h("button", { type: "button", "aria-label": t("rules.play_at", { at }), onclick: () => this.#on.play(one) }, t("rules.play")))));
  }

  #say(text) {
    $("#trial").textContent = text;
  }
}
