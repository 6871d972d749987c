// The city on one canvas over Leaflet's panes: two thousand cameras are drawn anew in a few ms.

import { inLanguage, t, word } from "./locale.js";
import { gravest, worst } from "./map_city.js";
import { drawArea } from "./map_ground.js";
import { grouped, inView } from "./map_geometry.js";
import { drawThings, drawUnits } from "./map_others.js";
import { MapSurface } from "./map_surface.js";
import { clusterAt, lampAt, sceneAt, severityAt, wedgeAt, wordsAt } from "./map_symbols.js";

const ALONE_FROM = 17; // Zoom from which each pole is drawn by itself.
const CELL = 76; // Pixels of a cluster's cell.
const CELL_OF_INCIDENTS = 44;
const NAMED_FROM = 18; // Zoom from which each camera's name is written.
const LEAST_WEDGE = 12; // Pixels of reach below which a wedge says nothing.
const LIFT = 30; // Incidents stand so far above their camera.

export class CityCanvas extends MapSurface {
  #city;
  #at = null; // World pixels and groups, of one zoom.
  #groups = [];
  #taken = []; // Boxes in which something is written.
  #pressed = [];
  draft = null; // Corners of an area that is being drawn.

  constructor(map, city) {
    super(map);
    this.#city = city;
  }

  /** Cameras, states or what is shown of them changed. */
  changed() {
    this.#at = null;
    this.redraw();
  }

  /** What is at a point of the map's container: {incidents}, {scene}, {unit}, {things}, {cameras} or {cluster}; null. */
  under({ x, y }) {
    for (const one of this.#pressed) {
      if (x >= one.box[0] && x <= one.box[2] && y >= one.box[1] && y <= one.box[3]) return one.found;
    }
    const near = this.#groups
      .map((one) => ({ one, away: Math.hypot(one.sx - x, one.sy - y) }))
      .filter(({ one, away }) => away <= one.radius + 5)
      .sort((a, b) => a.away - b.away)[0]?.one;
    if (near) return near.pole ? { cameras: near.members } : { cluster: near.members };
    for (const group of this.#groups.filter((one) => one.pole)) {
      const hit = group.members.find((one) => inView(one, x - group.sx, y - group.sy, this.pixels(one.range_m, one.lat)));
      if (hit) return { cameras: [hit] };
    }
    return null;
  }

  /** Of this zoom, kept until the zoom or what is drawn changes. */
  #laid() {
    const zoom = this.map.getZoom();
    if (this.#at?.zoom === zoom) return this.#at;
    const things = this.#city.drawn.map((one) => ({ ...one, ...this.#xy(one) }));
    const groups = grouped(things, zoom >= ALONE_FROM ? 0 : CELL).map((group) => ({
      ...group,
      pole: group.members.every((one) => Math.hypot(one.x - group.x, one.y - group.y) < 0.5),
      counts: this.#city.counts(group.members),
    }));
    const names = new Map();
    for (const one of things) {
      if (one.neighbourhood) names.set(one.neighbourhood, [...(names.get(one.neighbourhood) ?? []), one]);
    }
    const neighbourhoods = [...names].map(([name, members]) => ({ name, ...grouped(members, 1e9)[0] }));
    return (this.#at = { zoom, groups, neighbourhoods });
  }

  #xy(one) {
    const { x, y } = this.project(one.lat, one.lon);
    return { x, y };
  }

  draw(screen) {
    const { corner } = screen;
    this.#taken = [];
    if (this.#city.area) drawArea(screen, this.#city.area);
    if (this.draft) drawArea(screen, { polygon: this.draft }, true);
    this.#cameras(screen, corner);
    this.#others(screen);
    this.#alarms(screen);
    this.#names(screen, corner);
  }

  #cameras(screen, corner) {
    const { ctx, width, height, colours, zoom } = screen;
    this.#groups = this.#laid().groups
      .map((one) => ({ ...one, sx: one.x - corner.x, sy: one.y - corner.y }))
      .filter(({ sx, sy }) => sx > -400 && sy > -400 && sx < width + 400 && sy < height + 400);
    const poles = this.#groups.filter((one) => one.pole);
    for (const pole of poles) {
      for (const one of pole.members) {
        const reach = this.pixels(one.range_m, one.lat);
        if (reach >= LEAST_WEDGE) wedgeAt(ctx, colours, pole.sx, pole.sy, one, reach);
      }
    }
    for (const group of this.#groups) {
      const { sx, sy, members } = group;
      group.radius = 9;
      if (!group.pole) group.radius = clusterAt(ctx, colours, sx, sy, group.counts);
      else lampAt(ctx, colours, sx, sy, worst(members), members.length > 1 ? 7 : 6);
      if (group.pole && members.length > 1) wordsAt(ctx, colours, `×${members.length}`, sx + 12, sy - 10, { size: 11, weight: 700, align: "left" });
      if (members.some((one) => one.key === this.#city.selected)) this.#ring(screen, sx, sy, group.radius + 5);
      this.#taken.push([sx - group.radius, sy - group.radius, sx + group.radius, sy + group.radius]);
    }
    if (zoom < NAMED_FROM) return;
    for (const { sx, sy, members } of poles) {
      const title = inLanguage(members[0].title);
      this.#write(screen, members.length > 1 ? t("map.and_more", { title, n: members.length - 1 }) : title, sx, sy + 20, { size: 13 });
    }
  }

  #ring({ ctx, colours }, x, y, radius) {
    ctx.beginPath();
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
    ctx.strokeStyle = colours.accent;
    ctx.lineWidth = 3;
    ctx.stroke();
  }

  /** Words where nothing else is written; true when there was room. */
  #write({ ctx, colours, width, height }, text, x, y, style) {
    ctx.font = `${style.weight ?? 600} ${style.size}px ${colours.font}`;
    const wide = ctx.measureText(text).width;
    const left = style.align === "left" ? x : x - wide / 2;
    const box = [left - 2, y - style.size * 0.6, left + wide + 2, y + style.size * 0.6];
    if (box[0] > width || box[1] > height || box[2] < 0 || box[3] < 0) return false;
    if (this.#taken.some((one) => box[0] < one[2] && box[2] > one[0] && box[1] < one[3] && box[3] > one[1])) return false;
    this.#taken.push(box);
    wordsAt(ctx, colours, text, x, y, style);
    return true;
  }

  #names(screen, corner) {
    if (this.tiled || screen.zoom >= NAMED_FROM) return;
    for (const { name, x, y } of this.#laid().neighbourhoods) {
      const [sx, sy] = [x - corner.x, y - corner.y];
      const style = { size: 15, weight: 700, colour: screen.colours.quiet };
      this.#write(screen, name, sx, sy, style) || this.#write(screen, name, sx, sy + 30, style) || this.#write(screen, name, sx, sy - 30, style);
    }
  }

  #others(screen) {
    const write = (text, x, y, style, box) => {
      if (box) this.#taken.push(box);
      return !text || this.#write(screen, text, x, y, style);
    };
    this.#pressed = [
      ...drawUnits(screen, this.#city.units.all, write),
      ...drawThings(screen, this.#city.drawnThings, this.#city.thing, write),
    ];
  }

  /** What goes on stands above its camera with a stem; what is near each other stands together. */
  #alarms(screen) {
    const { ctx, colours } = screen;
    const things = this.#city.incidents.map((incident) => {
      const [x, y] = screen.of(incident.place.lat, incident.place.lon);
      return { x, y, incident };
    });
    for (const scene of this.#city.scenes) {
      const [x, y] = screen.of(scene.lat, scene.lon);
      const reach = this.pixels(scene.accuracy_m, scene.lat);
      if (reach > 12) this.#ring(screen, x, y, reach);
      sceneAt(ctx, colours, x, y, 12);
      this.#pressed.push({ box: [x - 13, y - 13, x + 13, y + 13], found: { scene } });
      this.#taken.push([x - 13, y - 13, x + 13, y + 13]);
      this.#write(screen, `${word("service", scene.service)} ${scene.case}`, x + 17, y, { size: 13, weight: 700, align: "left" });
    }
    for (const { x, y, members } of grouped(things, CELL_OF_INCIDENTS)) {
      const incidents = members.map((one) => one.incident);
      const severity = gravest(incidents);
      const top = y - LIFT;
      ctx.strokeStyle = colours.severity[severity] ?? colours.severity.minor;
      ctx.lineWidth = 3;
      ctx.beginPath();
      ctx.moveTo(x, y - 8);
      ctx.lineTo(x, top);
      ctx.stroke();
      severityAt(ctx, colours, x, top, severity, 14);
      this.#taken.push([x - 15, top - 15, x + 15, top + 15]);
      const first = incidents.find((one) => one.severity === severity);
      const type = word("type", first.type);
      const text = incidents.length > 1 ? t("map.and_more_incidents", { type, n: incidents.length - 1 }) : type;
      const written = this.#write(screen, text, x + 19, top, { size: 15, weight: 700, align: "left" });
      const right = written ? x + 19 + ctx.measureText(text).width : x + 15;
      this.#pressed.unshift({ box: [x - 15, top - 15, right, top + 15], found: { incidents } });
    }
  }
}
