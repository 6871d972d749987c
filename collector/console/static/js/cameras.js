// Cameras and boxes: how many see, and of those that do not, why and what to do.

import { seen } from "./camera_state.js";
import { $, h, lamp } from "./dom.js";
import { inLanguage, t, when, word } from "./locale.js";

const RANK = { down: 0, degraded: 1, unknown: 2, up: 3 };
const titleOf = (camera) => inLanguage({ ko: camera.title, en: camera.title_en });
const SHOWN = 6; // In the strip; the remedy fits beside two.

export class Cameras {
  #cameras = new Map();
  #dialog = $("#cameras-dialog");

  constructor() {
    $("#cameras-all").addEventListener("click", () => {
      this.#drawTable();
      this.#dialog.showModal();
    });
  }

  replace(cameras) {
    this.#cameras = new Map();
    this.put(cameras);
  }

  put(cameras) {
    for (const one of cameras) this.#cameras.set(`${one.device}/${one.camera}`, one);
    this.#drawStrip();
    if (this.#dialog.open) this.#drawTable();
  }

  #sorted() {
    return [...this.#cameras.values()].sort(
      (a, b) => RANK[seen(a)] - RANK[seen(b)] || titleOf(a).localeCompare(titleOf(b)));
  }

  #drawStrip() {
    const all = this.#sorted();
    const totals = ["up", "degraded", "down", "unknown"]
      .map((state) => [state, all.filter((one) => seen(one) === state).length])
      .filter(([state, n]) => n || state === "up");
    $("#camera-totals").replaceChildren(...totals.map(([state, n]) => h("li", {}, lamp(state), h("b", {}, n), word("camera", state))));
    const faulty = all.filter((one) => ["down", "degraded"].includes(seen(one)));
    $("#camera-faults").replaceChildren(...faulty.slice(0, SHOWN).map((one) => h("li", {},
      lamp(seen(one)), h("b", {}, titleOf(one)),
      h("span", { class: "why" }, this.#why(one, faulty.length < 3)))));
  }

  #why(camera, wholly) {
    if (!camera.fault) return word("camera", seen(camera));
    const { title, remedy } = camera.fault;
    return wholly ? `${inLanguage(title)} — ${inLanguage(remedy)}` : inLanguage(title);
  }

  #drawTable() {
    const row = (one) => h("tr", {},
      h("td", { class: "state" }, lamp(seen(one)), word("camera", seen(one))),
      h("td", {}, h("b", {}, titleOf(one)), h("div", { class: "remedy" }, [one.address, `${one.device} / ${one.camera}`].filter(Boolean).join(" · "))),
      h("td", {}, one.fault
        ? [`${one.fault.number} ${inLanguage(one.fault.title)}`, h("div", { class: "remedy" }, inLanguage(one.fault.remedy))]
        : ""),
      h("td", { class: "since" }, one.state_at ? when(one.state_at) : ""));
    $("#cameras-body").replaceChildren(h("table", {},
      h("thead", {}, h("tr", {}, ["state", "camera", "fault", "since"].map((name) => h("th", { scope: "col" }, t(`cameras.${name}`))))),
      h("tbody", {}, this.#sorted().map(row))));
  }
}
