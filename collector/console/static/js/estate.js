// The registry of assets: one table with filters; tables are taken in and given out.

import { getJson, request } from "./api.js";
import { $, h, lamp } from "./dom.js";
import { bindHead } from "./head.js";
import { bindKeys } from "./keys.js";
import { inLanguage, t, when, word } from "./locale.js";
import { inShort } from "./problems.js";
import { follow } from "./stream.js";

const STEP = 100; // Rows that are drawn at once; more by a press.
const EVERY_MS = 30_000;
const root = document.documentElement;
const LAMPS = { well: "up", ill: "degraded", bad: "down" };
const ORDER = ["bad", "ill", "unknown", "well", "unwatched", "retired"];

let assets = [];
let texts = new Map(); // All that a row can be found by.
let state = "";
let most = STEP;

const stateWord = (one) => [word("assetstate", one.state), ...one.faults.map((fault) => word("assetfault", fault))];

function fits(one) {
  const words = $("#search").value.trim().toLowerCase().split(/\s+/);
  return words.every((part) => texts.get(one.id).includes(part))
    && (!$("#kind").value || one.kind === $("#kind").value)
    && (!$("#fault").value || one.faults.includes($("#fault").value))
    && (!$("#department").value || one.department === $("#department").value)
    && (!$("#working").checked || one.orders > 0);
}

function row(one) {
  const [first, ...faults] = stateWord(one);
  return h("tr", { "data-tag": one.tag },
    h("td", { class: "state" }, lamp(LAMPS[one.state]), " ", faults.length ? faults.join(", ") : first, one.since && ["well", "bad", "ill"].includes(one.state) && h("small", {}, t("health.since", { at: when(one.since) }))),
    h("th", { scope: "row" }, h("a", { href: `/assets/${one.id}` }, one.tag), h("span", {}, one.title ?? ""), h("small", {}, word("assetkind", one.kind), one.parent && ` · ${one.parent}`)),
    h("td", {}, one.address ?? "", h("small", {}, [one.purpose, one.department].filter(Boolean).join(" · "))),
    h("td", {}, [one.maker, one.model].filter(Boolean).join(" "), h("small", {}, one.serial ?? "")),
    h("td", {}, one.orders > 0 && h("b", {}, t("assets.n_orders", { n: one.orders }))));
}

function drawCounts(inside) {
  $("#tally").replaceChildren(...ORDER.map((name) => {
    const n = inside.filter((one) => one.state === name).length;
    return h("li", {}, h("button", { type: "button", class: name, "data-state": name, "aria-pressed": String(state === name), onclick: () => choose(name) },
      lamp(LAMPS[name]), h("span", {}, word("assetstate", name)), h("b", {}, String(n))));
  }));
}

function choose(name) {
  state = state === name ? "" : name;
  most = STEP;
  draw();
  $(`#tally [data-state="${name}"]`).focus();
}

function draw() {
  const inside = assets.filter(fits);
  drawCounts(inside);
  const found = inside.filter((one) => !state || one.state === state);
  $("#rows").replaceChildren(...found.slice(0, most).map(row));
  $("#none").hidden = found.length > 0;
  $("#more").hidden = found.length <= most;
  $("#more").textContent = t("health.more", { n: found.length - most });
  $("#said").textContent = t("assets.n_assets", { n: found.length });
  $("#labels").href = `/assets/labels?${new URLSearchParams({ words: $("#search").value.trim(), kind: $("#kind").value, department: $("#department").value })}`;
}

async function load() {
  assets = (await getJson("/api/assets")).assets
    .sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || (a.tag < b.tag ? -1 : 1));
  texts = new Map(assets.map((one) => [one.id, [one.tag, one.title, one.parent, one.device, one.camera, one.unit, one.maker, one.model, one.serial, one.purpose, one.department, one.address].filter(Boolean).join(" ").toLowerCase()]));
  const departments = [...new Set(assets.map((one) => one.department).filter(Boolean))].sort();
  const chosen = $("#department").value;
  $("#department").replaceChildren(h("option", { value: "" }, t("assets.any_department")), ...departments.map((one) => h("option", { value: one }, one)));
  $("#department").value = departments.includes(chosen) ? chosen : "";
  draw();
  if (!("ready" in root.dataset)) root.dataset.readyMs = Math.round(performance.now());
  root.dataset.ready = "";
}

let due = null;
/** A swarm of changes is one reading. */
function soon(ms = 5_000) {
  due ??= setTimeout(() => {
    due = null;
    load().catch((error) => { $("#said").textContent = inShort(error); });
  }, ms);
}

async function send(check) {
  const [file] = $("#table").file.files;
  if (!file) { $("#table").file.reportValidity(); return; }
  $("#taken").textContent = t("assets.reading");
  $("#bad").hidden = true;
  try {
    const answer = await (await request(`/api/assets/table?check=${check}`, { method: "POST", body: file, signal: AbortSignal.timeout(120_000) })).json();
    const { added, changed, same, bad_rows: bad } = answer;
    $("#taken").textContent = bad ? t("assets.refused", { n: bad }) : t(check ? "assets.would" : "assets.was", { added, changed, same });
    if (answer.ignored.length) $("#taken").append(` ${t("assets.ignored", { names: answer.ignored.join(", ") })}`);
    $("#bad").replaceChildren(...answer.bad.map((one) => h("li", {}, h("b", {}, t("assets.row", { n: one.row })), ` ${inLanguage(one.reason)}`)));
    $("#bad").hidden = !bad;
    if (answer.taken) soon(0);
  } catch (error) {
    $("#taken").textContent = inShort(error);
  }
}

bindHead();
if (document.body.dataset.may === "yes") {
  for (const name of ["search", "kind", "fault", "department", "working"]) $(`#${name}`).addEventListener("input", () => { most = STEP; draw(); });
  $("#more").addEventListener("click", () => { most += STEP; draw(); });
  bindKeys({ "/": () => $("#search").focus() });
  if ($("#take-in")) {
    $("#take-in").addEventListener("click", () => $("#taking").showModal());
    $("#cancel").addEventListener("click", () => $("#taking").close());
    $("#check").addEventListener("click", () => send(true));
    $("#table").addEventListener("submit", (event) => { event.preventDefault(); send(false); });
  }
  follow("/api/stream", { cameras: () => soon(), resync: () => soon(0) }, (up) => { $("#link").hidden = up; });
  setInterval(() => soon(0), EVERY_MS);
  soon(0);
} else root.dataset.ready = "";
