// The line above: what goes on by severity, the links, the time.

import { $, h, lamp, shape } from "./dom.js";
import { clock, t, word } from "./locale.js";

export function drawCounts(summary) {
  const counts = summary.ongoing_by_severity;
  $("#counts").replaceChildren(...["severe", "moderate", "minor"].map((severity) => {
    const n = counts[severity] ?? 0;
    return h("li", { class: `${severity} ${n ? "" : "none"}` }, shape(severity, ""), h("span", {}, word("severity", severity)), h("b", {}, n));
  }));
}

/** `up`: whether the live stream stands. */
export function drawLinks(summary, up) {
  const boxes = { n: summary.devices_online, of: summary.devices };
  const items = [
    h("li", { class: up ? "" : "fault" }, lamp(up ? "up" : "down"), t(up ? "link.live" : "link.lost")),
    h("li", { class: boxes.n < boxes.of ? "fault" : "spare" }, lamp(boxes.n < boxes.of ? "degraded" : "up"), t("link.devices", boxes)),
  ];
  if (summary.broker === false) items.push(h("li", { class: "fault" }, lamp("down"), t("link.broker_lost")));
  if (summary.deliveries_failed) items.push(h("li", { class: "fault" }, lamp("down"), t("link.failed", { n: summary.deliveries_failed })));
  else if (summary.deliveries_waiting) items.push(h("li", { class: "spare" }, lamp("degraded"), t("link.waiting", { n: summary.deliveries_waiting })));
  $("#links").replaceChildren(...items);
}

export function runClock() {
  const element = $("#clock");
  const tick = () => {
    element.textContent = clock(new Date());
    setTimeout(tick, 1000 - (Date.now() % 1000));
  };
  tick();
}
