// The console's page: what is known, what is selected, and who tells whom.

import { getJson } from "./api.js";
import { Cameras } from "./cameras.js";
import { Detail } from "./detail.js";
import { $ } from "./dom.js";
import { Filter } from "./filter.js";
import { Forward } from "./forward.js";
import { bindHead } from "./head.js";
import { bindKeys } from "./keys.js";
import { inLanguage, t, word } from "./locale.js";
import { Incidents } from "./model.js";
import { Queue } from "./queue.js";
import { Shift } from "./shift.js";
import { Sound } from "./sound.js";
import { drawCounts, drawLinks, runClock } from "./status.js";
import { follow } from "./stream.js";

const PAGE = 100;
const MOST = 500;
const wide = matchMedia("(min-width: 56.01rem)");
const frame = $(".console");
const incidents = new Incidents();
const shift = new Shift((id) => openOne(id), () => filter.moved());
const filter = new Filter(() => load(true).catch(warn), shift);
const queue = new Queue(incidents, select, loadMore, filter);
const forward = new Forward();
const detail = new Detail($("#detail"), back, () => incidents.all, {
  next: (id) => queue.after(id), decided, forward: () => forwardSelected(),
});
const cameras = new Cameras();
const sound = new Sound();
let selected = null;
let older = null; // Continues the list; null at its end.
let summary = { ongoing_by_severity: {}, devices: 0, devices_online: 0 };
let up = false;
let loads = 0;
// What the stream told while an answer of before was on its way: ids of incidents, states of cameras.
const meanwhile = new Set();
const seenMeanwhile = [];

// A case file names the reasons under which its video is to be seen.
const reasons = Object.fromEntries(["case", "basis", "purpose"].map((name) => [name, new URLSearchParams(location.search).get(name)]).filter(([, value]) => value));
if (reasons.case) detail.viewer.propose(location.pathname.split("/")[2], reasons);

function select(id, byHand = false) {
  const incident = incidents.get(id);
  if (!incident) return;
  const changed = selected !== id;
  selected = id;
  queue.draw(id);
  queue.show(id);
  detail.show(incident);
  if (byHand || wide.matches) frame.classList.toggle("reading", byHand || frame.classList.contains("reading"));
  if (changed) {
    history.replaceState(null, "", `/incidents/${id}`);
    loadDetail(id);
  }
}

function back() {
  frame.classList.remove("reading");
  history.replaceState(null, "", "/");
  detail.viewer.escape();
  queue.show(selected);
  $("#rows").focus();
}

function step(by) {
  const ids = queue.ids;
  const at = ids.indexOf(selected);
  const next = ids[at < 0 ? 0 : Math.min(Math.max(at + by, 0), ids.length - 1)];
  if (next) select(next, frame.classList.contains("reading"));
}

async function loadDetail(id) {
  const found = await getJson(`/api/incidents/${id}`).catch(() => null);
  if (!found || selected !== id) return;
  incidents.put(found.incident);
  detail.show(incidents.get(id), found);
}

/** What is dealt with leaves its place in the queue: the next one is shown. */
function decided(id, decision, next) {
  if (selected !== id || decision === "confirmed" || !incidents.get(next)) return;
  select(next, frame.classList.contains("reading"));
}

const forwardSelected = () => forward.open(incidents.get(selected));

/** Any incident of the store, whatever the list shows. */
async function openOne(id) {
  if (!incidents.get(id)) {
    const found = await getJson(`/api/incidents/${id}`).catch(warn);
    if (!found) return;
    incidents.put(found.incident);
  }
  select(id, true);
}

function takePage(page) {
  older = page.before;
  $("#more").hidden = older === null;
}

const warn = (error) => { console.warn("load failed", error.message); };

/** Everything anew, as much as was shown: after it nothing can have been missed. */
async function load(narrowed = false) {
  loads += 1;
  try {
    await loadNow(narrowed);
  } finally {
    loads -= 1;
    if (!loads) {
      meanwhile.clear();
      seenMeanwhile.length = 0;
    }
  }
}

async function loadNow(narrowed) {
  const { query } = filter;
  const limit = Math.min(MOST, Math.max(PAGE, incidents.size));
  const [page, head, states] = await Promise.all([
    getJson(`/api/incidents?limit=${narrowed ? PAGE : limit}${query}`), getJson("/api/summary"), getJson("/api/cameras"),
  ]);
  // Somebody typed on meanwhile: that answer is what they wait for.
  if (query !== filter.query) return;
  const first = !("ready" in document.documentElement.dataset);
  // What is being read stays, however old it is, and what came meanwhile, whatever was asked for.
  const kept = [incidents.get(selected), ...queue.unseen].filter(Boolean);
  const fresh = incidents.replace(page.incidents, meanwhile);
  for (const one of kept) incidents.put(one);
  if (!first && !narrowed) for (const id of fresh) queue.arrived(incidents.get(id));
  takePage(page);
  summary = head;
  cameras.replace(states.cameras);
  cameras.put(seenMeanwhile);
  drawStatus();
  await open(first);
  const root = document.documentElement;
  if (!("ready" in root.dataset)) root.dataset.readyMs = Math.round(performance.now());
  root.dataset.ready = "";
}

/** The incident that the address names, else on a wide screen the topmost. */
async function open(first) {
  const asked = /^\/incidents\/([0-9a-f-]{36})$/.exec(location.pathname)?.[1];
  if (first && asked && !incidents.get(asked)) {
    const found = await getJson(`/api/incidents/${asked}`).catch(() => null);
    if (found) incidents.put(found.incident);
  }
  queue.draw(selected);
  if (selected) loadDetail(selected);
  else if (incidents.get(asked)) select(asked, true);
  else if (wide.matches && queue.ids.length) select(queue.ids[0]);
}

async function loadMore() {
  if (older === null) return;
  const { query } = filter;
  const page = await getJson(`/api/incidents?limit=${PAGE}&before=${encodeURIComponent(older)}${query}`);
  if (query !== filter.query) return;
  for (const incident of page.incidents) incidents.put(incident);
  takePage(page);
  queue.draw();
}

function drawStatus() {
  drawCounts(summary);
  drawLinks(summary, up);
}

function came(incident) {
  if (loads) meanwhile.add(incident.incident_id);
  if (incidents.put(incident)) {
    queue.arrived(incident);
    sound.announce(incident.severity);
    $("#announce").textContent = t("queue.announce", { type: word("type", incident.type), camera: inLanguage(incident.camera_title) });
  }
  queue.draw();
  const id = incident.incident_id;
  if (id === selected) {
    detail.show(incidents.get(id));
    loadDetail(id);
  } else if (!selected && wide.matches) select(id);
}

follow("/api/stream", {
  incident: came,
  still: ({ sha256 }) => {
    for (const id of incidents.stillCame(sha256)) if (id === selected) detail.show(incidents.get(id));
    if (detail.awaits(sha256)) loadDetail(selected);
    queue.draw();
  },
  cameras: ({ cameras: changed }) => {
    if (loads) seenMeanwhile.push(...changed);
    cameras.put(changed);
  },
  summary: (head) => { summary = head; drawStatus(); },
  resync: () => load().catch(warn),
}, (stands) => { up = stands; drawStatus(); });

function drawSound() {
  $("#sound").textContent = word("sound", sound.level);
  $("#sound").setAttribute("aria-pressed", String(sound.level !== "off"));
}

const turnSound = () => { sound.next(); drawSound(); };
const help = () => $("#help-dialog").showModal();

bindKeys({
  j: () => step(1), ArrowDown: (event) => (event.target.closest?.("#detail") ? false : step(1)),
  k: () => step(-1), ArrowUp: (event) => (event.target.closest?.("#detail") ? false : step(-1)),
  p: () => detail.viewer.play("clip"), Enter: () => { if (!wide.matches && selected) select(selected, true); detail.viewer.play("clip"); },
  l: () => detail.viewer.play("live"), b: () => detail.viewer.play("catch-up"),
  " ": (event) => (event.target.closest?.("button, summary, a") ? false : detail.viewer.pause()),
  s: () => detail.viewer.snapshot(), f: () => detail.viewer.full(), x: () => detail.viewer.export(),
  y: () => detail.decider.press("Y"), n: () => detail.decider.press("N"), e: () => detail.decider.press("E"),
  t: forwardSelected, r: () => detail.note.focus(), v: () => detail.openFile(), w: () => shift.open(), "/": () => filter.focus(),
  1: () => filter.severity("severe"), 2: () => filter.severity("moderate"), 3: () => filter.severity("minor"),
  g: () => $("#grouping").click(), d: () => $("#dense").click(),
  ArrowRight: (event) => (event.target.closest?.("#detail") ? false : queue.expand(selected, true)),
  ArrowLeft: (event) => (event.target.closest?.("#detail") ? false : queue.expand(selected, false)),
  m: turnSound, o: () => $("#order").click(), c: () => $("#cameras-all").click(),
  "?": help,
  Escape: () => { if (!detail.decider.escape() && !detail.viewer.escape() && !wide.matches) back(); },
});
$("#sound").addEventListener("click", turnSound);
$("#help").addEventListener("click", help);
$("#shift").addEventListener("click", () => shift.open());
for (const button of document.querySelectorAll("dialog .close")) button.addEventListener("click", () => button.closest("dialog").close());
bindHead(() => detail.viewer.close());
addEventListener("pagehide", () => detail.viewer.close());
drawSound();
drawStatus();
runClock();
