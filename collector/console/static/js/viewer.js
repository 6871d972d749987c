// The stage: the still, the question before the video, the video, and plain words when there is none.

import { Refusal } from "./api.js";
import { $, h } from "./dom.js";
import { Exporter } from "./exporter.js";
import { inLanguage, t, whole, word } from "./locale.js";
import { Session } from "./player.js";
import { inWords } from "./problems.js";
import { keepPicture } from "./snapshot.js";
import { largeStill } from "./still.js";
import { Transport } from "./transport.js";

const LAW = {
  emergency: "개인정보 보호법 제18조제2항제3호",
  investigation: "개인정보 보호법 제18조제2항제7호",
};
const FIGURES_EVERY_MS = 2_000;
const STATUS_EVERY = 3; // Of the figures: the pole is asked less often.
const HEAD_EVERY_MS = 250;
const LONGEST_MS = 30 * 60_000;
const BACK_MS = 2 * 60_000;
const AHEAD_MS = 60_000; // A grant for what is live reaches a little beyond now.
const BEFORE_MS = 30_000;
const AFTER_MS = 5 * 60_000;

/** What still goes on is shown up to now; a grant is for what is needed, so never for hours. */
function clipOf(clip) {
  const from = new Date(clip.from).getTime();
  const latest = Math.min(Date.now(), from + LONGEST_MS);
  const to = clip.to ? Math.min(new Date(clip.to).getTime(), latest) : latest;
  return { from, to };
}

const iso = (ms) => new Date(ms).toISOString();

export class Viewer {
  #incident = null;
  #session = null;
  #reasons = null; // What the person confirmed, for this incident only.
  #timers = [];
  #mode = "clip"; // clip, live, catch-up
  #range = null; // What a clip is to show, in ms; another than the incident's after a seek.
  #status = null; // As the pole told it last, with our own clock beside it.
  #known; // Incidents that the page knows.
  #proposed = null; // {id, case, basis, purpose} that the address gave.
  stage = h("div", { class: "stage" });
  transport = new Transport(this);
  exporter = new Exporter({
    range: () => this.#range, at: () => this.#at(), reasons: () => this.#reasons,
    camera: () => this.#incident.camera, permitted: (code) => this.#permitted(code),
  });
  readings = h("div", { class: "reading-out", "aria-live": "off" });
  element = h("div", { class: "viewing" }, this.stage, this.readings, this.transport.element, this.exporter.element);
  state = "still"; // still, asking, opening, playing, told

  /** `known()`: the incidents that the page knows, for the marks on the bar. */
  constructor(known = () => []) {
    this.#known = known;
  }

  /** What the form proposes for that incident, as its case file says. */
  propose(id, reasons) {
    this.#proposed = { id, ...reasons };
  }

  /** Show an incident's still; a video of another incident ends. */
  show(incident) {
    if (this.#incident?.incident_id === incident.incident_id) {
      const came = this.#incident.still !== incident.still;
      this.#incident = incident;
      if (came && this.state === "still") this.#still();
      return;
    }
    this.close();
    this.exporter.close();
    this.#incident = incident;
    this.#reasons = null;
    this.#range = null;
    this.#mode = "clip";
    this.#still();
    this.transport.show(incident);
  }

  /** Incidents of the same camera. */
  events() {
    const { device, camera } = this.#incident ?? {};
    return this.#known().filter((one) => one.device === device && one.camera === camera);
  }

  /** What the running session may show of the recording, in ms; null without one. */
  granted() {
    return this.#session && this.#mode === "clip" ? this.#range : null;
  }

  close() {
    this.#timers.forEach(clearInterval);
    this.#timers = [];
    this.#session?.close();
    this.#session = null;
    this.#status = null;
    this.transport.move(null);
  }

  /** Keys P, L, B and the buttons: ask, confirm what is asked, or change what plays. */
  play(mode = "clip") {
    if (!this.#incident) return;
    if (this.state === "asking") $("form", this.stage)?.requestSubmit();
    else if (["still", "told"].includes(this.state) || mode !== this.#mode) {
      if (mode === "clip") this.#range = null;
      this.#want(mode);
    }
  }

  stop() {
    this.close();
    if (this.#incident) this.#still();
    this.transport.focus();
  }

  /** True when there was something to leave. */
  escape() {
    if (document.fullscreenElement) return true;
    if (this.exporter.shown) {
      this.exporter.close();
      return true;
    }
    if (this.state === "still") return false;
    this.stop();
    return true;
  }

  /** Space: hold the picture, or go on. False when there is none. */
  pause() {
    if (this.state !== "playing") return false;
    this.#control({ action: this.#status?.paused ? "resume" : "pause" });
    return true;
  }

  speed(speed) {
    this.#control({ action: "speed", speed });
  }

  /** The camera's large or its small pictures of what is live. */
  stream(stream) {
    this.#control({ action: "live", stream });
  }

  /** A moment on the bar: within what is granted at once, else under a grant of its own. */
  seek(ms) {
    if (!this.#incident || ["asking", "opening"].includes(this.state)) return;
    const granted = this.granted();
    if (granted && ms >= granted.from && ms < granted.to - 1000) {
      this.#control({ action: "seek", at: iso(ms) });
      return;
    }
    const to = Math.min(Date.now(), ms + AFTER_MS);
    this.#range = { from: Math.min(ms, to - 1000) - BEFORE_MS, to, at: ms };
    this.#want("clip");
  }

  /** Key S: one picture, named in the ledger first. */
  async snapshot() {
    const [session, video, at] = [this.#session, $("video", this.stage), this.#at()];
    if (this.state !== "playing" || !session || !video || at === null) return;
    try {
      await session.noteSnapshot(iso(at));
      const incident = this.#incident;
      const kept = await keepPicture(video, {
        device: incident.device, camera: incident.camera, title: inLanguage(incident.camera_title),
        case: this.#reasons.case, person: document.querySelector(".person")?.textContent ?? "",
      }, at);
      this.transport.say(t("video.kept", { name: kept }));
    } catch (error) {
      this.transport.say(this.#inShort(error));
    }
  }

  /** Key X: what is recorded and shown, as evidence. */
  export() {
    if (this.state === "playing" && this.#mode === "clip" && !this.exporter.shown) this.exporter.open();
  }

  /** Opens the clip anew under a grant to export it; refused, the one that runs goes on. Raises Refusal. */
  async #permitted(code) {
    const session = await this.#open(code);
    if (!session) throw new Refusal(0, { code: "console.closed" });
    return session.exports();
  }

  /** Key F. */
  full() {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (this.state === "playing") this.element.requestFullscreen().catch((error) => this.transport.say(error.message));
  }

  #want(mode) {
    this.#mode = mode;
    if (this.#reasons) this.#open();
    else this.#ask();
  }

  #inShort(error) {
    const { title, remedy } = inWords(error);
    return [title, remedy].filter(Boolean).join(". ");
  }

  async #control(body) {
    const session = this.#session;
    if (!session) return;
    try {
      this.#learn(await session.control(body), session);
      this.transport.say("");
    } catch (error) {
      if (this.#session !== session) return;
      this.transport.say(this.#inShort(error));
      this.#drawControls(); // It goes on as it was, and the buttons say so.
    }
  }

  #learn(status, session) {
    if (this.#session !== session) return;
    const changed = !this.#status || ["mode", "paused", "speed", "stream"].some((name) => status[name] !== this.#status[name]);
    this.#status = { ...status, since: performance.now() };
    // Who has caught up is live.
    if (status.mode !== "recorded") this.#mode = status.mode;
    this.element.dataset.mode = status.mode;
    this.element.dataset.speed = status.speed;
    this.element.dataset.paused = status.paused;
    if (changed) this.#drawControls();
    this.transport.move(this.#at());
  }

  /** Wall time of the picture, in ms: as told, and run on since. */
  #at() {
    const status = this.#status;
    if (!status?.playing_at) return null;
    const ran = status.paused ? 0 : (performance.now() - status.since) * status.speed;
    return new Date(status.playing_at).getTime() + ran;
  }

  #what() {
    const { device, camera } = this.#incident;
    const now = Date.now();
    if (this.#mode === "live") return { device, camera, live: true };
    if (this.#mode === "catch-up") return { device, camera, live: true, from: iso(now - BACK_MS), to: iso(now + AHEAD_MS) };
    this.#range ??= clipOf(this.#incident.clip);
    return { device, camera, live: false, from: iso(this.#range.from), to: iso(this.#range.to) };
  }

  #picture() {
    const label = t("still.label", { type: word("type", this.#incident.type), camera: inLanguage(this.#incident.camera_title) });
    return largeStill(this.#incident, label);
  }

  #set(state, ...inside) {
    this.state = state;
    this.stage.className = `stage ${state === "asking" ? "asking" : state === "told" ? "telling" : ""}`;
    this.stage.replaceChildren(...inside.flat());
    this.#drawControls();
  }

  #still() {
    const picture = this.#picture();
    this.#set("still", picture.length
      ? [...picture, h("p", { class: "note" }, t("still.note"))]
      : h("div", { class: "veil" }, h("p", {}, t("still.none"))));
  }

  #ask() {
    const incident = this.#incident;
    const given = this.#proposed?.id === incident.incident_id ? this.#proposed : {};
    const input = (name, maxlength, value) => h("input", { name, maxlength, value, required: true, autocomplete: "off" });
    const form = h("form", { class: "ask", "aria-labelledby": "ask-title" },
      h("h3", { id: "ask-title" }, t(this.#mode === "clip" ? "ask.title_clip" : "ask.title_live")),
      h("p", {}, t("ask.note")),
      h("label", { class: "wide" }, t("ask.basis"), h("select", { name: "basis" },
        h("option", { value: LAW.emergency }, t("basis.emergency")),
        h("option", { value: LAW.investigation }, t("basis.investigation")))),
      h("label", {}, t("ask.case"), input("case", 80, given.case ?? incident.case_hint)),
      h("label", {}, t("ask.purpose"), input("purpose", 200, given.purpose ?? t("ask.purpose_default", { type: word("type", incident.type) }))),
      h("div", { class: "ends" },
        h("button", { type: "button", onclick: () => this.stop() }, t("ask.cancel"), h("kbd", {}, "Esc")),
        h("button", { class: "primary", type: "submit" }, t("ask.confirm"), h("kbd", {}, "Enter"))));
    if (Object.values(LAW).includes(given.basis)) form.basis.value = given.basis;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#reasons = Object.fromEntries(new FormData(form));
      this.#open();
    });
    this.#set("asking", this.#picture(), h("div", { class: "veil" }, form));
    $("button.primary", form).focus();
  }

  /** Resolves with the session, or null when it is no more; with a `code` a refused grant is raised. */
  async #open(code = null) {
    const incident = this.#incident;
    const video = h("video", { muted: true, playsinline: true, autoplay: true, "aria-label": t("video.label", { camera: inLanguage(incident.camera_title) }) });
    video.muted = true;
    const session = new Session(video, (error) => {
      if (this.#session === session) this.#ended(error);
    });
    const begin = () => {
      this.close();
      this.#session = session;
      const waiting = h("div", { class: "veil", role: "status" }, h("div", { class: "message" }, h("h3", {}, t("video.opening")), h("p", {}, inLanguage(incident.camera_title))));
      this.#set("opening", this.#picture(), video, waiting);
    };
    if (!code) begin();
    try {
      // The same incident may have come anew meanwhile; another one is not to be disturbed.
      const granted = () => {
        if (!code) return;
        if (this.#incident?.incident_id !== incident.incident_id) throw new Refusal(0, { code: "console.closed" });
        begin();
      };
      const found = await session.open({ ...this.#what(), ...this.#reasons, code, granted });
      if (this.#session !== session) return null;
      this.#set("playing", video);
      this.transport.redraw();
      this.#read(found, session);
      if (this.#range?.at) this.#control({ action: "seek", at: iso(this.#range.at) });
      return session;
    } catch (error) {
      session.close();
      if (this.#session === session) this.#tell(error);
      if (code) throw error;
      return null;
    }
  }

  #ended(error) {
    const expired = this.#status && Date.now() > new Date(this.#status.expires_at).getTime() - 2_000;
    this.close();
    if (expired && !error) this.#tell(new Refusal(0, { code: "console.grant_ended" }));
    else this.#tell(error ?? new Refusal(0, { code: "console.ended" }));
  }

  #tell(error) {
    this.close();
    const { code, title, remedy, detail } = inWords(error);
    this.#set("told", this.#picture(), h("div", { class: "veil" },
      h("div", { class: "message", role: "alert" },
        h("h3", {}, title),
        remedy && h("p", {}, remedy),
        detail && h("p", { class: "detail-text" }, detail),
        h("p", { class: "code" }, code),
        h("button", { onclick: () => this.#open() }, t("video.again")))));
  }

  #read(found, session) {
    let turn = 0;
    const draw = async () => {
      const [figures, status] = await Promise.all([
        session.figures(), turn++ % STATUS_EVERY ? null : session.status().catch(() => null),
      ]);
      if (this.#session !== session) return;
      if (status) this.#learn(status, session);
      const at = this.#at();
      const pairs = [
        ["facts.case", this.#reasons.case],
        ["facts.camera", inLanguage(this.#incident.camera_title)],
        ["video.time", at === null ? "" : whole(iso(at))],
        ["video.codec", [found.codec, session.transcoded && t("video.transcoded")].filter(Boolean).join(" · ")],
        ["video.first", `${found.firstFrameMs} ms`],
        figures && ["video.rate", `${figures.fps.toFixed(0)} fps · ${figures.mbit.toFixed(1)} Mbit/s`],
        figures && figures.delayMs !== null && ["video.delay", `${Math.round(figures.delayMs)} ms`],
        this.#status && ["video.until", whole(this.#status.expires_at)],
      ].filter(Boolean);
      this.readings.replaceChildren(...pairs.map(([name, value]) => h("span", {}, `${t(name)} `, h("b", {}, value))));
    };
    this.stage.dataset.firstFrameMs = found.firstFrameMs;
    draw();
    this.#timers = [setInterval(draw, FIGURES_EVERY_MS), setInterval(() => this.transport.move(this.#at()), HEAD_EVERY_MS)];
  }

  #drawControls() {
    if (this.state !== "playing") this.readings.replaceChildren();
    this.transport.buttons(this.state, this.#mode, this.#status);
  }
}
