// The picture that a finding rests on, with its box drawn over it.

import { h, svg } from "./dom.js";

const LEAST = 0.42; // A thumbnail shows at least this share of the frame's width: place as well as person.

/** Whole picture when nothing is boxed; else a 16:9 window that holds the box with air around it. */
export function windowOf(box) {
  if (!box) return { x: 0, y: 0, w: 1, h: 1 };
  const side = Math.min(1, Math.max(LEAST, box.w * 1.8, box.h * 1.5));
  const within = (centre) => Math.min(Math.max(0, centre - side / 2), 1 - side);
  return { x: within(box.x + box.w / 2), y: within(box.y + box.h / 2), w: side, h: side };
}

function rectangle(box, width, height) {
  return svg("rect", { x: box.x * width, y: box.y * height, width: box.w * width, height: box.h * height });
}

/** A small picture for the queue, cut to where something happened; the row says the rest. */
export function thumbnail(incident, without) {
  if (!incident.still) return h("div", { class: "thumb without" }, without);
  const frame = svg("svg", { "aria-hidden": "true", preserveAspectRatio: "xMidYMid slice" });
  const image = new Image();
  image.addEventListener("load", () => {
    const [width, height] = [image.naturalWidth, image.naturalHeight];
    const part = windowOf(incident.box);
    frame.setAttribute("viewBox", `${part.x * width} ${part.y * height} ${part.w * width} ${part.h * height}`);
    frame.replaceChildren(svg("image", { href: image.src, width, height }));
    if (incident.box) frame.append(rectangle(incident.box, width, height));
  });
  image.src = incident.still;
  return h("div", { class: "thumb" }, frame);
}

/** The whole picture with its box, to fill the stage. */
export function largeStill(incident, label) {
  if (!incident.still) return [];
  const overlay = svg("svg", { class: "overlay", "aria-hidden": "true" });
  const image = h("img", { alt: label, decoding: "async" });
  image.addEventListener("load", () => {
    const [width, height] = [image.naturalWidth, image.naturalHeight];
    overlay.setAttribute("viewBox", `0 0 ${width} ${height}`);
    overlay.replaceChildren(...(incident.box ? [rectangle(incident.box, width, height)] : []));
  });
  image.src = incident.still;
  return [image, overlay];
}
