// What the page knows: incidents by id, in the order in which they are to be seen. No elements here.

const WEIGHT = { severe: 3, moderate: 2, minor: 1 };

/** Nothing goes on any more, or a person has closed it. */
export const isOver = (incident) => incident.ended_at !== null || ["closed", "rejected"].includes(incident.state);

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

  /** All that is known from now on; returns the ids that were not known before. */
  replace(incidents) {
    const before = this.#known;
    this.#known = new Map();
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

  /** What goes on, in the asked order; then what is over, newest first. */
  sections(order) {
    const all = [...this.#known.values()];
    return {
      running: inOrder(all.filter((one) => !isOver(one)), order),
      over: inOrder(all.filter(isOver), "time"),
    };
  }
}

/** How far an agency is with a delivery: good, wait or bad. */
export function progress(delivery) {
  if (["received", "accepted"].includes(delivery.state)) return "good";
  return ["failed", "refused"].includes(delivery.state) ? "bad" : "wait";
}
