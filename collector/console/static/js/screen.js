// A screen that is a board: it shows what it is told, ends it by itself, and says what it shows.

import { postJson } from "./api.js";
import { drawWhole } from "./board_face.js";
import { $ } from "./dom.js";
import { t } from "./locale.js";
import { inShort } from "./problems.js";
import { follow } from "./stream.js";

const LOOK_MS = 200;
const SAID_MS = 5_000;
const DARK = { multi: "", pages: [] };

const board = document.body.dataset.board;
const api = `/api/board-screens/${board}`;
const canvas = $("#face");
let order = { number: 0, width: 96, height: 32, face: DARK, lasts_s: null, then: DARK };
let ends = null; // By both clocks: one stands still while a machine sleeps, the other may be set.
let shown = { face: DARK, since: performance.now() };
let drawn = "";

const left = () => (ends === null ? null : Math.max(0, Math.min(ends.monotonic - performance.now(), ends.wall - Date.now()) / 1000));
const over = () => ends !== null && left() === 0;

/** The page that stands now: each for its time, dark for the time after it. */
function pageNow() {
  const { pages } = shown.face;
  if (!pages.length) return null;
  const whole = pages.reduce((sum, one) => sum + one.on_s + one.off_s, 0);
  let at = ((performance.now() - shown.since) / 1000) % whole;
  for (const page of pages) {
    if (at < page.on_s) return page;
    at -= page.on_s;
    if (at < page.off_s) return null;
    at -= page.off_s;
  }
  return pages[0];
}

function draw() {
  const face = over() ? order.then : order.face;
  if (face !== shown.face) {
    shown = { face, since: performance.now() };
    say();
  }
  const page = pageNow();
  const flashed = Math.floor(performance.now() / 500) % 2 === 1;
  const size = [Math.round(innerWidth * devicePixelRatio), Math.round(innerHeight * devicePixelRatio)];
  const now = JSON.stringify([order.number, shown.face.multi, page && shown.face.pages.indexOf(page), flashed && page?.glyphs.some((one) => one.flash), ...size]);
  if (now === drawn) return;
  drawn = now;
  [canvas.width, canvas.height] = size;
  drawWhole(canvas, order, page, flashed);
  canvas.setAttribute("aria-label", shown.face.pages.map((one) => one.glyphs.map((each) => each.text).join("")).join(" "));
  canvas.dataset.shows = shown.face.multi;
}

async function say() {
  await postJson(`${api}/showing`, { multi: shown.face.multi, left_s: left() }, { stay: true }).catch(() => {});
}

function told(fresh) {
  // The same message for another time goes on where it is.
  order = fresh.face.multi === order.face.multi ? { ...fresh, face: order.face } : fresh;
  const lasts = fresh.lasts_s === null ? null : fresh.lasts_s * 1000;
  ends = lasts === null ? null : { monotonic: performance.now() + lasts, wall: Date.now() + lasts };
  draw();
  say();
}

async function begin() {
  const token = location.hash.slice(1);
  if (!token) {
    $("#said").textContent = t("screen.no_link");
    return;
  }
  await postJson(`${api}/opening`, { token }, { stay: true });
  $("#said").textContent = "";
  follow(`${api}/orders`, { order: told, resync: () => {} }, (there) => { $("#cut").hidden = there; });
  setInterval(draw, LOOK_MS);
  setInterval(say, SAID_MS);
  draw();
  say();
  document.documentElement.dataset.ready = "";
}

// A screen stands alone: whatever keeps it from opening now is tried again.
(async function open() {
  try {
    await begin();
  } catch (error) {
    $("#said").textContent = inShort(error);
    if (error.status === 0) setTimeout(open, SAID_MS);
  }
})();
