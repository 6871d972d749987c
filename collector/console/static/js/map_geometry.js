// What lies where: pure, no elements. Positions are WGS84 degrees, `x` and `y` pixels of the world.

const METRES_A_DEGREE = 111_195; // Of latitude, on the mean earth radius of IUGG 1980.

/** Metres between two positions of a city, which is taken as flat. */
export function metres(a, b) {
  const north = (a.lat - b.lat) * METRES_A_DEGREE;
  const east = (a.lon - b.lon) * METRES_A_DEGREE * Math.cos((a.lat * Math.PI) / 180);
  return Math.hypot(north, east);
}

/** Whether an area ({polygon: [[lat, lon], …]} or {circle: [lat, lon, metres]}) holds a position. */
export function holds(area, { lat, lon }) {
  if (area.circle) {
    const [y, x, radius] = area.circle;
    return metres({ lat, lon }, { lat: y, lon: x }) <= radius;
  }
  // Even-odd rule: each side that a ray to the east crosses changes the answer.
  let inside = false;
  area.polygon.forEach(([lat1, lon1], at) => {
    const [lat2, lon2] = area.polygon[(at + 1) % area.polygon.length];
    if (lat1 > lat !== lat2 > lat && lon < lon1 + ((lat - lat1) / (lat2 - lat1)) * (lon2 - lon1)) inside = !inside;
  });
  return inside;
}

/** The middle of an area. */
export function middle(area) {
  if (area.circle) return { lat: area.circle[0], lon: area.circle[1] };
  const n = area.polygon.length;
  const sum = (at) => area.polygon.reduce((all, corner) => all + corner[at], 0) / n;
  return { lat: sum(0), lon: sum(1) };
}

/** [[south, west], [north, east]] of what has `lat` and `lon`; null of nothing. */
export function boundsOf(things) {
  if (!things.length) return null;
  const found = [[90, 180], [-90, -180]];
  for (const { lat, lon } of things) {
    found[0] = [Math.min(found[0][0], lat), Math.min(found[0][1], lon)];
    found[1] = [Math.max(found[1][0], lat), Math.max(found[1][1], lon)];
  }
  return found;
}

/** Bounds of an area. */
export function boundsOfArea(area) {
  if (!area.circle) return boundsOf(area.polygon.map(([lat, lon]) => ({ lat, lon })));
  const [lat, lon, radius] = area.circle;
  const north = radius / METRES_A_DEGREE;
  const east = north / Math.cos((lat * Math.PI) / 180);
  return [[lat - north, lon - east], [lat + north, lon + east]];
}

/**
 * Things ({x, y}) that lie in one cell of a fixed grid of `size` pixels; where it is 0, at one spot.
 * Returns [{x, y, members}], each at the middle of its members.
 */
export function grouped(things, size) {
  const cells = new Map();
  for (const one of things) {
    const key = size ? `${Math.floor(one.x / size)},${Math.floor(one.y / size)}` : `${one.x.toFixed(1)},${one.y.toFixed(1)}`;
    const cell = cells.get(key);
    if (cell) cell.push(one);
    else cells.set(key, [one]);
  }
  return [...cells.values()].map((members) => ({
    x: members.reduce((all, one) => all + one.x, 0) / members.length,
    y: members.reduce((all, one) => all + one.y, 0) / members.length,
    members,
  }));
}

/** 1, 2 or 5 times a power of ten, the least that is not below `least`. */
export function roundAbove(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= least);
}

/** Direction from a camera, clockwise from north, of a pixel beside it. */
export const directionOf = (dx, dy) => ((Math.atan2(dx, -dy) * 180) / Math.PI + 360) % 360;

/** Whether a pixel beside a camera lies in its view; `reach` in pixels. */
export function inView(place, dx, dy, reach) {
  if (Math.hypot(dx, dy) > reach || (place.bearing_deg === null && place.fov_deg < 360)) return false;
  if (place.fov_deg >= 360) return true;
  const off = Math.abs(((directionOf(dx, dy) - place.bearing_deg + 540) % 360) - 180);
  return off <= place.fov_deg / 2;
}

/**
 * The area that lines of "lat, lon" mean: one with a radius a circle, two a rectangle, more a polygon.
 * Raises Error whose message is the number of the line that cannot be used (0: too few lines).
 */
export function areaOf(text) {
  const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
  const rows = lines.map((line, at) => {
    const numbers = line.split(/[\s,]+/).map(Number);
    const [lat, lon, radius] = numbers;
    const wanted = lines.length === 1 ? 3 : 2;
    const fits = numbers.length === wanted && numbers.every(Number.isFinite) && Math.abs(lat) <= 90 && Math.abs(lon) <= 180;
    if (!fits || (wanted === 3 && !(radius > 0 && radius <= 100_000))) throw new Error(String(at + 1));
    return numbers;
  });
  if (rows.length === 1) return { circle: rows[0] };
  if (rows.length === 2) return rectangleOf(rows[0], rows[1]);
  if (rows.length < 2) throw new Error("0");
  return { polygon: rows };
}

/** The rectangle between two corners. */
export const rectangleOf = ([lat1, lon1], [lat2, lon2]) => ({
  polygon: [[lat1, lon1], [lat1, lon2], [lat2, lon2], [lat2, lon1]],
});

/** The lines that mean an area. */
export const linesOf = (area) =>
  (area.circle ? [area.circle] : area.polygon)
    .map(([lat, lon, ...more]) => [lat.toFixed(6), lon.toFixed(6), ...more.map(Math.round)].join(", "))
    .join("\n");
