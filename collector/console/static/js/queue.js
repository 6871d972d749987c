// The list of incidents. It grows while somebody reads it, so rows are moved, never rebuilt at large.

import { $, h, shape } from "./dom.js";
import { inLanguage, span, t, when, word } from "./locale.js";
import { isOver, progress } from "./model.js";
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

  constructor(incidents, select, more) {
    this.#incidents = incidents;
    this.#select = select;
    this.order = localStorage.getItem("order") === "time" ? "time" : "severity";
    this.#groups = {
      running: h("div", { role: "group", "aria-labelledby": "running-title" }),
      over: h("div", { role: "group", "aria-labelledby": "over-title" }),
    };
    this.titles = { running: h("h3", { id: "running-title", role: "presentation" }), over: h("h3", { id: "over-title", role: "presentation" }) };
    this.#list.replaceChildren(this.#groups.running, this.#groups.over);
    this.#list.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (row) this.#select(row.dataset.id, true);
    });
    this.#frame.addEventListener("scroll", () => {
      if (this.#frame.scrollTop < 8) this.#fresh.hidden = true;
    }, { passive: true });
    this.#fresh.addEventListener("click", () => {
      this.#frame.scrollTo({ top: 0 });
      this.#fresh.hidden = true;
    });
    $("#order").addEventListener("click", () => {
      this.order = this.order === "time" ? "severity" : "time";
      localStorage.setItem("order", this.order);
      this.draw();
    });
    $("#more").addEventListener("click", more);
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
    const sections = this.#incidents.sections(this.order);
    const before = { top: this.#frame.scrollTop, height: this.#frame.scrollHeight };
    let added = 0;
    for (const name of ["running", "over"]) added += this.#section(name, sections[name]);
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

  #section(name, incidents) {
    const group = this.#groups[name];
    group.hidden = incidents.length === 0;
    this.titles[name].textContent = t(`queue.${name}`, { n: incidents.length });
    if (group.firstChild !== this.titles[name]) group.prepend(this.titles[name]);
    let added = 0;
    let place = this.titles[name];
    for (const incident of incidents) {
      added += this.#row(incident) ? 1 : 0;
      const { element } = this.#rows.get(incident.incident_id);
      if (place.nextSibling !== element) place.after(element);
      place = element;
    }
    return added;
  }

  /** Draws one row when what it shows has changed; true when it is a new row. */
  #row(incident) {
    const id = incident.incident_id;
    const selected = id === this.selected;
    const unseen = this.#unseen.has(id);
    const face = JSON.stringify([incident, unseen]);
    let row = this.#rows.get(id);
    const isNew = !row;
    if (isNew) {
      row = { element: h("div", { role: "option", id: `row-${id}`, "data-id": id }), face: "" };
      this.#rows.set(id, row);
    }
    if (row.face !== face) {
      const picture = row.still === incident.still && row.picture ? row.picture : thumbnail(incident, t("still.none"));
      Object.assign(row, { face, still: incident.still, picture });
      row.element.replaceChildren(...this.#content(incident, picture, unseen));
    }
    row.element.className = `row ${incident.severity}${isOver(incident) ? " over" : ""}${unseen ? " arrived" : ""}`;
    row.element.setAttribute("aria-selected", String(selected));
    return isNew;
  }

  #content(incident, picture, unseen) {
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
          incident.drill && h("span", { class: "mark drill" }, t("incident.drill")),
          h("span", { class: "mark" }, word("state", incident.state)),
          incident.deliveries.map(deliveryMark))),
    ];
  }

  /** What is being read stays where it is; what came in above is announced instead. */
  #keepPlace(before, added) {
    if (before.top < 8 || !before.height) return;
    const grown = this.#frame.scrollHeight - before.height;
    if (this.#frame.scrollTop === before.top && grown) this.#frame.scrollTop = before.top + grown;
    const waiting = this.#unseen.size;
    if (added && waiting) {
      this.#fresh.hidden = false;
      this.#fresh.textContent = t("queue.fresh", { n: waiting });
    }
  }
}
