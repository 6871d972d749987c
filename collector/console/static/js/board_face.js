// A page of a board, drawn as it will stand there: each letter in its cell, each lamp a dot.

const LIT = 90; // Of 255: how much of a lamp a letter must cover.
const FONT = '"Noto Sans KR", "Noto Sans CJK KR", "Malgun Gothic", "Apple SD Gothic Neo", monospace';

/** A letter fills its cell's height; one that is too wide for it is pressed together. */
function write(context, glyph, scale) {
  const [x, y, w, h] = [glyph.x, glyph.y, glyph.w, glyph.h].map((one) => one * scale);
  context.font = `700 ${h * 0.92}px ${FONT}`;
  context.fillStyle = glyph.color;
  const { width } = context.measureText(glyph.text);
  const pressed = Math.min(1, w / Math.max(1, width));
  context.save();
  context.translate(x + (w - width * pressed) / 2, y + h * 0.83);
  context.scale(pressed, 1);
  context.fillText(glyph.text, 0, 0);
  context.restore();
}

function clear(context, page, width, height) {
  context.fillStyle = page.ground === "#000000" ? "#0b0b0b" : page.ground;
  context.fillRect(0, 0, width, height);
}

/** As lamps: `layout` {width, height}, `scale` pixels a lamp. */
export function drawLamps(canvas, layout, page, scale) {
  const small = new OffscreenCanvas(layout.width, layout.height);
  const ink = small.getContext("2d", { willReadFrequently: true });
  for (const glyph of page.glyphs) write(ink, glyph, 1);
  const { data } = ink.getImageData(0, 0, layout.width, layout.height);
  canvas.width = layout.width * scale;
  canvas.height = layout.height * scale;
  const context = canvas.getContext("2d");
  clear(context, page, canvas.width, canvas.height);
  const side = Math.max(1, scale - 1);
  for (let y = 0; y < layout.height; y += 1) {
    for (let x = 0; x < layout.width; x += 1) {
      const at = 4 * (y * layout.width + x);
      const lit = data[at + 3] > LIT;
      context.fillStyle = lit ? `rgb(${data[at]} ${data[at + 1]} ${data[at + 2]})` : "#1b1b1b";
      context.fillRect(x * scale, y * scale, side, side);
    }
  }
}

/** As large as the canvas is, for a screen; `flashed`: letters that flash are dark now. */
export function drawWhole(canvas, layout, page, flashed) {
  const scale = Math.min(canvas.width / layout.width, canvas.height / layout.height);
  const context = canvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = "#000000";
  context.fillRect(0, 0, canvas.width, canvas.height);
  if (!page) return;
  context.translate((canvas.width - layout.width * scale) / 2, (canvas.height - layout.height * scale) / 2);
  clear(context, { ground: page.ground === "#000000" ? "#000001" : page.ground }, layout.width * scale, layout.height * scale);
  for (const glyph of page.glyphs) if (!(flashed && glyph.flash)) write(context, glyph, scale);
}
