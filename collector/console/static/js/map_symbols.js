// Signs on the map's canvas: the same shapes as the lamps and severities of the other pages.

const FULL = 2 * Math.PI;

/** The page's colours, read anew when they change. */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    font: getComputedStyle(document.body).fontFamily,
    text: of("text"), quiet: of("quiet"), surface: of("surface"), ground: of("ground"), line: of("line"),
    strong: of("line-strong"), accent: of("accent"), onFill: of("on-fill"), onAccent: of("on-accent"),
    camera: { up: of("good"), degraded: of("moderate"), down: of("bad"), unknown: of("quiet") },
    severity: { severe: of("severe-fill"), moderate: of("moderate-fill"), minor: of("minor-fill") },
  };
}

function disc(ctx, x, y, radius, fill) {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, FULL);
  ctx.fillStyle = fill;
  ctx.fill();
}

/** A camera: filled when up, half when degraded, hollow with a stroke when down, dashed when unknown. */
export function lampAt(ctx, colours, x, y, state, radius = 6) {
  disc(ctx, x, y, radius + 2.5, colours.surface);
  const colour = colours.camera[state];
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2;
  ctx.setLineDash(state === "unknown" ? [3, 3] : []);
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, FULL);
  ctx.stroke();
  ctx.setLineDash([]);
  if (state === "up") disc(ctx, x, y, radius, colour);
  if (state === "degraded") {
    ctx.beginPath();
    ctx.arc(x, y, radius, -Math.PI / 2, Math.PI / 2);
    ctx.fillStyle = colour;
    ctx.fill();
  }
  if (state === "down") {
    ctx.beginPath();
    ctx.moveTo(x - radius * 0.6, y + radius * 0.6);
    ctx.lineTo(x + radius * 0.6, y - radius * 0.6);
    ctx.stroke();
  }
}

/** What a camera sees: a wedge from its mast, `reach` in pixels. */
export function wedgeAt(ctx, colours, x, y, place, reach) {
  const whole = place.fov_deg >= 360;
  if (place.bearing_deg === null && !whole) return;
  const axis = ((place.bearing_deg ?? 0) - 90) * (Math.PI / 180);
  const half = whole ? Math.PI : (place.fov_deg / 2) * (Math.PI / 180);
  ctx.beginPath();
  if (!whole) ctx.moveTo(x, y);
  ctx.arc(x, y, reach, axis - half, axis + half);
  ctx.closePath();
  ctx.fillStyle = ctx.strokeStyle = colours.camera[place.state];
  ctx.globalAlpha = 0.16;
  ctx.fill();
  ctx.globalAlpha = 0.7;
  ctx.lineWidth = 1;
  ctx.setLineDash(place.state === "up" ? [] : [4, 3]);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}

/** How many cameras, and round it which share of them is in which state. Returns its radius. */
export function clusterAt(ctx, colours, x, y, counts) {
  const all = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const radius = 13 + Math.min(9, Math.log2(all) * 1.3);
  disc(ctx, x, y, radius + 3, colours.surface);
  let from = -Math.PI / 2;
  for (const state of ["down", "degraded", "unknown", "up"]) {
    const to = from + (FULL * counts[state]) / all;
    if (to === from) continue;
    ctx.beginPath();
    ctx.arc(x, y, radius, from, to);
    ctx.strokeStyle = colours.camera[state];
    ctx.lineWidth = state === "down" ? 6 : 4;
    ctx.stroke();
    from = to;
  }
  ctx.fillStyle = colours.text;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.font = `700 ${all > 99 ? 13 : 14}px ${colours.font}`;
  ctx.fillText(String(all), x, y + 0.5);
  return radius + 3;
}

/** Octagon, triangle or circle, as everywhere. */
export function severityAt(ctx, colours, x, y, severity, size) {
  const sides = severity === "severe" ? 8 : severity === "moderate" ? 3 : 0;
  ctx.beginPath();
  if (!sides) ctx.arc(x, y, size * 0.9, 0, FULL);
  for (let n = 0; n < sides; n += 1) {
    const angle = (FULL * n) / sides + (sides === 8 ? Math.PI / 8 : -Math.PI / 2);
    const far = sides === 3 ? size * 1.2 : size;
    ctx.lineTo(x + far * Math.cos(angle), y + far * Math.sin(angle) + (sides === 3 ? size * 0.2 : 0));
  }
  ctx.closePath();
  ctx.fillStyle = colours.severity[severity] ?? colours.severity.minor;
  ctx.strokeStyle = colours.surface;
  ctx.lineWidth = 3;
  ctx.stroke();
  ctx.fill();
  if (!sides) return;
  ctx.fillStyle = colours.onFill;
  ctx.fillRect(x - size * 0.11, y - size * 0.45, size * 0.22, size * 0.55);
  ctx.fillRect(x - size * 0.11, y + size * 0.25, size * 0.22, size * 0.22);
}

/** A case's scene. */
export function sceneAt(ctx, colours, x, y, size) {
  ctx.beginPath();
  ctx.moveTo(x, y - size);
  ctx.lineTo(x + size, y);
  ctx.lineTo(x, y + size);
  ctx.lineTo(x - size, y);
  ctx.closePath();
  ctx.fillStyle = colours.accent;
  ctx.strokeStyle = colours.surface;
  ctx.lineWidth = 3;
  ctx.stroke();
  ctx.fill();
  disc(ctx, x, y, size * 0.3, colours.surface);
}

/** Words that a ground of any colour leaves legible; returns their width. */
export function wordsAt(ctx, colours, text, x, y, { size = 13, weight = 600, colour = colours.text, align = "center" } = {}) {
  ctx.font = `${weight} ${size}px ${colours.font}`;
  ctx.textAlign = align;
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  ctx.lineWidth = 4;
  ctx.strokeStyle = colours.ground;
  ctx.strokeText(text, x, y);
  ctx.fillStyle = colour;
  ctx.fillText(text, x, y);
  return ctx.measureText(text).width;
}

/** A unit on its way: a house with its roof up; hollow and grey when its place is old. */
export function unitAt(ctx, colours, x, y, size, old) {
  ctx.beginPath();
  ctx.moveTo(x, y - size);
  ctx.lineTo(x + size, y - size * 0.2);
  ctx.lineTo(x + size * 0.7, y + size);
  ctx.lineTo(x - size * 0.7, y + size);
  ctx.lineTo(x - size, y - size * 0.2);
  ctx.closePath();
  ctx.lineWidth = 3;
  ctx.fillStyle = old ? colours.surface : colours.camera.up;
  ctx.strokeStyle = old ? colours.quiet : colours.surface;
  ctx.setLineDash(old ? [4, 3] : []);
  ctx.fill();
  ctx.stroke();
  ctx.setLineDash([]);
  disc(ctx, x, y + size * 0.15, size * 0.28, old ? colours.quiet : colours.onFill);
}

/** A board as a lettered panel, another thing as a square, in the colour of its state. */
export function thingAt(ctx, colours, x, y, kind, state, selected) {
  const wide = kind === "board" ? 11 : 7;
  const colour = colours.camera[state];
  ctx.fillStyle = colours.surface;
  ctx.fillRect(x - wide - 2, y - 9, wide * 2 + 4, 18);
  ctx.strokeStyle = selected ? colours.accent : colour;
  ctx.lineWidth = selected ? 4 : 2;
  ctx.setLineDash(state === "unknown" ? [3, 3] : []);
  ctx.strokeRect(x - wide, y - 7, wide * 2, 14);
  ctx.setLineDash([]);
  ctx.fillStyle = colour;
  if (kind === "board" && state !== "down") for (const line of [-3, 2]) ctx.fillRect(x - 7, y + line - 1, line < 0 ? 14 : 9, 2.5);
  if (kind !== "board" && state === "up") ctx.fillRect(x - 3, y - 3, 6, 6);
  if (state !== "down") return;
  ctx.beginPath();
  ctx.moveTo(x - wide + 3, y + 5);
  ctx.lineTo(x + wide - 3, y - 5);
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2;
  ctx.stroke();
}
