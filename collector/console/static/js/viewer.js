// The stage: the still, the question before the video, the video, and plain words when there is none.

import { Refusal } from "./api.js";
import { $, h } from "./dom.js";
import { inLanguage, t, whole, word } from "./locale.js";
import { Session } from "./player.js";
import { inWords } from "./problems.js";
import { largeStill } from "./still.js";

const LAW = {
  emergency: "개인정보 보호법 제18조제2항제3호",
  investigation: "개인정보 보호법 제18조제2항제7호",
};
const FIGURES_EVERY_MS = 2_000;
const LONGEST_MS = 30 * 60_000;

/** What still goes on is shown up to now; a grant is for what is needed, so never for hours. */
function clipEnd(clip) {
  const latest = Math.min(Date.now(), new Date(clip.from).getTime() + LONGEST_MS);
  return clip.to && new Date(clip.to).getTime() < latest ? clip.to : new Date(latest).toISOString();
}

export class Viewer {
  #incident = null;
  #session = null;
  #reasons = null; // What the person confirmed, for this incident only.
  #timer = 0;
  stage = h("div", { class: "stage" });
  controls = h("div", { class: "controls" });
  readings = h("div", { class: "reading-out", "aria-live": "off" });
  #live = false;
  state = "still"; // still, asking, opening, playing, told

  /** Show an incident's still; a video of another incident ends. */
  show(incident) {
    if (this.#incident?.incident_id === incident.incident_id) {
      const came = this.#incident.still !== incident.still;
      this.#incident = incident;
      if (came && this.state === "still") this.#still();
      return;
    }
    this.close();
    this.#incident = incident;
    this.#reasons = null;
    this.#live = false;
    this.#still();
  }

  close() {
    clearInterval(this.#timer);
    this.#session?.close();
    this.#session = null;
  }

  /** Key P and the button: ask, confirm what is asked, or leave alone what plays. */
  play(live = false) {
    if (!this.#incident) return;
    if (this.state === "asking") $("form", this.stage)?.requestSubmit();
    else if (["still", "told"].includes(this.state)) this.#want(live);
  }

  stop() {
    this.close();
    if (this.#incident) this.#still();
    $("button", this.controls)?.focus();
  }

  /** True when there was something to leave. */
  escape() {
    if (this.state === "still") return false;
    this.stop();
    return true;
  }

  #want(live) {
    this.#live = live;
    if (this.#reasons) this.#open();
    else this.#ask();
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
    const input = (name, maxlength, value) => h("input", { name, maxlength, value, required: true, autocomplete: "off" });
    const form = h("form", { class: "ask", "aria-labelledby": "ask-title" },
      h("h3", { id: "ask-title" }, t(this.#live ? "ask.title_live" : "ask.title_clip")),
      h("p", {}, t("ask.note")),
      h("label", { class: "wide" }, t("ask.basis"), h("select", { name: "basis" },
        h("option", { value: LAW.emergency }, t("basis.emergency")),
        h("option", { value: LAW.investigation }, t("basis.investigation")))),
      h("label", {}, t("ask.case"), input("case", 80, incident.case_hint)),
      h("label", {}, t("ask.purpose"), input("purpose", 200, t("ask.purpose_default", { type: word("type", incident.type) }))),
      h("div", { class: "ends" },
        h("button", { type: "button", onclick: () => this.stop() }, t("ask.cancel"), h("kbd", {}, "Esc")),
        h("button", { class: "primary", type: "submit" }, t("ask.confirm"), h("kbd", {}, "Enter"))));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#reasons = Object.fromEntries(new FormData(form));
      this.#open();
    });
    this.#set("asking", this.#picture(), h("div", { class: "veil" }, form));
    $("button.primary", form).focus();
  }

  async #open() {
    this.close();
    const incident = this.#incident;
    const video = h("video", { muted: true, playsinline: true, autoplay: true, "aria-label": t("video.label", { camera: inLanguage(incident.camera_title) }) });
    video.muted = true;
    const session = new Session(video, (error) => {
      if (this.#session === session) this.#ended(error);
    });
    this.#session = session;
    const waiting = h("div", { class: "veil", role: "status" }, h("div", { class: "message" }, h("h3", {}, t("video.opening")), h("p", {}, inLanguage(incident.camera_title))));
    this.#set("opening", this.#picture(), video, waiting);
    try {
      const found = await session.open({
        device: incident.device, camera: incident.camera, live: this.#live,
        from: incident.clip.from, to: clipEnd(incident.clip), ...this.#reasons,
      });
      if (this.#session !== session) return;
      this.#set("playing", video);
      this.#read(video, found, session);
    } catch (error) {
      session.close();
      if (this.#session === session) this.#tell(error);
    }
  }

  #ended(error) {
    this.close();
    if (error) this.#tell(error);
    else this.#tell(new Refusal(0, { code: "console.ended" }));
  }

  #tell(error) {
    clearInterval(this.#timer);
    this.#session = null;
    const { code, title, remedy } = inWords(error);
    this.#set("told", this.#picture(), h("div", { class: "veil" },
      h("div", { class: "message", role: "alert" },
        h("h3", {}, title),
        remedy && h("p", {}, remedy),
        error.problem?.detail && error.problem.detail !== error.problem.remedy && h("p", { class: "detail-text" }, error.problem.detail),
        h("p", { class: "code" }, code),
        h("button", { onclick: () => this.#open() }, t("video.again")))));
  }

  #read(video, found, session) {
    const start = new Date(found.from ?? Date.now()).getTime();
    const draw = async () => {
      const figures = await session.figures();
      if (this.#session !== session) return;
      const at = this.#live ? Date.now() : start + video.currentTime * 1000;
      const pairs = [
        ["facts.case", this.#reasons.case],
        ["video.time", whole(new Date(at).toISOString())],
        ["video.codec", found.codec],
        ["video.first", `${found.firstFrameMs} ms`],
        figures && ["video.rate", `${figures.fps.toFixed(0)} fps · ${figures.mbit.toFixed(1)} Mbit/s`],
      ].filter(Boolean);
      this.readings.replaceChildren(...pairs.map(([name, value]) => h("span", {}, `${t(name)} `, h("b", {}, value))));
    };
    this.stage.dataset.firstFrameMs = found.firstFrameMs;
    draw();
    this.#timer = setInterval(draw, FIGURES_EVERY_MS);
  }

  #drawControls() {
    const running = ["opening", "playing"].includes(this.state);
    if (this.state !== "playing") this.readings.replaceChildren();
    const either = (live, name) => h("button", {
      "aria-pressed": String(running && this.#live === live),
      onclick: () => { if (!running || this.#live !== live) this.#want(live); },
    }, t(name));
    const buttons = running
      ? [h("button", { onclick: () => this.stop() }, t("video.stop"), h("kbd", {}, "Esc")),
        h("div", { class: "either", role: "group", "aria-label": t("video.which") }, either(false, "video.clip"), either(true, "video.live"))]
      : [h("button", { class: "primary", onclick: () => this.play(false), disabled: this.state === "asking" }, t("video.play"), h("kbd", {}, "P")),
        h("button", { onclick: () => this.play(true), disabled: this.state === "asking" }, t("video.live"), h("kbd", {}, "L"))];
    this.controls.replaceChildren(...buttons);
  }
}
