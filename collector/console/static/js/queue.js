// The list of incidents. It grows while somebody reads it, so rows are moved, never rebuilt at large.

import { $, h, shape } from "./dom.js";
import { inLanguage, span, t, when, word } from "./locale.js";
import { grouped, progress, SECTIONS, sectionOf } from "./model.js";
import { thumbnail } from "./still.js";

const SIGN = { good: "✓", wait: "…", bad: "✕" };

/** "police ✓ acknowledged 0.2 s" as a mark. */
function deliveryMark(delivery) {
  const how = progress(delivery);
  return h("span", { class: `mark ${how}` },
    h("b", { "aria-hidden": "true" }, SIGN[how]),
    `${word("agency", delivery.agency)} ${word("delivery", delivery.state)} ${how === "good" ? span(delivery.seconds) : ""}`.trim());
}

export class Queue {
  #rows = new Map(); // id -> {element, face}: `face` is what it was drawn from
  #incidents;
  #unseen = new Set();
  #select;
  #list = $("#rows");
  #frame = $("#rows-frame");
  #fresh = $("#fresh");
  #groups;
  #filter;
  #leaders = new Map(); // id -> how many others stand behind it
  #opened = new Set(); // Leaders whose group is shown whole.

  /** `filter`: {on, fits(incident), clear()}. */
  constructor(incidents, select, more, filter) {
    this.#incidents = incidents;
    this.#select = select;
    this.#filter = filter;
    this.order = localStorage.getItem("order") === "time" ? "time" : "severity";
    this.grouping = localStorage.getItem("grouping") !== "off";
    this.#groups = Object.fromEntries(SECTIONS.map((name) => [name, h("div", { role: "group", "aria-labelledby": `${name}-title` })]));
    this.titles = Object.fromEntries(SECTIONS.map((name) => [name, h("h3", { id: `${name}-title`, role: "presentation" })]));
    this.#list.replaceChildren(...Object.values(this.#groups));
    this.#list.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (!row) return;
      if (event.target.closest(".others")) this.#turn(row.dataset.id);
      this.#select(row.dataset.id, true);
    });
    this.#bindSwitches();
    this.#frame.addEventListener("scroll", () => {
      if (this.#frame.scrollTop < 8) this.#fresh.hidden = true;
    }, { passive: true });
    this.#fresh.addEventListener("click", () => {
      this.#frame.scrollTo({ top: 0 });
      this.#fresh.hidden = true;
      if (this.#hidden()) this.#filter.clear();
    });
    $("#order").addEventListener("click", () => {
      this.order = this.order === "time" ? "severity" : "time";
      localStorage.setItem("order", this.order);
      this.draw();
    });
    $("#more").addEventListener("click", more);
  }

  #bindSwitches() {
    const flip = (button, key, get, set) => {
      const draw = () => button.setAttribute("aria-pressed", String(get()));
      button.addEventListener("click", () => {
        set(!get());
        localStorage.setItem(key, get() ? "on" : "off");
        draw();
        this.draw();
        this.show(this.selected);
      });
      draw();
    };
    flip($("#grouping"), "grouping", () => this.grouping, (on) => { this.grouping = on; });
    this.#list.classList.toggle("dense", localStorage.getItem("dense") === "on");
    flip($("#dense"), "dense", () => this.#list.classList.contains("dense"), (on) => this.#list.classList.toggle("dense", on));
  }

  /** Keys → and ←: the group behind a row shown or put away; false where there is none. */
  expand(id, open) {
    const leader = this.#leaders.has(id) ? id : [...this.#leaders.keys()].find((one) => this.#behind(one).includes(id));
    if (!leader || this.#opened.has(leader) === open) return false;
    this.#turn(leader);
    this.#select(leader);
    return true;
  }

  #turn(id) {
    if (!this.#opened.delete(id)) this.#opened.add(id);
    this.draw();
  }

  #behind(id) {
    return this.#leaders.get(id) ?? [];
  }

  /** What came while the page was open and nobody has looked at yet. */
  get unseen() {
    return [...this.#unseen].map((id) => this.#incidents.get(id)).filter(Boolean);
  }

  /** Came while the page was open, not seen yet, and kept from sight by the filter. */
  #hidden() {
    return this.unseen.filter((one) => !this.#filter.fits(one)).length;
  }

  /** Where to go when this one leaves its place: the row below it, else the one above. */
  after(id) {
    const ids = this.ids;
    const at = ids.indexOf(id);
    return ids[at + 1] ?? ids[at - 1] ?? null;
  }

  /** A new one came while the page was open. */
  arrived(incident) {
    this.#unseen.add(incident.incident_id);
  }

  /** Ids from top to bottom. */
  get ids() {
    return [...this.#list.querySelectorAll(".row")].map((row) => row.dataset.id);
  }

  draw(selected = this.selected) {
    this.selected = selected;
    if (selected) this.#unseen.delete(selected);
    const sections = this.#incidents.sections(this.order, (one) => this.#filter.fits(one));
    const before = { top: this.#frame.scrollTop, height: this.#frame.scrollHeight };
    this.#leaders.clear();
    let added = 0;
    const shown = new Set();
    for (const name of SECTIONS) added += this.#section(name, sections[name], shown);
    for (const [id, row] of this.#rows) {
      if (shown.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    this.#keepPlace(before, added);
    $("#order").textContent = t(this.order === "time" ? "queue.by_time" : "queue.by_severity");
    $("#empty").hidden = this.#rows.size > 0;
    const active = this.#rows.get(selected);
    if (active) this.#list.setAttribute("aria-activedescendant", active.element.id);
    else this.#list.removeAttribute("aria-activedescendant");
  }

  /** Bring a row into view without moving focus. */
  show(id) {
    this.#rows.get(id)?.element.scrollIntoView({ block: "nearest" });
  }

  #section(name, incidents, shown) {
    const group = this.#groups[name];
    group.hidden = incidents.length === 0;
    this.titles[name].textContent = t(`queue.${name}`, { n: incidents.length });
    if (group.firstChild !== this.titles[name]) group.prepend(this.titles[name]);
    let added = 0;
    let place = this.titles[name];
    for (const incident of this.#inGroups(incidents)) {
      added += this.#row(incident) ? 1 : 0;
      shown.add(incident.incident_id);
      const { element } = this.#rows.get(incident.incident_id);
      if (place.nextSibling !== element) place.after(element);
      place = element;
    }
    return added;
  }

  /** Leaders, and behind those that are opened the others. */
  #inGroups(incidents) {
    if (!this.grouping) return incidents;
    return grouped(incidents).flatMap((group) => {
      if (group.length < 2) return group;
      const ids = group.map((one) => one.incident_id);
      // What is open stays open when a newer one comes to stand before it.
      const open = ids.some((id) => this.#opened.has(id)) || ids.slice(1).includes(this.selected);
      this.#leaders.set(ids[0], ids.slice(1));
      for (const id of ids) this.#opened.delete(id);
      if (open) this.#opened.add(ids[0]);
      return open ? group : group.slice(0, 1);
    });
  }

  /** Draws one row when what it shows has changed; true when it is a new row. */
  #row(incident) {
    const id = incident.incident_id;
    const selected = id === this.selected;
    const behind = this.#behind(id);
    const unseen = this.#unseen.has(id) || behind.some((one) => this.#unseen.has(one));
    const others = behind.length;
    const open = this.#opened.has(id);
    const face = JSON.stringify([incident, unseen, others, open]);
    let row = this.#rows.get(id);
    const isNew = !row;
    if (isNew) {
      row = { element: h("div", { role: "option", id: `row-${id}`, "data-id": id }), face: "" };
      this.#rows.set(id, row);
    }
    if (row.face !== face) {
      const picture = row.still === incident.still && row.picture ? row.picture : thumbnail(incident, t("still.none"));
      Object.assign(row, { face, still: incident.still, picture });
      row.element.replaceChildren(...this.#content(incident, picture, unseen, others, open));
    }
    row.element.className = `row ${incident.severity}${sectionOf(incident) === "over" ? " over" : ""}${unseen ? " arrived" : ""}`;
    row.element.setAttribute("aria-selected", String(selected));
    return isNew;
  }

  #content(incident, picture, unseen, others, open) {
    const where = [inLanguage(incident.camera_title), incident.place?.address].filter(Boolean).join(" · ");
    return [
      picture,
      h("div", { class: "text" },
        h("div", { class: "head" },
          shape(incident.severity, word("severity", incident.severity)),
          h("span", { class: "type" }, word("type", incident.type)),
          h("time", { datetime: incident.opened_at }, when(incident.opened_at))),
        h("div", { class: "where" }, where),
        h("div", { class: "says" }, inLanguage(incident.text)),
        h("div", { class: "marks" },
          unseen && h("span", { class: "mark new" }, t("queue.new")),
          others > 0 && h("span", { class: "mark others" }, h("b", { "aria-hidden": "true" }, open ? "▾" : "▸"), t("queue.others", { n: others })),
          incident.drill && h("span", { class: "mark drill" }, t("incident.drill")),
          incident.waits && sectionOf(incident) !== "over" && h("span", { class: "mark unconfirmed" }, t("plates.unconfirmed")),
          h("span", { class: "mark" }, word("state", incident.state)),
          incident.deliveries.map(deliveryMark))),
    ];
  }

  /** What is being read stays where it is; what came in above, or is filtered out, is announced instead. */
  #keepPlace(before, added) {
    const hidden = this.#hidden();
    if (hidden) {
      this.#fresh.hidden = false;
      this.#fresh.textContent = t("queue.hidden", { n: hidden });
      return;
    }
    if (before.top < 8 || !before.height) {
      this.#fresh.hidden = true;
      return;
    }
    const grown = this.#frame.scrollHeight - before.height;
    if (this.#frame.scrollTop === before.top && grown) this.#frame.scrollTop = before.top + grown;
    const waiting = this.#unseen.size;
    if (added && waiting) {
      this.#fresh.hidden = false;
      this.#fresh.textContent = t("queue.fresh", { n: waiting });
    }
  }
}
