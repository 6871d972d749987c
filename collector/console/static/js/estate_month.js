// A month of every camera: its sums, and the cameras with the least picture first.

import { getJson } from "./api.js";
import { $, h } from "./dom.js";
import { bindHead } from "./head.js";
import { t } from "./locale.js";
import { inShort } from "./problems.js";

const STEP = 100;
const root = document.documentElement;
let report = null;
let most = STEP;

const hours = (seconds) => t("assets.hours", { n: (seconds / 3600).toFixed(1) });
const percent = (one) => (one.percent === null ? "–" : `${one.percent.toFixed(2)} %`);

function row(one) {
  return h("tr", {},
    h("th", { scope: "row" }, one.id ? h("a", { href: `/assets/${one.id}` }, one.tag) : t("assets.unregistered"), h("span", {}, one.title), h("small", {}, [one.purpose, one.department, one.place].filter(Boolean).join(" · "))),
    h("td", { class: "rate" }, h("b", {}, percent(one)), h("meter", { min: 0, max: 100, low: 90, high: 99, optimum: 100, value: one.percent ?? 0, "aria-label": t("monthhead.rate") })),
    ...["picture_s", "dark_s", "unknown_s", "planned_s"].map((name) => h("td", { class: one[name] ? "" : "zero" }, hours(one[name]))),
    h("td", { class: one.outages ? "" : "zero" }, String(one.outages)));
}

function card(name, count, one) {
  return h("li", {}, h("span", {}, `${name} · ${t("health.n_cameras", { n: count })}`), h("b", {}, percent(one)),
    h("small", {}, t("assets.sum_note", { dark: hours(one.dark_s), unknown: hours(one.unknown_s), planned: hours(one.planned_s), n: one.outages })));
}

function draw() {
  const words = $("#search").value.trim().toLowerCase();
  const found = report.cameras
    .filter((one) => [one.tag, one.title, one.purpose, one.department, one.place].some((text) => text?.toLowerCase().includes(words)))
    .sort((a, b) => (a.percent ?? 101) - (b.percent ?? 101));
  $("#sums").replaceChildren(card(t("assets.all"), report.total.cameras, report.total),
    ...(report.purposes.length > 1 ? report.purposes.map((one) => card(one.purpose || t("assets.no_purpose"), one.cameras, one)) : []));
  $("#rows").replaceChildren(...found.slice(0, most).map(row));
  $("#more").hidden = found.length <= most;
  $("#more").textContent = t("health.more", { n: found.length - most });
}

async function load() {
  const month = $("#month").value;
  for (const format of ["xlsx", "csv"]) $(`#as-${format}`).href = `/api/assets/availability?${new URLSearchParams({ month, format })}`;
  try {
    report = await getJson(`/api/assets/availability?month=${encodeURIComponent(month)}`);
    $("#said").textContent = "";
    draw();
  } catch (error) {
    $("#said").textContent = inShort(error);
  }
  root.dataset.ready = "";
}

bindHead();
if (document.body.dataset.may === "yes") {
  $("#which").addEventListener("submit", (event) => event.preventDefault());
  $("#month").addEventListener("change", () => { most = STEP; load(); });
  $("#search").addEventListener("input", () => { most = STEP; draw(); });
  $("#more").addEventListener("click", () => { most += STEP; draw(); });
  load();
} else root.dataset.ready = "";
