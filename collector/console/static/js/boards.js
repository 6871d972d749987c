// Electronic boards: what each shows, what it was told, and messages with a preview of each board.

import { getJson, postJson } from "./api.js";
import { drawLamps } from "./board_face.js";
import { $, h, lamp } from "./dom.js";
import { bindHead } from "./head.js";
import { inLanguage, instant, local, t, when, whole, word } from "./locale.js";
import { inShort } from "./problems.js";
import { follow } from "./stream.js";

const URL_OF = "/api/boards";
const TYPED_MS = 300; // Nobody looks at a preview while typing.
const GATHERED_MS = 250;
const HOUR_MS = 60 * 60_000;
const SHOWN_AS = { idle: "up", shows: "up", telling: "degraded", differs: "down", refused: "down", silent: "down", unknown: "unknown" };

const me = document.body.dataset;
const form = $("#write");
let boards = [];

const nameOf = (id) => {
  const board = boards.find((one) => one.id === id);
  return board ? inLanguage({ ko: board.title, en: board.title_en }) : id;
};

function face(layout, label) {
  const scale = Math.max(2, Math.floor(384 / layout.width));
  const faces = layout.pages.map((page) => {
    const canvas = h("canvas", { role: "img", "aria-label": label });
    drawLamps(canvas, layout, page, scale);
    return canvas;
  });
  return h("div", { class: "faces" }, ...faces);
}

/** Why a board failed: its own word first, then what it said. */
function reason(why) {
  const [code, ...rest] = why.split(": ");
  const known = word("boardwhy", code);
  return known === code ? why : `${known} (${rest.join(": ")})`;
}

function sign(board) {
  const { state } = board;
  const wrong = ["differs", "refused", "silent"].includes(state.status);
  return h("article", { class: `sign${wrong ? " wrong" : ""}`, "data-board": board.id, "data-status": state.status },
    h("header", {},
      h("h3", {}, nameOf(board.id)),
      h("span", { class: "status" }, lamp(SHOWN_AS[state.status]), word("boardstatus", state.status))),
    board.layout
      ? face(board.layout, board.showing || t("boards.dark"))
      : h("p", { class: "unread" }, t("boards.unread")),
    h("p", { class: "text" }, board.showing === null ? "" : board.showing || t("boards.dark")),
    board.told !== null && board.told !== board.showing && h("p", { class: "told" }, t("boards.should"), " ", h("b", {}, board.told)),
    state.why && h("p", { class: "why" }, reason(state.why)),
    state.misfit && h("p", { class: "why" }, t("boards.misfit"), " ", state.misfit),
    h("div", { class: "does" },
      h("button", { type: "button", "aria-label": t("boards.log_of", { name: nameOf(board.id) }), onclick: () => openLog(board) }, t("boards.log")),
      board.driver === "web" && me.links === "yes" && h("button", { type: "button", "aria-label": t("boards.link_of", { name: nameOf(board.id) }), onclick: (event) => link(board, event.target) }, t("boards.link"))));
}

async function link(board, button) {
  try {
    const made = await postJson(`${URL_OF}/${board.id}/screen`, {});
    button.parentElement.after(h("p", { class: "link" }, h("b", {}, t("boards.once")), " ", h("code", {}, location.origin + made.path)));
  } catch (error) {
    tell(error);
  }
}

async function openLog(board) {
  try {
    const entries = await getJson(`${URL_OF}/${board.id}/log`);
    $("#log-title").textContent = t("boards.log_of", { name: nameOf(board.id) });
    $("#log-body").replaceChildren(h("table", {}, h("tbody", {}, entries.map((one) => h("tr", {},
      h("td", {}, whole(one.at)),
      h("td", {}, word("boardlog", one.what)),
      h("td", {}, [one.shown !== null && `“${inALine(one.shown) || t("boards.dark")}”`, one.detail && (["refused", "silent"].includes(one.what) ? reason(one.detail) : inALine(one.detail))].filter(Boolean).join(" · ")))))));
    $("#log").showModal();
  } catch (error) {
    tell(error);
  }
}

const inALine = (multi) => multi.replaceAll("[nl]", " / ").replaceAll("[np]", " // ").replaceAll("[[", "[").replaceAll("]]", "]");

const stateOf = (one) => (one.state === "approved" && new Date(one.until_at) <= new Date() ? "over" : one.state);

function does(one) {
  const act = (what) => h("button", { type: "button", onclick: () => decide(one, what) }, t(`boardact.${what}`));
  if (me.writes !== "yes" || new Date(one.until_at) <= new Date()) return [];
  if (one.state === "waiting") return [one.made_by !== me.person && act("approval"), act("refusal")];
  return one.state === "approved" ? [act("end")] : [];
}

function messageRow(one) {
  const hours = one.hours.map((each) => `${each.from.slice(0, 5)}–${each.to.slice(0, 5)}`).join(", ");
  return h("tr", { "data-message": one.message_id, class: ["waiting", "approved"].includes(stateOf(one)) ? "" : "over" },
    h("td", {}, h("b", {}, inALine(one.multi)), one.why && h("div", { class: "why" }, one.why)),
    h("td", {}, one.boards.map(nameOf).join(", ")),
    h("td", {}, `${when(one.from_at)} – ${when(one.until_at)}`, hours && h("div", { class: "quiet" }, hours)),
    h("td", {}, String(one.priority)),
    h("td", {}, one.made_by ?? t("boards.template", { name: one.template ?? "" }), one.decided_by && h("div", { class: "quiet" }, t("boards.by", { name: one.decided_by }))),
    h("td", {}, word("boardmessage", stateOf(one))),
    h("td", {}, h("div", { class: "does" }, ...does(one))));
}

const HEADS = ["text", "where", "when", "priority", "who", "state", "act"];

function drawMessages(found) {
  $("#messages").replaceChildren(found.length
    ? h("table", {}, h("thead", {}, h("tr", {}, HEADS.map((name) => h("th", { scope: "col" }, t(`boardhead.${name}`))))), h("tbody", {}, found.map(messageRow)))
    : h("p", { class: "note" }, t("boards.none")));
}

async function decide(one, what) {
  try {
    await postJson(`${URL_OF}/messages/${one.message_id}/${what}`, {});
    await load();
  } catch (error) {
    tell(error);
  }
}

function tell(error) {
  $("#problem").hidden = false;
  $("#problem").textContent = inShort(error);
}

function drawChoice() {
  if (!form || $("#which").childElementCount) return;
  const row = (value, label, checked) => h("label", { class: "tick" }, h("input", { type: "checkbox", name: "boards", value, checked }), ` ${label}`);
  const groups = [...new Set(boards.map((one) => one.group).filter(Boolean))];
  $("#which").replaceChildren(
    ...boards.map((one) => row(one.id, nameOf(one.id) + (one.approval ? ` (${t("boards.wants_approval")})` : ""), boards.length === 1)),
    ...groups.map((name) => row(name, t("boards.group", { name }), false)));
}

async function load() {
  let messages;
  [boards, messages] = await Promise.all([getJson(URL_OF), getJson(`${URL_OF}/messages`)]);
  $("#problem").hidden = true;
  $("#signs").replaceChildren(...(boards.length ? boards.map(sign) : [h("p", { class: "note" }, t("boards.no_boards"))]));
  drawChoice();
  drawMessages(messages);
  document.documentElement.dataset.ready = "";
}

function wanted() {
  const data = new FormData(form);
  return { boards: data.getAll("boards"), text: data.get("text"), multi: data.get("multi") === "on" };
}

function problemLine(one) {
  return h("li", {}, `${word("boardfault", one.why)} ${one.what} `, h("span", { class: "quiet" }, t("boards.place", { page: one.page, line: one.line })));
}

let asked = 0;

async function preview() {
  const body = wanted();
  const turn = (asked += 1);
  if (!body.boards.length || !body.text.trim()) {
    $("#preview").replaceChildren(h("p", { class: "note" }, t("boards.preview_note")));
    return;
  }
  try {
    const found = await postJson(`${URL_OF}/preview`, body);
    if (turn !== asked) return; // Somebody typed on.
    $("#preview").replaceChildren(...found.map((one) => h("figure", { "data-preview": one.board },
      h("figcaption", {}, nameOf(one.board), one.layout.problems.length ? h("b", { class: "bad" }, ` ${t("boards.unfit")}`) : h("b", { class: "good" }, ` ${t("boards.fits")}`)),
      one.layout.pages.length > 0 && face(one.layout, body.text),
      one.layout.problems.length > 0 && h("ul", { class: "faults" }, one.layout.problems.map(problemLine)))));
  } catch (error) {
    $("#said").textContent = inShort(error);
  }
}

let typed = 0;
form?.addEventListener("input", () => {
  clearTimeout(typed);
  typed = setTimeout(preview, TYPED_MS);
});

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = $("#said");
  const given = Object.fromEntries(new FormData(form));
  const hours = given.daily_from && given.daily_to ? [{ from: given.daily_from, to: given.daily_to }] : [];
  try {
    const made = await postJson(`${URL_OF}/messages`, {
      ...wanted(), priority: Number(given.priority), hours,
      from_at: given.from ? instant(given.from) : null, until_at: instant(given.until),
    });
    said.textContent = made.state === "waiting" ? t("boards.asked") : t("boards.sent");
    form.text.value = "";
    await Promise.all([load(), preview()]);
  } catch (error) {
    said.textContent = inShort(error);
  }
});

$("#log-close").addEventListener("click", () => $("#log").close());
if (form) form.until.value = local(Date.now() + HOUR_MS).slice(0, 16);
bindHead();
let due = 0;
const again = () => { // Boards change in swarms.
  clearTimeout(due);
  due = setTimeout(() => load().catch(tell), GATHERED_MS);
};
follow("/api/stream", { boards: again, resync: again }, (there) => { $("#link").hidden = there; });
