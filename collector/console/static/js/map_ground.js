// The ground without tiles: a grid in metres, streets, hydrants and hazards of the layer file, areas.

import { roundAbove } from "./map_geometry.js";
import { wordsAt } from "./map_symbols.js";

const LEAST_CELL = 110; // Pixels between two lines of the grid.
const METRES_A_DEGREE = 111_195;
const SPOTS_FROM = 16; // Zoom from which hydrants and hazards are drawn.

/** Lines every so many metres, the same ones wherever the map is moved. */
export function drawGrid({ ctx, width, height, colours, of, pixels }, centre) {
  const step = roundAbove(LEAST_CELL / pixels(1, centre.lat));
  const north = step / METRES_A_DEGREE;
  // One latitude for the whole view, so that lines stay straight and move by no rounding.
  const east = north / Math.cos((Math.round(centre.lat) * Math.PI) / 180);
  ctx.strokeStyle = colours.line;
  ctx.lineWidth = 1;
  ctx.beginPath();
  const cell = pixels(step, centre.lat);
  const across = Math.ceil(width / cell / 2) + 1;
  const along = Math.ceil(height / cell / 2) + 1;
  const [lat0, lon0] = [Math.round(centre.lat / north), Math.round(centre.lng / east)];
  for (let n = -across; n <= across; n += 1) {
    const x = Math.round(of(centre.lat, (lon0 + n) * east)[0]) + 0.5;
    ctx.moveTo(x, 0);
    ctx.lineTo(x, height);
  }
  for (let n = -along; n <= along; n += 1) {
    const y = Math.round(of((lat0 + n) * north, centre.lng)[1]) + 0.5;
    ctx.moveTo(0, y);
    ctx.lineTo(width, y);
  }
  ctx.stroke();
}

/** Streets in their width, at least a line; their names and the spots where there is room for them. */
export function drawStreets({ ctx, colours, zoom, of, pixels }, ground, bounds) {
  const view = bounds.pad(0.2);
  const inside = ([lat, lon]) => view.contains([lat, lon]);
  const crosses = (line) => view.intersects(L.latLngBounds(line));
  ctx.strokeStyle = colours.strong;
  ctx.lineJoin = ctx.lineCap = "round";
  for (const [width, , line] of ground.streets) {
    if (!crosses(line)) continue;
    ctx.globalAlpha = 0.45;
    ctx.lineWidth = Math.max(1, pixels(width, line[0][0]));
    ctx.beginPath();
    for (const [lat, lon] of line) ctx.lineTo(...of(lat, lon));
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
  ctx.lineCap = "butt";
  if (zoom < SPOTS_FROM) return;
  for (const [, name, line] of ground.streets) {
    const at = line[Math.floor(line.length / 2)];
    if (name && inside(at)) wordsAt(ctx, colours, name, ...of(...at), { size: 12, weight: 400, colour: colours.quiet });
  }
  for (const [sign, colour, spots] of [["◆", colours.accent, ground.hydrants], ["▲", colours.camera.degraded, ground.hazards]]) {
    for (const [lat, lon, text] of spots) {
      if (!inside([lat, lon])) continue;
      const [x, y] = of(lat, lon);
      wordsAt(ctx, colours, sign, x, y, { size: 13, colour });
      if (zoom > SPOTS_FROM) wordsAt(ctx, colours, text, x, y + 15, { size: 11, weight: 400, colour: colours.quiet });
    }
  }
}

/** An area that cameras are chosen by; while it is drawn its corners are marked. */
export function drawArea({ ctx, colours, of, pixels }, area, draft = false) {
  ctx.beginPath();
  if (area.circle) {
    const [lat, lon, radius] = area.circle;
    ctx.arc(...of(lat, lon), pixels(radius, lat), 0, 2 * Math.PI);
  } else {
    for (const [lat, lon] of area.polygon) ctx.lineTo(...of(lat, lon));
    ctx.closePath();
  }
  ctx.fillStyle = ctx.strokeStyle = colours.accent;
  ctx.globalAlpha = 0.1;
  ctx.fill();
  ctx.globalAlpha = 1;
  ctx.lineWidth = 2;
  ctx.setLineDash(draft ? [6, 4] : []);
  ctx.stroke();
  ctx.setLineDash([]);
  if (!draft) return;
  for (const [lat, lon] of area.polygon) {
    const [x, y] = of(lat, lon);
    ctx.fillRect(x - 4, y - 4, 8, 8);
  }
}
