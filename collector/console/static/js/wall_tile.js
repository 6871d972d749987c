// One tile of the wall: a camera's picture, or in plain words why there is none.

import { Refusal } from "./api.js";
import { seen } from "./camera_state.js";
import { $, h, lamp } from "./dom.js";
import { inLanguage, t, word } from "./locale.js";
import { Session } from "./player.js";
import { inWords } from "./problems.js";

const FIGURES_EVERY_MS = 2_000;

export class Tile {
  camera;
  state = "waiting"; // waiting, opening, playing, told
  #session = null;
  #reasons = null;
  #timer = null;
  #until = null; // When the grant ends.
  #stream = "sub";
  #faulted = false; // Told what ails the camera itself: when it is well again, the picture comes.
  #number = h("kbd", {});
  #lamp = h("span", { class: "state" });
  #title = h("b", {});
  #figures = h("span", { class: "figures", "aria-live": "off" });
  #stage = h("div", { class: "stage" });
  element;

  /** `on`: {large(tile), remove(tile)}. */
  constructor(camera, on) {
    this.camera = camera;
    const { device, camera: name } = camera;
    this.element = h("article", { class: "tile", "data-key": `${device}/${name}` },
      h("header", {}, this.#number, this.#lamp, this.#title, this.#figures,
        h("a", { class: "button", href: `/rules?camera=${device}/${name}` }, t("rules.rules")),
        h("button", { type: "button", class: "large-switch", "aria-pressed": "false", onclick: () => on.large(this) }, t("wall.large")),
        h("button", { type: "button", class: "remove", "aria-label": t("wall.remove", { camera: inLanguage(this.#pair(camera)) }), onclick: () => on.remove(this) }, "×")),
      this.#stage);
    this.learn(camera);
    this.#show("waiting", h("p", {}, t("wall.waiting")));
  }

  #pair = (camera) => ({ ko: camera.title, en: camera.title_en });

  /** Its place on the wall, from 1. */
  place(number) {
    this.#number.textContent = number;
  }

  /** How the camera is now. */
  learn(camera) {
    this.camera = camera;
    const state = seen(camera);
    this.#lamp.replaceChildren(lamp(state), h("span", { class: "unseen" }, word("camera", state)));
    this.#title.textContent = inLanguage(this.#pair(camera));
    if (this.state === "waiting") return;
    if (this.#down() && this.state !== "playing") this.#ail();
    else if (!this.#down() && this.#faulted) this.open(this.#reasons);
  }

  #down() {
    return !this.camera.online || this.camera.state === "down";
  }

  /** Opens the picture for those reasons: {case, basis, purpose}. */
  async open(reasons) {
    this.close();
    this.#reasons = reasons;
    this.#faulted = false;
    if (this.#down()) return this.#ail();
    const video = h("video", { muted: true, playsinline: true, autoplay: true, "aria-label": t("video.label", { camera: inLanguage(this.#pair(this.camera)) }) });
    video.muted = true;
    const session = new Session(video, (error) => {
      if (this.#session === session) this.#ended(error);
    });
    this.#session = session;
    this.#show("opening", video, h("p", { class: "veil", role: "status" }, t("video.opening")));
    const { device, camera } = this.camera;
    try {
      const found = await session.open({ device, camera, live: true, stream: this.#stream, ...reasons });
      if (this.#session !== session) return;
      this.#show("playing", video);
      this.element.dataset.firstFrameMs = found.firstFrameMs;
      this.#until = (await session.status().catch(() => null))?.expires_at ?? null;
      this.#read(found, session);
    } catch (error) {
      session.close();
      if (this.#session !== session) return;
      if (this.#stream === "sub" && error.problem?.code === "clip.no-substream") {
        this.#stream = "main";
        this.open(reasons);
        return;
      }
      this.#tell(error);
    }
  }

  /** The camera's large pictures while its tile is large. */
  async stream(stream) {
    if (this.state !== "playing" || this.#stream === "main") return;
    // One without a second stream goes on as it was.
    await this.#session.control({ action: "live", stream }).catch(() => {});
  }

  close() {
    clearInterval(this.#timer);
    this.#figures.textContent = "";
    this.#session?.close();
    this.#session = null;
  }

  #read(found, session) {
    const draw = async () => {
      const figures = await session.figures();
      if (this.#session !== session) return;
      this.#figures.textContent = [found.codec, session.transcoded && t("video.transcoded"), figures && `${figures.fps.toFixed(0)} fps`].filter(Boolean).join(" · ");
    };
    draw();
    this.#timer = setInterval(draw, FIGURES_EVERY_MS);
  }

  #ended(error) {
    const expired = this.#until && Date.now() > new Date(this.#until).getTime() - 2_000;
    this.close();
    this.#tell(expired ? new Refusal(0, { code: "console.grant_ended" }) : error ?? new Refusal(0, { code: "console.ended" }));
  }

  #tell(error) {
    this.close();
    if (this.#down()) return this.#ail();
    const { code, title, remedy } = inWords(error);
    this.#why(title, remedy, code);
  }

  /** What the camera or its box is known to ail from; nobody needs a grant to hear that. */
  #ail() {
    this.close();
    this.#faulted = true;
    const { title, remedy, number, code } = this.camera.fault ?? { title: { ko: "", en: "" }, remedy: null, number: "", code: "" };
    this.#why(inLanguage(title) || word("camera", "down"), inLanguage(remedy), [number, code].filter(Boolean).join(" · "), t("wall.comes_back"));
  }

  #why(title, remedy, code, more = "") {
    this.#show("told", h("div", { class: "message", role: "alert" },
      h("h3", {}, title), remedy && h("p", {}, remedy), more && h("p", {}, more), h("p", { class: "code" }, code),
      h("button", { type: "button", onclick: () => this.open(this.#reasons) }, t("video.again"))));
  }

  #show(state, ...inside) {
    this.state = state;
    this.element.dataset.state = state;
    const inHand = this.#stage.contains(document.activeElement);
    this.#stage.replaceChildren(...inside);
    if (inHand) ($("button", this.#stage) ?? $(".large-switch", this.element)).focus();
  }
}
