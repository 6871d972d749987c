// Elements without markup in strings: what comes from outside only ever becomes text.

const SVG = "http://www.w3.org/2000/svg";

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An HTML element; `null`, `undefined` and `false` among attributes and children are left out. */
export function h(tag, attributes, ...children) {
  return build(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function svg(tag, attributes, ...children) {
  return build(document.createElementNS(SVG, tag), attributes, children);
}

export const $ = (selector, within = document) => within.querySelector(selector);

const SHAPES = {
  severe: ["path", { d: "M7.3 1h9.4L23 7.3v9.4L16.7 23H7.3L1 16.7V7.3z" }],
  moderate: ["path", { d: "M12 1.5 23.5 22H.5z" }],
  minor: ["circle", { cx: 12, cy: 12, r: 10 }],
};

/** The severity's shape, so that colour is never the only sign: octagon, triangle, circle. */
export function shape(severity, label) {
  const [tag, attributes] = SHAPES[severity] ?? SHAPES.minor;
  const marking = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  const sign = severity === "severe" || severity === "moderate";
  return svg(
    "svg",
    { viewBox: "0 0 24 24", class: `shape ${severity}`, ...marking },
    svg(tag, { ...attributes, fill: "currentColor" }),
    sign && svg("path", {
      d: severity === "severe" ? "M10.6 5h2.8v8.6h-2.8zM10.6 15.8h2.8v2.9h-2.8z" : "M10.7 8.6h2.6v6.6h-2.6zM10.7 16.8h2.6v2.6h-2.6z",
      fill: "var(--on-fill)",
    }),
  );
}

/** Up is filled, degraded half, down hollow with a stroke across. */
export function lamp(state) {
  const known = ["up", "degraded", "down"].includes(state) ? state : "unknown";
  const inside = {
    up: [svg("circle", { cx: 6, cy: 6, r: 5, fill: "currentColor" })],
    degraded: [
      svg("circle", { cx: 6, cy: 6, r: 4.5, fill: "none", stroke: "currentColor", "stroke-width": 1.5 }),
      svg("path", { d: "M6 1.5a4.5 4.5 0 0 1 0 9z", fill: "currentColor" }),
    ],
    down: [
      svg("circle", { cx: 6, cy: 6, r: 4.75, fill: "none", stroke: "currentColor", "stroke-width": 2 }),
      svg("path", { d: "M3 9 9 3", stroke: "currentColor", "stroke-width": 2 }),
    ],
    unknown: [svg("circle", { cx: 6, cy: 6, r: 4.5, fill: "none", stroke: "currentColor", "stroke-width": 1.5, "stroke-dasharray": "2 2" })],
  }[known];
  return svg("svg", { viewBox: "0 0 12 12", class: `lamp ${known}`, "aria-hidden": "true" }, ...inside);
}
