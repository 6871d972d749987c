// Beside the map, all that is on it as words and buttons: states, search, an area's cameras, one camera.

import { $, h, lamp, shape } from "./dom.js";
import { inLanguage, t, when, word } from "./locale.js";
import { KINDS } from "./map_city.js";
import { holds, metres, middle } from "./map_geometry.js";
import { isOld, wordsOf } from "./map_others.js";

const STATES = ["up", "degraded", "down", "unknown"];
const MOST_FOUND = 20;
const MOST_LISTED = 60;
const MOST_ON_WALL = 9;
const views = document.body.dataset.views === "yes";
const RANK = { up: 0, degraded: 1, unknown: 2, down: 3 };

export class Panel {
  #city;
  #on;
  #area = null; // Of which the cameras for the wall are chosen.
  #chosen = new Set();

  /** `on`: {show(camera), shown(), incident(incident), unit(unit)}: what a press asks the map for. */
  constructor(city, on) {
    this.#city = city;
    this.#on = on;
    $("#find").addEventListener("input", () => this.#found());
    $("#find-form").addEventListener("submit", (event) => {
      event.preventDefault();
      $("#found button")?.click();
    });
  }

  draw() {
    this.#states();
    this.#found();
    this.drawIncidents();
    this.drawUnits();
    this.drawArea();
    this.drawCamera();
    this.drawThing();
  }

  #states() {
    const counts = this.#city.counts();
    $("#states").replaceChildren(...STATES.map((state) => h("button", {
      type: "button", "aria-pressed": String(this.#city.shown.has(state)), "data-state": state,
      onclick: () => {
        if (!this.#city.shown.delete(state)) this.#city.shown.add(state);
        this.#states();
        this.#on.shown();
        $(`#states [data-state=${state}]`).focus();
      },
    }, lamp(state), word("camera", state), h("b", {}, counts[state]))), ...this.#kinds());
  }

  /** Of each kind of thing that there is, whether it is shown. */
  #kinds() {
    const counts = KINDS.map((kind) => [kind, this.#city.things.filter((one) => one.kind === kind).length]);
    return counts.filter(([, n]) => n).map(([kind, n]) => h("button", {
      type: "button", "aria-pressed": String(this.#city.kinds.has(kind)), "data-kind": kind,
      onclick: () => {
        if (!this.#city.kinds.delete(kind)) this.#city.kinds.add(kind);
        this.#states();
        this.#on.shown();
        $(`#states [data-kind=${kind}]`).focus();
      },
    }, word("thing", kind), h("b", {}, n)));
  }

  #found() {
    const wanted = $("#find").value.trim().toLowerCase();
    const fits = (one) => [one.title.ko, one.title.en, one.address, one.key].some((text) => text?.toLowerCase().includes(wanted));
    const found = wanted ? this.#city.cameras.filter(fits) : [];
    $("#found").replaceChildren(...found.slice(0, MOST_FOUND).map((one) => h("li", {}, this.#button(one))));
    $("#found-said").textContent = !wanted ? "" : found.length > MOST_FOUND
      ? t("map.found_more", { n: found.length, shown: MOST_FOUND }) : t("map.found", { n: found.length });
  }

  #button(one) {
    return h("button", { type: "button", class: "row", "data-key": one.key, onclick: () => this.#on.show(one) },
      lamp(one.state), h("span", {}, h("b", {}, inLanguage(one.title)), h("small", {}, one.address || one.key)),
      h("span", { class: "unseen" }, word("camera", one.state)));
  }

  drawIncidents() {
    const all = this.#city.incidents;
    $("#running").textContent = t("map.running", { n: all.length });
    $("#running-list").replaceChildren(...all.map((one) => h("li", {},
      h("button", { type: "button", class: `row ${one.severity}`, id: `running-${one.incident_id}`, onclick: () => this.#on.incident(one) },
        shape(one.severity, word("severity", one.severity)),
        h("span", {}, h("b", {}, word("type", one.type), one.drill && ` · ${t("incident.drill")}`), h("small", {}, inLanguage(one.camera_title))),
        h("time", {}, when(one.opened_at))))));
    $("#running-none").hidden = all.length > 0;
  }

  /** Units on their way, nearest to their scene first. */
  drawUnits() {
    const units = this.#city.units.all.sort((a, b) => (a.distance_m ?? Infinity) - (b.distance_m ?? Infinity));
    $("#units-part").hidden = !units.length;
    $("#units-title").textContent = t("map.units", { n: units.length });
    $("#units").replaceChildren(...units.map((one) => h("li", {},
      h("button", { type: "button", class: isOld(one) ? "row old" : "row", onclick: () => this.#on.unit(one) },
        h("span", {}, h("b", {}, one.unit), h("small", {}, `${word("service", one.service)} ${one.case}`)),
        h("span", { class: "far" }, wordsOf(one).map((text) => h("span", {}, text)), isOld(one) && h("span", {}, t("map.old")))))));
  }

  drawThing() {
    const { thing } = this.#city;
    $("#thing").hidden = !thing;
    if (!thing) return;
    $("#thing-title").textContent = inLanguage(thing.title);
    $("#thing-facts").replaceChildren(h("dt", {}, word("thing", thing.kind)), h("dd", {}, lamp(thing.state), word("camera", thing.state)));
    $("#thing-said").textContent = inLanguage(thing.said);
    $("#thing-link").hidden = !thing.link;
    if (thing.link) $("#thing-link").href = thing.link;
  }

  /** Cameras of the area, nearest to its middle first; those that see before those that do not. */
  inArea() {
    const { area, cameras } = this.#city;
    if (!area) return [];
    const at = middle(area);
    return cameras.filter((one) => holds(area, one))
      .sort((a, b) => RANK[a.state] - RANK[b.state] || metres(a, at) - metres(b, at));
  }

  drawArea() {
    const found = this.inArea();
    const counts = this.#city.counts(found);
    $("#area-found").hidden = !this.#city.area;
    $("#area-count").textContent = t("map.in_area", { n: found.length });
    $("#area-states").textContent = STATES.filter((one) => counts[one]).map((one) => `${word("camera", one)} ${counts[one]}`).join(" · ");
    if (this.#area !== this.#city.area) {
      this.#area = this.#city.area;
      this.#chosen = new Set(found.slice(0, MOST_ON_WALL).map((one) => one.key));
    }
    $("#area-list").replaceChildren(...found.slice(0, MOST_LISTED).map((one) => h("li", {}, views && this.#choice(one), this.#button(one))));
    this.#drawWall();
    $("#area-more").textContent = found.length > MOST_LISTED ? t("map.and_others", { n: found.length - MOST_LISTED }) : "";
  }

  #choice(one) {
    return h("input", {
      type: "checkbox", checked: this.#chosen.has(one.key), "aria-label": t("map.choose", { camera: inLanguage(one.title) }),
      onchange: ({ target }) => {
        if (target.checked) this.#chosen.add(one.key);
        else this.#chosen.delete(one.key);
        this.#drawWall();
      },
    });
  }

  /** The way to the wall with what is chosen; it takes nine. */
  #drawWall() {
    const link = $("#to-wall");
    const n = this.#chosen.size;
    link.hidden = !views || n === 0;
    link.textContent = n > MOST_ON_WALL ? t("map.too_many", { n, most: MOST_ON_WALL }) : t("map.to_wall", { n });
    if (n > MOST_ON_WALL) link.removeAttribute("href");
    else link.href = `/wall?cameras=${[...this.#chosen].join(",")}`;
  }

  drawCamera() {
    const one = this.#city.get(this.#city.selected);
    $("#camera").hidden = !one;
    if (!one) return;
    const facts = [
      [t("cameras.state"), [lamp(one.state), word("camera", one.state), one.since && ` · ${when(one.since)}`]],
      [t("facts.place"), one.address],
      [t("facts.device"), one.key],
      [t("map.view"), one.bearing_deg === null ? t("map.view_unknown") : t("map.view_of", { bearing: Math.round(one.bearing_deg), fov: Math.round(one.fov_deg), range: Math.round(one.range_m) })],
    ];
    $("#camera-title").textContent = inLanguage(one.title);
    $("#camera-facts").replaceChildren(...facts.filter(([, value]) => value).flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)].flat()));
    $("#camera-wall").hidden = !views;
    $("#camera-wall").href = `/wall?cameras=${one.key}`;
    $("#camera-rules").href = `/rules?camera=${one.key}`;
    $("#camera-fault").hidden = !one.fault;
    if (one.fault) {
      $("#camera-fault").replaceChildren(h("b", {}, t("map.no_picture")), h("p", {}, `${one.fault.number} ${inLanguage(one.fault.title)}`),
        h("p", { class: "remedy" }, inLanguage(one.fault.remedy)));
    }
    $("#camera-incidents").replaceChildren(...this.#city.incidentsOf(one.key).map((incident) => h("li", {},
      h("a", { class: "button", href: `/incidents/${incident.incident_id}` }, shape(incident.severity), word("type", incident.type), ` ${when(incident.opened_at)}`))));
    const others = this.#city.cameras.filter((other) => other.lat === one.lat && other.lon === one.lon && other.key !== one.key);
    $("#camera-pole").replaceChildren(...others.map((other) => h("li", {}, this.#button(other))));
  }
}
