// Sightings of one vehicle along the hours, as far from each other as they were.

import { h, svg } from "./dom.js";
import { clock, span, t, when } from "./locale.js";

const WIDTH = 600;
const EDGE = 14;
const APART = 22; // Least between two numbers; a dot stands for those nearer.

/** So that numbers lie above. */
const dotsFirst = (marks) => marks.sort((one, other) => other.matches(".near") - one.matches(".near"));

/** Null where there is one moment alone. */
export function timeLine(sightings) {
  const times = sightings.map((one) => new Date(one.at).getTime());
  const [first, last] = [times[0], times.at(-1)];
  if (first === last) return null;
  const x = (time) => EDGE + ((time - first) / (last - first)) * (WIDTH - 2 * EDGE);
  let numbered = -Infinity;
  const marks = times.map((time, at) => {
    const alone = x(time) - numbered >= APART;
    if (!alone) return svg("circle", { class: "near", cx: x(time), cy: 14, r: 4 });
    numbered = x(time);
    return svg("g", { class: sightings[at].plausible ? null : "impossible" },
      svg("circle", { cx: x(time), cy: 14, r: 11 }), svg("text", { x: x(time), y: 18 }, String(at + 1)));
  });
  const between = span((last - first) / 1000);
  return h("figure", { class: "hours", role: "img", "aria-label": t("vehicles.hours", { from: when(first), to: when(last), span: between }) },
    svg("svg", { viewBox: `0 0 ${WIDTH} 28`, "aria-hidden": "true" }, svg("path", { d: `M${EDGE} 14H${WIDTH - EDGE}` }), ...dotsFirst(marks)),
    h("figcaption", { "aria-hidden": "true" }, h("span", {}, clock(new Date(first))), h("span", { class: "quiet" }, between), h("span", {}, clock(new Date(last)))));
}
