// Below the picture: the scrub bar, and the buttons of what plays. Decides nothing; asks the viewer.

import { Bar } from "./bar.js";
import { getJson } from "./api.js";
import { h } from "./dom.js";
import { inLanguage, t, word } from "./locale.js";

const SPEEDS = [0.5, 1, 2, 4, 8];
const AROUND_MS = 10 * 60_000;
const NARROWEST_MS = 60_000;
const MARGIN_MS = 5_000;

export class Transport {
  #viewer;
  #incident = null;
  #recording = null;
  #window = null;
  #bar;
  #buttons = h("div", { class: "controls" });
  #unknown = h("p", { class: "unknown", hidden: true }, t("bar.unknown"));
  #said = h("p", { class: "said", role: "status" });
  element = h("div", { class: "transport" });

  /** `viewer`: seek(ms), pause(), speed(n), stream(name), play(mode), stop(), snapshot(), export(), full(), events(). */
  constructor(viewer) {
    this.#viewer = viewer;
    this.#bar = new Bar((at) => viewer.seek(at));
    this.element.append(this.#bar.element, this.#unknown, this.#buttons, this.#said);
  }

  /** Another incident: the bar shows the time around it, and asks the pole what there is of it. */
  async show(incident) {
    this.#incident = incident;
    this.#recording = null;
    this.#said.textContent = "";
    const start = new Date(incident.opened_at).getTime() - AROUND_MS;
    const end = Math.min(Date.now(), new Date(incident.ended_at ?? Date.now()).getTime() + AROUND_MS);
    this.#window = { from: start, to: Math.max(end, start + NARROWEST_MS) };
    this.redraw();
    await this.refresh();
  }

  /** Ask the pole again what it has; without an answer the bar says what the page knows. */
  async refresh() {
    const incident = this.#incident;
    if (!incident) return;
    const [from, to] = [this.#window.from, this.#window.to].map((ms) => new Date(ms).toISOString());
    const query = new URLSearchParams({ from, to });
    const found = await getJson(`/api/recordings/${incident.device}/${incident.camera}?${query}`).catch(() => null);
    if (this.#incident !== incident) return;
    if (found?.recording) this.#recording = found.recording;
    const oldest = found?.recording?.oldest_at ? new Date(found.recording.oldest_at).getTime() - MARGIN_MS : 0;
    // Nothing is gained by a bar that is mostly empty.
    if (oldest < this.#window.to - NARROWEST_MS) this.#window.from = Math.max(this.#window.from, oldest);
    this.#unknown.hidden = Boolean(this.#recording);
    this.redraw();
  }

  redraw() {
    if (!this.#window) return;
    const times = (list) => (list ?? []).map((one) => ({ from: new Date(one.start_at).getTime(), to: new Date(one.end_at).getTime() }));
    const { from, to } = this.#window;
    const events = this.#viewer.events().map((one) => ({
      at: new Date(one.opened_at).getTime(), severity: one.severity, title: `${word("type", one.type)} ${inLanguage(one.camera_title)}`,
    })).filter((one) => one.at >= from && one.at <= to);
    const granted = this.#viewer.granted();
    this.#bar.draw(from, to, {
      spans: times(this.#recording?.spans), held: times(this.#recording?.held), events, granted: granted ? [granted] : [],
    });
  }

  /** The head of the bar; live runs on at its right end. */
  move(at) {
    if (at !== null && this.#window && at > this.#window.to && at <= Date.now() + 5_000) {
      this.#window.to = at + NARROWEST_MS;
      this.refresh();
    }
    this.#bar.move(at);
  }

  say(text) {
    this.#said.textContent = text;
  }

  /** Buttons for `state` of the stage and `status` of the session, as the pole told it. */
  buttons(state, mode, status) {
    const viewer = this.#viewer;
    const running = ["opening", "playing"].includes(state);
    const asking = state === "asking";
    const button = (name, key, onclick, more = {}) => h("button", { type: "button", onclick, ...more }, t(name), key && h("kbd", {}, key));
    if (!running) {
      this.#buttons.replaceChildren(
        button("video.play", "P", () => viewer.play("clip"), { class: "primary", disabled: asking }),
        button("video.live", "L", () => viewer.play("live"), { disabled: asking }),
        button("video.back", "B", () => viewer.play("catch-up"), { disabled: asking }));
      return;
    }
    const which = h("div", { class: "either", role: "group", "aria-label": t("video.which") },
      ...[["clip", "video.clip"], ["live", "video.live"], ["catch-up", "video.back"]].map(([one, name]) =>
        h("button", { type: "button", "aria-pressed": String(mode === one), onclick: () => mode !== one && viewer.play(one) }, t(name))));
    const playing = state === "playing";
    const speeds = h("select", {
      "aria-label": t("video.speed"), disabled: !playing,
      onchange: (event) => viewer.speed(Number(event.target.value)),
    }, SPEEDS.map((speed) => h("option", { value: speed, selected: speed === (status?.speed ?? 1) }, `${speed}×`)));
    const stream = status?.stream ?? "main";
    const streams = h("select", {
      "aria-label": t("video.stream"), disabled: !playing,
      onchange: (event) => viewer.stream(event.target.value),
    }, ["main", "sub"].map((one) => h("option", { value: one, selected: one === stream }, t(one === "sub" ? "video.sub" : "video.main"))));
    this.#buttons.replaceChildren(...[
      button("video.stop", "", () => viewer.stop()),
      button(status?.paused ? "video.resume" : "video.pause", "", () => viewer.pause(), { disabled: !playing }),
      which, mode === "live" ? streams : speeds,
      button("video.snapshot", "", () => viewer.snapshot(), { disabled: !playing }),
      mode === "clip" && button("export.open", "", () => viewer.export(), { disabled: !playing }),
      button("video.full", "", () => viewer.full(), { disabled: !playing }),
    ].filter(Boolean));
  }

  focus() {
    this.#buttons.querySelector("button")?.focus();
  }
}
