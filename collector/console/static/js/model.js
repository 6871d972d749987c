// What the page knows: incidents by id, in the order in which they are to be seen. No elements here.

const WEIGHT = { severe: 3, moderate: 2, minor: 1 };

const UNDECIDED = ["open", "notified", "acknowledged"];

/** `running`: it goes on; `waiting`: it has ended, and nobody has decided on it; else `over`. */
export function sectionOf(incident) {
  if (["closed", "rejected"].includes(incident.state)) return "over";
  if (incident.ended_at === null) return "running";
  return UNDECIDED.includes(incident.state) ? "waiting" : "over";
}

export const SECTIONS = ["running", "waiting", "over"];

/** `severity`: worst first, then newest; `time`: newest first. */
export function inOrder(incidents, order) {
  const newest = (a, b) => (a.opened_at < b.opened_at ? 1 : a.opened_at > b.opened_at ? -1 : 0);
  const worst = (a, b) => (WEIGHT[b.severity] ?? 0) - (WEIGHT[a.severity] ?? 0) || newest(a, b);
  return [...incidents].sort(order === "severity" ? worst : newest);
}

export class Incidents {
  #known = new Map();

  /** True when it was not known before; an older revision changes nothing, and a picture that is here stays. */
  put(incident) {
    const before = this.#known.get(incident.incident_id);
    if (before && before.revision > incident.revision) return false;
    const here = before?.still && before.still_sha256 === incident.still_sha256;
    this.#known.set(incident.incident_id, here ? { ...incident, still: before.still } : incident);
    return !before;
  }

  /**
   * All that is known from now on, beside what came `meanwhile` (ids), while this answer was on its
   * way; returns the ids that were not known before.
   */
  replace(incidents, meanwhile) {
    const before = this.#known;
    const stay = new Set([...incidents.map((one) => one.incident_id), ...meanwhile]);
    this.#known = new Map([...before].filter(([id]) => stay.has(id)));
    for (const incident of incidents) this.put(incident);
    return [...this.#known.keys()].filter((id) => !before.has(id));
  }

  /** A picture has come: those that wait for it, now with it. */
  stillCame(sha256) {
    const waiting = [...this.#known.values()].filter((one) => one.still_sha256 === sha256 && !one.still);
    for (const one of waiting) this.#known.set(one.incident_id, { ...one, still: one.still_url });
    return waiting.map((one) => one.incident_id);
  }

  get(id) {
    return this.#known.get(id);
  }

  get all() {
    return [...this.#known.values()];
  }

  get size() {
    return this.#known.size;
  }

  /** By section: what goes on and what waits in the asked order, what is over newest first. */
  sections(order, fits) {
    const found = Object.fromEntries(SECTIONS.map((name) => [name, []]));
    for (const one of this.#known.values()) if (fits(one)) found[sectionOf(one)].push(one);
    return { running: inOrder(found.running, order), waiting: inOrder(found.waiting, order), over: inOrder(found.over, "time") };
  }
}

/** Those of the same camera and type together, where the first of them stands: [[leader, ...more], ...]. */
export function grouped(incidents) {
  const groups = new Map();
  for (const one of incidents) {
    // Each read that waits for a person's confirmation stands for itself.
    const key = `${one.device}/${one.camera}/${one.type}/${one.waits ? one.incident_id : ""}`;
    if (groups.has(key)) groups.get(key).push(one);
    else groups.set(key, [one]);
  }
  return [...groups.values()];
}

/** How far an agency is with a delivery: good, wait or bad. */
export function progress(delivery) {
  if (["received", "accepted"].includes(delivery.state)) return "good";
  return ["failed", "refused"].includes(delivery.state) ? "bad" : "wait";
}
