// What hangs on the poles beside cameras: how it is, and an operator's word to switch it.

import { postJson } from "./api.js";
import { $, h, lamp } from "./dom.js";
import { span, t, when, word } from "./locale.js";
import { inShort } from "./problems.js";

const URL_OF = "/api/facilities";
const USUAL_S = 60;
const SWITCHED = ["light", "logojector", "siren", "speaker"];
const SHOWN_AS = { on: "up", off: "unknown", stuck: "down", unknown: "down" };

const MOST = 100; // Drawn at once: what is wrong comes first.
const RANK = { stuck: 0, unknown: 1, on: 2, off: 3 };
const BY_RULE = /^rule: (\S+) at (\S+)$/;

const modeOf = (one) => (one.online ? one.state.mode : "unknown");

/** Who or what switched it last; a rule in the reader's words. */
function byWhom(by) {
  const found = BY_RULE.exec(by);
  return found ? t("facility.by_rule", { type: word("type", found[1]), camera: found[2] }) : by;
}

const may = document.body.dataset.switches === "yes";

async function order(one, body, changed) {
  try {
    await postJson(`${URL_OF}/${one.device}/${one.state.facility}`, body);
    $("#facilities-said").textContent = t("facility.done", { name: one.state.title });
    changed();
  } catch (error) {
    $("#facilities-said").textContent = inShort(error);
  }
}

function does(one, changed) {
  const { state } = one;
  if (!may || !one.online || !SWITCHED.includes(state.kind)) return [];
  const name = `${one.device} ${state.title}`;
  const button = (label, body) => h("button", { type: "button", "aria-label": `${name}: ${label}`, onclick: () => order(one, body, changed) }, label);
  const on = state.announcements.length
    ? state.announcements.map((announcement) => button(t("facility.say", { announcement }), { on: true, announcement }))
    : [button(t("facility.on", { s: USUAL_S }), { on: true, seconds: USUAL_S })];
  return [...on, button(t("facility.off"), { on: false })];
}

function row(one, changed) {
  const { state } = one;
  const known = modeOf(one);
  return h("li", { "data-facility": `${one.device}/${state.facility}`, "data-mode": known },
    h("span", { class: "state" }, lamp(SHOWN_AS[known]), word("facilitymode", known)),
    h("span", {}, h("b", {}, state.title), h("small", {}, `${word("facilitykind", state.kind)} · ${one.device}`)),
    h("span", {}, state.wanted && state.left_s !== null && t("facility.left", { span: span(state.left_s) }), state.by && h("small", {}, byWhom(state.by)), !one.online && one.told_at && h("small", {}, when(one.told_at))),
    h("span", { class: "does" }, ...does(one, changed)));
}

/** Without any, nothing is shown; `changed()` is called when one was switched. */
export function drawFacilities(found, changed) {
  $("#facilities").hidden = found.length === 0;
  const sorted = [...found].sort((a, b) => RANK[modeOf(a)] - RANK[modeOf(b)]);
  const more = sorted.length - MOST;
  $("#facilities-list").replaceChildren(
    ...sorted.slice(0, MOST).map((one) => row(one, changed)),
    ...(more > 0 ? [h("li", { class: "note" }, t("facility.more", { n: more }))] : []));
}
