// What is on the map beside cameras and incidents: units on their way, boards and other things.

import { inLanguage, span, t } from "./locale.js";
import { KINDS, worst } from "./map_city.js";
import { grouped } from "./map_geometry.js";
import { thingAt, unitAt } from "./map_symbols.js";

const OLD_S = 120; // A unit that has said nothing for so long may be elsewhere by now.
const CELL = 40; // Pixels within which things of one kind stand together.
const LONGEST = 24; // Letters of a unit's name on the map; the list beside it has all.
const NAMED_FROM = 17; // Zoom from which a thing's name is written.

const ageOf = (unit) => (performance.now() - unit.heard) / 1000;
export const isOld = (unit) => ageOf(unit) > OLD_S;

/** How old its position is, and how far it has to go. */
export const wordsOf = (unit) =>
  [t("map.ago", { span: span(ageOf(unit)) }), unit.distance_m !== null && t("map.to_scene", { m: unit.distance_m })].filter(Boolean);

/** Units with name and age. Returns what can be pressed: [{box, found: {unit}}]. */
export function drawUnits(screen, units, write) {
  return units.map((unit) => {
    const [x, y] = screen.of(unit.lat, unit.lon);
    unitAt(screen.ctx, screen.colours, x, y, 13, isOld(unit));
    const box = [x - 14, y - 14, x + 14, y + 14];
    const colour = isOld(unit) ? screen.colours.quiet : screen.colours.text;
    const style = { size: 14, weight: 700, colour };
    const text = `${unit.unit.slice(0, LONGEST)} · ${wordsOf(unit)[0]}`;
    write(text, x + 19, y, { ...style, align: "left" }, box) || write(text, x, y + 24, style) || write(text, x, y - 24, style);
    return { box, found: { unit } };
  });
}

/** Boards and the like; those near each other as one with their number. Returns what can be pressed. */
export function drawThings(screen, things, selected, write) {
  return KINDS.flatMap((kind) => {
    const placed = things.filter((one) => one.kind === kind).map((thing) => {
      const [x, y] = screen.of(thing.lat, thing.lon);
      return { x, y, thing };
    }).filter(({ x, y }) => x > -50 && y > -50 && x < screen.width + 50 && y < screen.height + 50);
    return grouped(placed, CELL).map(({ x, y, members }) => {
      const found = members.map((one) => one.thing);
      thingAt(screen.ctx, screen.colours, x, y, kind, worst(found), found.includes(selected));
      const box = [x - 13, y - 10, x + 13, y + 10];
      if (found.length > 1) write(`×${found.length}`, x + 17, y, { size: 12, weight: 700, align: "left" }, box);
      else write(screen.zoom >= NAMED_FROM ? inLanguage(found[0].title) : "", x, y + 20, { size: 13 }, box);
      return { box, found: { things: found } };
    });
  });
}
