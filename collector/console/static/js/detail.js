// What is selected, on the right: title, stage, facts, deliveries, and what was done.

import { Decider } from "./decide.js";
import { h, shape } from "./dom.js";
import { inLanguage, noteOf, span, t, when, whole, word } from "./locale.js";
import { progress } from "./model.js";
import { NoteField } from "./note.js";
import { plateReads } from "./plate_reads.js";
import { VehicleEvidence } from "./vehicle_evidence.js";
import { Viewer } from "./viewer.js";

export class Detail {
  #root;
  #back;
  #shown = null;
  #more = null;
  #head = h("div", {});
  #below = h("div", {});
  #pictures = h("div", {});
  #plates = h("div", {});
  #acts;
  note = new NoteField();
  vehicle = new VehicleEvidence();
  viewer;
  decider;

  /** `known()`: the incidents that the page knows; `acts`: {next(id), decided(id, decision, next), forward()}. */
  constructor(root, back, known, acts) {
    this.#root = root;
    this.viewer = new Viewer(known);
    this.decider = new Decider(acts);
    this.#acts = h("div", { class: "acts" },
      h("div", { class: "paths" },
        h("button", { type: "button", onclick: acts.forward }, t("forward.open"), h("kbd", {}, "T")),
        h("button", { type: "button", onclick: () => this.openFile() }, t("file.open"), h("kbd", {}, "V"))),
      this.decider.element);
    this.#back = h("button", { class: "back", onclick: back }, "← ", t("detail.back"));
    this.empty();
  }

  /** Key V: the case file. */
  openFile() {
    if (this.#shown) location.assign(`/incidents/${this.#shown}/file`);
  }

  empty() {
    this.viewer.close();
    this.#shown = null;
    this.#root.replaceChildren(h("p", { class: "nothing" }, t("detail.nothing")));
  }

  /** Draw an incident; `loaded` holds its steps and findings once they are loaded, and stays until newer ones are. */
  show(incident, loaded = null) {
    if (this.#shown !== incident.incident_id) {
      this.#shown = incident.incident_id;
      const { element } = this.viewer;
      this.#root.replaceChildren(this.#back, this.#head, this.#plates, element, this.#acts, this.#pictures, this.vehicle.element, this.#below, this.note.element);
      this.#root.scrollTop = 0;
      this.#more = null;
    }
    this.#more = loaded ?? this.#more;
    const more = this.#more;
    this.viewer.show(incident);
    this.decider.show(incident);
    this.note.show(incident);
    this.#head.replaceChildren(
      h("div", { class: `title ${incident.severity}` },
        shape(incident.severity, ""),
        h("h2", {}, word("type", incident.type)),
        h("span", { class: "tone" }, word("severity", incident.severity)),
        h("span", { class: "mark" }, word("state", incident.state)),
        incident.drill && h("span", { class: "mark drill" }, t("incident.drill")),
        h("time", { datetime: incident.opened_at }, when(incident.opened_at))),
      h("p", { class: "says" }, inLanguage(incident.text)));
    this.#plates.replaceChildren(...plateReads(incident, more));
    this.#pictures.replaceChildren(...this.#earlier(incident, more));
    this.vehicle.show(incident, more);
    this.#below.replaceChildren(...this.#suggestion(more), ...this.#deliveries(incident, more), this.#facts(incident, more), ...this.#steps(more));
  }

  /** How the place was before something was left there, the moment of it, and after. */
  #earlier(incident, more) {
    if (!more?.earlier.length) return [];
    const after = more.events.find((one) => one.phase === "open");
    const pictures = more.earlier.map((one) => [word("shows", one.shows), one.url, one.at]);
    if (after) pictures.push([t("detail.after"), incident.still, after.at]);
    return [
      h("h3", { class: "section" }, t("detail.earlier")),
      h("div", { class: "earlier" }, pictures.map(([what, url, at]) => h("figure", {},
        url ? h("img", { src: url, alt: what, loading: "lazy" }) : h("div", { class: "gone" }, t("still.none")),
        h("figcaption", {}, `${what} · ${when(at)}`)))),
    ];
  }

  /** Whether a picture of before that is shown as missing is this one. */
  awaits(sha256) {
    return (this.#more?.earlier ?? []).some((one) => one.sha256 === sha256 && !one.url);
  }

  #suggestion(more) {
    const one = more?.suggestion;
    return one ? [h("p", { class: "suggestion" }, t("suggestion.rejected", one))] : [];
  }

  #facts(incident, more) {
    const place = incident.place;
    const facts = [
      ["facts.camera", inLanguage(incident.camera_title)],
      ["facts.place", place?.address ?? (place ? `${place.lat.toFixed(5)}, ${place.lon.toFixed(5)}` : null)],
      ["facts.opened", whole(incident.opened_at)],
      ["facts.ended", incident.ended_at ? whole(incident.ended_at) : t("facts.goes_on")],
      ["facts.confidence", `${Math.round(incident.confidence * 100)} % · ${word("certainty", incident.certainty)}`],
      ["facts.rule", [incident.rule, incident.zone].filter(Boolean).join(" · ")],
      ["facts.device", `${incident.device} / ${incident.camera}`],
      ["facts.findings", String(more?.finding_ids.length ?? incident.findings)],
      ["facts.id", incident.incident_id, "long"],
    ];
    return h("dl", { class: "facts" }, facts.filter(([, value]) => value).map(([name, value, type]) =>
      h("div", { class: type }, h("dt", {}, t(name)), h("dd", {}, value))));
  }

  #escalations(more) {
    const shown = (more?.escalations ?? []).filter((one) => one.next_at || one.result === "exhausted");
    return shown.map((one) => h("li", { class: "escalation" },
      h("b", {}, word("agency", one.agency)),
      h("span", { class: one.next_at ? "wait" : "bad" }, one.next_at ? t("escalation.next", { when: when(one.next_at) }) : t("escalation.exhausted"))));
  }

  #deliveries(incident, more) {
    if (!incident.deliveries.length) return [];
    return [
      h("h3", { class: "section" }, t("detail.deliveries")),
      h("ul", { class: "deliveries" }, incident.deliveries.map((one) => {
        const how = progress(one);
        const why = [one.instead_of && t("delivery.escalation", { who: word("agency", one.instead_of) }), one.officer, one.error, one.attempts > 1 && t("delivery.attempts", { n: one.attempts })];
        return h("li", {},
          h("b", {}, word("agency", one.agency), one.channel !== "mqtt" && h("small", {}, ` ${one.channel.toUpperCase()}`)),
          h("span", { class: how }, `${{ good: "✓", wait: "…", bad: "✕" }[how]} ${word("delivery", one.state)} ${how === "good" ? span(one.seconds) : ""}`),
          h("span", { class: "why" }, why.filter(Boolean).join(" · ")));
      }), this.#escalations(more)),
    ];
  }

  #steps(more) {
    if (!more?.steps.length) return [];
    return [
      h("h3", { class: "section" }, t("detail.steps")),
      h("ul", { class: "deliveries steps" }, more.steps.map((one) => h("li", {},
        h("time", { datetime: one.at }, when(one.at)),
        h("span", {}, word("state", one.state)),
        h("span", { class: "why" }, [one.person, one.agency && word("agency", one.agency), noteOf(one)].filter(Boolean).join(" · "))))),
    ];
  }
}
