// Recordings that poles keep for cases: which there are, a new one, and the end of one.

import { getJson, postJson } from "./api.js";
import { $, h } from "./dom.js";
import { bindHead } from "./head.js";
import { clock, inLanguage, instant, lang, local, t, whole, word } from "./locale.js";
import { inShort } from "./problems.js";

const LOOK_AGAIN_MS = 20_000;
const LAST_MS = 10 * 60_000; // What the form begins with: the time that just went by.
const HOLDERS = ["officer", "supervisor"];
const number = new Intl.NumberFormat(lang === "ko" ? "ko-KR" : "en-GB", { maximumFractionDigits: 1 });

const form = $("#place");
const said = $("#said");
const dialog = $("#release-dialog");
let cameras = new Map();
let releasing = null;

const titleOf = (device, camera) => {
  const known = cameras.get(`${device}/${camera}`);
  return known ? inLanguage({ ko: known.title, en: known.title_en }) : `${device} / ${camera}`;
};

/** Size as the pole told it; what is yet to be recorded of the span is an estimate. */
function sizeOf(hold) {
  return hold.bytes === null ? t("holds.size_unknown") : t("holds.size_of", { n: number.format(hold.bytes / 1e6) });
}

function row(hold) {
  const going = ["asked", "placed"].includes(hold.state);
  const until = going ? t("holds.until_released") : hold.released_at ? whole(hold.released_at) : "";
  const title = titleOf(hold.device, hold.camera);
  return h("tr", { "data-hold": hold.hold_id, class: hold.state },
    h("td", {}, h("b", {}, title), h("div", { class: "quiet" }, `${hold.device} / ${hold.camera}`)),
    h("td", {}, `${whole(hold.start_at)} – ${sameDay(hold) ? clock(new Date(hold.end_at)) : whole(hold.end_at)}`),
    h("td", { class: "size" }, sizeOf(hold)),
    h("td", {}, h("b", {}, hold.person), ` · ${word("agency", hold.agency)}`,
      h("div", { class: "quiet" }, whole(hold.asked_at)), hold.reason && h("div", {}, hold.reason)),
    h("td", {}, word("holds", `state_${hold.state}`), h("div", { class: "quiet" }, until),
      hold.released_by && h("div", { class: "quiet" }, [hold.released_by, hold.release_reason].filter(Boolean).join(": "))),
    h("td", {}, going && h("button", { type: "button", "aria-label": t("holds.release_of", { case: hold.case_number, camera: title }), onclick: () => ask(hold) }, t("holds.release"))));
}

const sameDay = (hold) => local(hold.start_at).slice(0, 10) === local(hold.end_at).slice(0, 10);

/** One part of the table a case; that with the newest hold first, as they come. */
function draw(holds) {
  const cases = new Map();
  for (const one of holds) cases.set(one.case_number, [...(cases.get(one.case_number) ?? []), one]);
  const columns = ["camera", "span", "size", "who", "state", "act"];
  $("#holds-list").replaceChildren(holds.length
    ? h("table", {},
      h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col" }, t(`holds.${name}`))))),
      ...[...cases].map(([name, list]) => h("tbody", {},
        h("tr", { class: "case" }, h("th", { scope: "rowgroup", colspan: columns.length }, t("holds.case_of", { case: name }))),
        list.map(row))))
    : h("p", { class: "empty" }, t("holds.none")));
}

async function load() {
  try {
    draw(await getJson(`/api/holds?all=${$("#all").checked}`));
    document.documentElement.dataset.ready = "";
  } catch (error) {
    $("#holds-list").replaceChildren(h("p", { class: "empty", role: "alert" }, inShort(error)));
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = Object.fromEntries(new FormData(form));
  const [device, camera] = given.camera.split("/");
  const button = $("button", form);
  button.disabled = true;
  said.textContent = t("holds.asking");
  try {
    await postJson("/api/holds", {
      device, camera, start_at: instant(given.start), end_at: instant(given.end), case: given.case, reason: given.reason,
    });
    said.textContent = t("holds.placed_now", { camera: titleOf(device, camera), case: given.case });
    form.reason.value = "";
  } catch (error) {
    said.textContent = inShort(error);
  }
  button.disabled = false;
  load();
});

function ask(hold) {
  releasing = hold;
  $("#release-what").textContent = `${hold.case_number} · ${titleOf(hold.device, hold.camera)} · ${whole(hold.start_at)} – ${whole(hold.end_at)}`;
  $("#release-said").textContent = "";
  $("[name=reason]", dialog).value = "";
  dialog.showModal();
}

$("#release").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { reason } = Object.fromEntries(new FormData(event.target));
  try {
    await postJson(`/api/holds/${releasing.hold_id}/release`, { reason });
    dialog.close();
  } catch (error) {
    $("#release-said").textContent = inShort(error);
  }
  load();
});

/** The form, for whom it is: with what the address names, as from an incident's page. */
async function begin() {
  const [me, known] = await Promise.all([getJson("/api/me"), getJson("/api/cameras")]);
  cameras = new Map(known.cameras.map((one) => [`${one.device}/${one.camera}`, one]));
  const names = [...cameras.keys()].sort((a, b) => titleOf(...a.split("/")).localeCompare(titleOf(...b.split("/"))));
  form.camera.replaceChildren(...names.map((name) => h("option", { value: name }, `${titleOf(...name.split("/"))} (${name.replace("/", " / ")})`)));
  const asked = new URLSearchParams(location.search);
  if (cameras.has(asked.get("camera"))) form.camera.value = asked.get("camera");
  const now = Date.now();
  form.start.value = local(asked.get("from") ?? now - LAST_MS);
  form.end.value = local(asked.get("to") ?? now);
  form.case.value = asked.get("case") ?? "";
  const may = HOLDERS.some((role) => me.roles.includes(role));
  form.hidden = !may;
  $("#forbidden").hidden = may;
  if (!may) {
    $("#holds-list").replaceChildren();
    document.documentElement.dataset.ready = "";
    return;
  }
  await load();
  setInterval(() => { if (!dialog.open) load(); }, LOOK_AGAIN_MS);
}

$("#all").addEventListener("change", load);
$("#release-cancel").addEventListener("click", () => dialog.close());
bindHead();
begin().catch((error) => { said.textContent = inShort(error); });
