// What the map knows: cameras with places and states, what goes on, scenes, units, things. No elements.

import { seen } from "./camera_state.js";
import { sectionOf } from "./model.js";

const RANK = { down: 0, degraded: 1, unknown: 2, up: 3 };
const WEIGHT = { severe: 3, moderate: 2, minor: 1 };
export const KINDS = ["board", "asset"];
const keyOf = (one) => `${one.device}/${one.camera}`;

/** A place's neighbourhood by its address: 계산동, 서운리. Empty where it names none. */
const neighbourhood = (address) => address?.split(/\s+/).find((part) => /[가-힣]+[0-9]*(?:동|읍|면|리|가)$/.test(part)) ?? "";

/** Units as the centre tells them, with its ages and ends on this page's own clock. */
class Units {
  #all = [];

  replace(units) {
    const now = performance.now();
    this.#all = units.map((one) => ({ ...one, heard: now - one.age_s * 1000, ends: now + one.ends_in_s * 1000 }));
  }

  /** Those whose link lasts. */
  get all() {
    const now = performance.now();
    return this.#all.filter((one) => one.ends > now);
  }
}

export class City {
  #cameras = new Map();
  #incidents = new Map();
  scenes = [];
  areas = [];
  everyCamera = true;
  shown = new Set(["up", "degraded", "down", "unknown"]); // States that are drawn.
  area = null;
  selected = null; // Key of a camera.
  units = new Units();
  things = [];
  kinds = new Set(["board"]); // Kinds of things that are drawn.
  thing = null; // The one that was chosen.

  /** Everything anew, as `/api/map` tells it. */
  replace({ places, cameras, incidents, scenes, areas, every_camera, units, things }) {
    this.everyCamera = every_camera;
    this.areas = areas;
    this.scenes = scenes;
    this.units.replace(units);
    this.things = things;
    this.thing = things.find((one) => one.kind === this.thing?.kind && one.key === this.thing.key) ?? null;
    const states = new Map(cameras.map((one) => [keyOf(one), one]));
    this.#cameras = new Map(places.map((place) => [keyOf(place), {
      ...place, key: keyOf(place), neighbourhood: neighbourhood(place.address), ...this.#state(states.get(keyOf(place))),
    }]));
    this.#incidents = new Map();
    for (const one of incidents) this.came(one);
  }

  /** States of some cameras, as the stream tells them. */
  put(cameras) {
    for (const one of cameras) {
      const known = this.#cameras.get(keyOf(one));
      if (known) this.#cameras.set(known.key, { ...known, ...this.#state(one) });
    }
  }

  /** An incident came or changed; true when it is one that goes on and was not known. */
  came(incident) {
    const before = this.#incidents.get(incident.incident_id);
    if (before && before.revision > incident.revision) return false;
    if (sectionOf(incident) !== "running" || !incident.place) this.#incidents.delete(incident.incident_id);
    else this.#incidents.set(incident.incident_id, incident);
    return !before && this.#incidents.has(incident.incident_id);
  }

  knows(incident) {
    return this.#cameras.has(keyOf(incident));
  }

  get(key) {
    return this.#cameras.get(key);
  }

  get cameras() {
    return [...this.#cameras.values()];
  }

  /** Things of the kinds that are shown. */
  get drawnThings() {
    return this.things.filter((one) => this.kinds.has(one.kind));
  }

  get drawn() {
    return this.cameras.filter((one) => this.shown.has(one.state));
  }

  /** Worst first, then newest. */
  get incidents() {
    return [...this.#incidents.values()].sort((a, b) =>
      (WEIGHT[b.severity] ?? 0) - (WEIGHT[a.severity] ?? 0) || (a.opened_at < b.opened_at ? 1 : -1));
  }

  incidentsOf(key) {
    return this.incidents.filter((one) => keyOf(one) === key);
  }

  /** How many of them are in each state. */
  counts(cameras = this.cameras) {
    const found = { up: 0, degraded: 0, down: 0, unknown: 0 };
    for (const one of cameras) found[one.state] += 1;
    return found;
  }

  #state(row) {
    return row
      ? { state: seen(row), fault: row.fault, since: row.state_at, online: row.online }
      : { state: "up", fault: null, since: null, online: true }; // Only what is not up is told.
  }
}

/** The state that matters most among cameras. */
export const worst = (cameras) => cameras.reduce((all, one) => (RANK[one.state] < RANK[all] ? one.state : all), "up");

/** The severity that matters most among incidents. */
export const gravest = (incidents) =>
  incidents.reduce((all, one) => ((WEIGHT[one.severity] ?? 0) > (WEIGHT[all] ?? 0) ? one.severity : all), "minor");
