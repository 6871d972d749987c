// The camera's picture under the drawing, and what a trial found, both under a grant.

import { $ } from "./dom.js";
import { t } from "./locale.js";
import { Session } from "./player.js";
import { inWords } from "./problems.js";

const AROUND_MS = 5_000;
const LONGEST_MS = 60_000;
const DARK = 16; // Mean of 0 to 255 below which nothing can be drawn by.
const FLAT = 3; // Spread below which nothing is to be seen.

export class Picture {
  #camera;
  #shape;
  #reasons = null;
  #session = null;
  #next = null;

  /** `shape(aspect)`: a picture of other proportions came. */
  constructor(camera, shape) {
    this.#camera = camera;
    this.#shape = shape;
    $("#ask").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#reasons = Object.fromEntries(new FormData($("#ask")));
      $("#ask-dialog").close();
      this.#next?.();
    });
    $("#cancel").addEventListener("click", () => $("#ask-dialog").close());
  }

  /** A fresh one; the session ends with it. */
  fetch() {
    this.#granted(async (video) => {
      await this.#open(video, { live: true });
      this.#keep(video);
      this.close();
    });
  }

  /** The recording around a finding. */
  play(finding) {
    this.#granted(async (video) => {
      const from = new Date(finding.started_at).getTime() - AROUND_MS;
      const to = Math.min(new Date(finding.ended_at).getTime() + AROUND_MS, from + LONGEST_MS, Date.now());
      await this.#open(video, { live: false, from: new Date(from).toISOString(), to: new Date(to).toISOString() });
      video.hidden = false;
      this.#say(t("rules.playing"));
    });
  }

  close() {
    this.#session?.close();
    this.#session = null;
    $("#clip").hidden = true;
  }

  /** Back to the picture from what is played. */
  leave() {
    if (!this.#session) return;
    this.close();
    this.#say("");
  }

  #granted(act) {
    this.#next = async () => {
      this.close();
      this.#say(t("video.opening"));
      try {
        await act($("#clip"));
      } catch (error) {
        this.close();
        const { title, remedy, detail } = inWords(error);
        this.#say([title, detail || remedy].filter(Boolean).join(". "));
      }
    };
    if (this.#reasons) this.#next();
    else $("#ask-dialog").showModal();
  }

  async #open(video, what) {
    video.muted = true;
    const session = new Session(video, (error) => {
      if (this.#session !== session) return;
      this.close();
      this.#say(error ? inWords(error).title : "");
    });
    this.#session = session;
    await session.open({ ...this.#camera, ...what, ...this.#reasons });
  }

  #keep(video) {
    const canvas = $("#picture");
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(video, 0, 0);
    canvas.setAttribute("aria-label", t("rules.picture_of", { camera: this.#camera.title }));
    canvas.dataset.fetched = "yes";
    this.#shape(video.videoWidth / video.videoHeight);
    this.#say(this.#ails(context, canvas));
  }

  /** Why nothing can be drawn by it; "" when it can. */
  #ails(context, { width, height }) {
    const { data } = context.getImageData(0, 0, width, height);
    let [count, sum, squares] = [0, 0, 0];
    for (let at = 0; at < data.length; at += 4 * 97) {
      const light = 0.3 * data[at] + 0.6 * data[at + 1] + 0.1 * data[at + 2];
      count += 1;
      sum += light;
      squares += light * light;
    }
    const mean = sum / count;
    if (mean < DARK) return t("rules.dark");
    return Math.sqrt(Math.max(0, squares / count - mean * mean)) < FLAT ? t("rules.flat") : "";
  }

  #say(text) {
    $("#picture-said").textContent = text;
  }
}
