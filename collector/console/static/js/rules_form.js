// A card for each rule: its type, where it watches, its own settings with their bounds, its times.

import { $, h } from "./dom.js";
import { t, word } from "./locale.js";

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const SEVERITIES = ["minor", "moderate", "severe"];
const KEPT = ["id", "type", "schedule", "severity", "cooldown_s"]; // Of a rule whose type is changed.

const option = (value, text, chosen) => h("option", { value, selected: value === chosen }, text);

export class Form {
  #element;
  #draft;
  #types;

  constructor(element, draft, types) {
    this.#element = element;
    this.#draft = draft;
    this.#types = new Map(types.map((one) => [one.type, one]));
  }

  draw() {
    const focused = document.activeElement?.id;
    const open = new Set([...this.#element.querySelectorAll("details[open]")].map((one) => one.id));
    this.#element.replaceChildren(...this.#draft.rules.map((rule, n) => this.#card(rule, n)));
    for (const one of this.#element.querySelectorAll("details")) one.open = open.has(one.id);
    if (focused) document.getElementById(focused)?.focus();
    $("#no-rules").hidden = this.#draft.rules.length > 0;
  }

  add() {
    const zone = this.#draft.zones[0]?.id;
    const id = this.#draft.freshId("rules", "rule");
    this.#draft.change(() => this.#draft.rules.push({ id, type: "intrusion", ...(zone ? { zone } : {}) }));
    $(`#type-${this.#draft.rules.length - 1}`)?.focus();
  }

  #set(rule, key, value) {
    this.#draft.change(() => {
      if (value === "" || value === null || value === undefined) delete rule[key];
      else rule[key] = value;
    });
  }

  /** What the new type does not take is left out. */
  #retype(rule, type) {
    const facts = this.#types.get(type);
    const takes = new Set([...KEPT, ...facts.settings.map((one) => one.key)]);
    if (facts.zone !== "none") takes.add("zone");
    if (facts.line !== "none") takes.add("line");
    if (facts.direction) takes.add("direction");
    if (facts.labels.length) takes.add("labels");
    this.#draft.change(() => {
      rule.type = type;
      for (const key of Object.keys(rule)) if (!takes.has(key)) delete rule[key];
      if (facts.zone === "needed" && !rule.zone && this.#draft.zones.length) rule.zone = this.#draft.zones[0].id;
      if (facts.line === "needed" && !rule.line && this.#draft.lines.length) rule.line = this.#draft.lines[0].id;
    });
  }

  #field(label, control, ...more) {
    return h("label", {}, label, control, ...more);
  }

  #card(rule, n) {
    const facts = this.#types.get(rule.type);
    const name = (key) => `${key}-${n}`;
    const pick = (key, options) => h("select", { id: name(key), onchange: (event) => this.#set(rule, key, event.target.value) }, options);
    return h("article", { class: "card", "data-rule": rule.id },
      h("header", {},
        this.#field(t("rules.name"), h("input", { id: name("id"), value: rule.id, maxlength: 32, spellcheck: "false", autocomplete: "off", onchange: (event) => this.#set(rule, "id", event.target.value.trim() || rule.id) })),
        this.#field(t("rules.type"), h("select", { id: name("type"), onchange: (event) => this.#retype(rule, event.target.value) },
          [...this.#types.keys()].map((type) => option(type, word("type", type), rule.type)))),
        h("button", { type: "button", class: "remove", "aria-label": t("rules.drop_rule", { id: rule.id }), onclick: () => this.#draft.change(() => this.#draft.rules.splice(n, 1)) }, "×")),
      facts?.experimental && h("p", { class: "note" }, t("rules.experimental")),
      facts && h("div", { class: "fields" },
        facts.zone !== "none" && this.#field(t("rules.zone"), pick("zone", this.#places("zones", rule.zone, facts.zone))),
        facts.line !== "none" && this.#field(t("rules.line"), pick("line", this.#places("lines", rule.line, facts.line))),
        facts.direction && this.#field(t("rules.direction"), pick("direction", ["both", "left_to_right", "right_to_left"].map((one) => option(one === "both" ? "" : one, word("crossing", one), rule.direction ?? "")))),
        this.#field(t("rules.severity"), pick("severity", [option("", t("rules.usual", { n: word("severity", facts.severity) }), rule.severity ?? ""), ...SEVERITIES.map((one) => option(one, word("severity", one), rule.severity))])),
        facts.settings.map((one) => this.#number(rule, one, name(one.key)))),
      facts && facts.labels.length > 0 && this.#labels(rule, facts, n),
      this.#schedule(rule, n));
  }

  #places(kind, chosen, need) {
    const none = option("", t(need === "needed" ? "rules.pick" : "rules.everywhere"), chosen ?? "");
    const known = this.#draft[kind].map((one) => option(one.id, one.id, chosen));
    const lost = chosen && !this.#draft.thing(kind, chosen) ? [option(chosen, t("rules.lost", { id: chosen }), chosen)] : [];
    return [none, ...known, ...lost];
  }

  #number(rule, one, id) {
    const set = (event) => this.#set(rule, one.key, event.target.value === "" ? null : Number(event.target.value));
    const bounds = t("rules.bounds", { least: one.least, most: one.most, unit: word("unit", one.unit) });
    return this.#field(word("setting", one.key),
      h("input", { id, type: "number", min: one.least, max: one.most, step: one.unit === "share" ? 0.01 : one.unit === "count" ? 1 : 0.1, value: rule[one.key] ?? "", placeholder: one.default, onchange: set, "aria-describedby": `${id}-bounds` }),
      h("small", { id: `${id}-bounds` }, bounds));
  }

  #labels(rule, facts, n) {
    const chosen = new Set(rule.labels ?? facts.heeds);
    const set = (label, on) => {
      if (on) chosen.add(label);
      else chosen.delete(label);
      const all = facts.labels.filter((one) => chosen.has(one));
      const usual = all.length === facts.heeds.length && all.every((one) => facts.heeds.includes(one));
      this.#set(rule, "labels", usual ? null : all);
    };
    return h("details", { id: `labels-of-${n}` }, h("summary", {}, t("rules.labels", { n: [...chosen].map((one) => word("label", one)).join(", ") })),
      h("div", { class: "ticks" }, facts.labels.map((label) => h("label", { class: "tick" },
        h("input", { id: `label-${label}-${n}`, type: "checkbox", checked: chosen.has(label), onchange: (event) => set(label, event.target.checked) }), word("label", label)))));
  }

  #schedule(rule, n) {
    const spans = rule.schedule ?? [];
    const keep = (act) => this.#draft.change(() => {
      const fresh = JSON.parse(JSON.stringify(spans));
      act(fresh);
      if (fresh.length) rule.schedule = fresh;
      else delete rule.schedule;
    });
    const row = (span, at) => {
      const days = new Set(span.days ?? DAYS);
      const tick = (day, on) => keep((fresh) => {
        fresh[at].days = DAYS.filter((one) => (one === day ? on : days.has(one)));
      });
      const time = (key, label) => this.#field(label, h("input", { id: `${key}-${at}-${n}`, type: "time", required: true, value: (span[key] ?? "").slice(0, 5), onchange: (event) => keep((fresh) => { fresh[at][key] = event.target.value || "00:00"; }) }));
      return h("fieldset", {}, h("legend", {}, [t("rules.time", { n: at + 1 }), span.season?.join(" – ")].filter(Boolean).join(" · ")),
        h("div", { class: "ticks" }, DAYS.map((day) => h("label", { class: "tick" }, h("input", { id: `${day}-${at}-${n}`, type: "checkbox", checked: days.has(day), onchange: (event) => tick(day, event.target.checked) }), word("weekday", day)))),
        h("div", { class: "fields" }, time("from", t("rules.from")), time("to", t("rules.to")),
          h("button", { type: "button", "aria-label": t("rules.drop_time", { n: at + 1 }), onclick: () => keep((fresh) => fresh.splice(at, 1)) }, "×")));
    };
    const told = spans.length ? t("rules.times", { n: spans.length }) : t("rules.always");
    return h("details", { id: `schedule-of-${n}` }, h("summary", {}, t("rules.schedule", { told })), spans.map(row),
      h("button", { type: "button", id: `new-time-${n}`, onclick: () => keep((fresh) => fresh.push({ days: [...DAYS], from: "22:00", to: "06:00" })) }, t("rules.new_time")),
      h("p", { class: "note" }, t("rules.schedule_note")));
  }
}
