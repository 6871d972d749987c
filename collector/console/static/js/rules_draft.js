// A camera's zones, lines and rules while they are drawn: plain JSON as the box takes it, and undo.

const MOST_STEPS = 200;
const copy = (value) => JSON.parse(JSON.stringify(value));
const round = (n) => Math.round(Math.min(1, Math.max(0, n)) * 10_000) / 10_000;

export class Draft {
  zones = [];
  lines = [];
  rules = [];
  sha256 = ""; // Of the rules that it was made of.
  #before = [];
  #changed;

  /** `changed()` is called after each change. */
  constructor(changed) {
    this.#changed = changed;
  }

  /** Begin with `configuration`; nothing can be undone. */
  load(configuration, sha256) {
    this.#take(configuration);
    this.#before = [];
    this.sha256 = sha256;
    this.#changed();
  }

  /** An earlier writing as a change of this draft. */
  replace(configuration) {
    this.change(() => this.#take(configuration));
  }

  get configuration() {
    return copy({ zones: this.zones, lines: this.lines, rules: this.rules });
  }

  get undoable() {
    return this.#before.length > 0;
  }

  /** `act()` changes the draft; undo takes it back whole. */
  change(act) {
    this.note();
    act();
    this.#changed();
  }

  /** Remember how it is, before several small steps that are one change. */
  note() {
    this.#before.push(this.configuration);
    if (this.#before.length > MOST_STEPS) this.#before.shift();
  }

  /** A small step of a change that was noted. */
  step(act) {
    act();
    this.#changed();
  }

  undo() {
    if (!this.undoable) return;
    this.#take(this.#before.pop());
    this.#changed();
  }

  #take(configuration) {
    for (const part of ["zones", "lines", "rules"]) this[part] = copy(configuration[part] ?? []);
  }

  /** The zone or line that a rule may name. */
  thing(kind, id) {
    return this[kind].find((one) => one.id === id);
  }

  points(kind, id) {
    const one = this.thing(kind, id);
    return kind === "zones" ? one?.polygon : one?.points;
  }

  freshId(part, stem) {
    for (let n = 1; ; n += 1) if (!this[part].some((one) => one.id === `${stem}-${n}`)) return `${stem}-${n}`;
  }

  addShape(kind, points) {
    const id = this.freshId(kind, kind === "zones" ? "zone" : "line");
    const drawn = points.map((point) => point.map(round));
    this.change(() => this[kind].push(kind === "zones" ? { id, polygon: drawn } : { id, points: drawn }));
    return id;
  }

  /** The points of an arrow are moved like others, under the part `arrow`. */
  move(kind, id, number, point, part = "points") {
    const points = part === "arrow" ? this.thing(kind, id).direction : this.points(kind, id);
    this.step(() => { points[number] = point.map(round); });
  }

  insert(kind, id, after) {
    const points = this.points(kind, id);
    const [a, b] = [points[after], points[(after + 1) % points.length]];
    this.change(() => points.splice(after + 1, 0, [round((a[0] + b[0]) / 2), round((a[1] + b[1]) / 2)]));
  }

  dropPoint(kind, id, number) {
    this.change(() => this.points(kind, id).splice(number, 1));
  }

  dropShape(kind, id) {
    this.change(() => { this[kind] = this[kind].filter((one) => one.id !== id); });
  }

  /** Ready zones and rules; what the draft has of the same id stays. */
  addReady(ready) {
    this.change(() => {
      for (const part of ["zones", "rules"]) {
        const ids = new Set(this[part].map((one) => one.id));
        this[part].push(...copy(ready[part].filter((one) => !ids.has(one.id))));
      }
    });
  }

  /** Rules that name a shape go on naming it. */
  rename(kind, id, fresh) {
    const key = kind === "zones" ? "zone" : "line";
    this.change(() => {
      this.thing(kind, id).id = fresh;
      for (const rule of this.rules) if (rule[key] === id) rule[key] = fresh;
    });
  }

  /** An arrow across the zone, or none. */
  toggleArrow(id) {
    const zone = this.thing("zones", id);
    this.change(() => {
      if (zone.direction) delete zone.direction;
      else {
        const xs = zone.polygon.map(([x]) => x);
        const ys = zone.polygon.map(([, y]) => y);
        const x = (Math.min(...xs) + Math.max(...xs)) / 2;
        zone.direction = [[round(x), round(Math.max(...ys))], [round(x), round(Math.min(...ys))]];
      }
    });
  }

  turn(id) {
    this.change(() => this.points("lines", id).reverse());
  }
}
