// Lists of vehicles: what there is and how far the poles are; a new table is looked at before it is taken.

import { getJson, request } from "./api.js";
import { $, h } from "./dom.js";
import { bindHead } from "./head.js";
import { instant, lang, t, whole, word } from "./locale.js";
import { inShort } from "./problems.js";

const URL_OF = "/api/plates/lists";
const COLUMNS = ["list", "purpose", "until", "entries", "poles", "confirming", "hits", "act"];
const AGAIN_MS = 5_000;
const SHOWN = 50; // Bad rows on the page; all of them are counted.

const form = $("#place");
const said = $("#said");
const percent = (part) => `${Math.round(part * 100)} %`;
let checked = null; // {file, bad_rows}: what was looked at and may be taken.

const telling = (work) => async (event) => {
  event?.preventDefault();
  said.textContent = "";
  try {
    await work(event);
  } catch (error) {
    said.textContent = inShort(error);
  }
};

function row(one) {
  const poles = [t("lists.poles_now", { n: one.poles }), one.behind > 0 && t("lists.poles_behind", { n: one.behind })].filter(Boolean);
  return h("tr", { "data-list": one.list_id, class: one.ended ? "released" : "" },
    h("td", {}, h("b", {}, one.list_id), h("div", { class: "quiet" }, `${word("agency", one.owner)} · ${one.changed_by}`)),
    h("td", {}, one.purpose, h("div", { class: "quiet" }, one.basis)),
    h("td", {}, one.ended ? t("lists.ended") : whole(one.expires_at)),
    h("td", {}, String(one.entries), h("div", { class: "quiet" }, t("lists.revision", { n: one.revision }))),
    h("td", {}, poles.map((text) => h("div", {}, text))),
    h("td", {}, one.at_once_from === null ? t("lists.each") : t("lists.below", { n: percent(one.at_once_from) })),
    h("td", {}, String(one.hits), h("div", { class: "quiet" }, t("lists.decided", one))),
    h("td", {}, !form.hidden && !one.ended && h("button", { type: "button", "aria-label": t("lists.end_of", { name: one.list_id }), onclick: () => end(one) }, t("lists.end"))));
}

async function load() {
  const found = await getJson(URL_OF);
  $("#holds-list").replaceChildren(found.length
    ? h("table", {}, h("thead", {}, h("tr", {}, COLUMNS.map((name) => h("th", { scope: "col" }, t(`lists.${name}`))))), h("tbody", {}, found.map(row)))
    : h("p", { class: "empty" }, t("lists.none")));
}

async function end(one) {
  if (!confirm(t("lists.sure", { name: one.list_id, n: one.entries }))) return;
  await telling(() => request(`${URL_OF}/${one.list_id}`, { method: "DELETE" }))();
  await load();
}

function terms() {
  const { owner, purpose, basis, until, at_once_from: atOnce } = Object.fromEntries(new FormData(form));
  const asked = new URLSearchParams({ owner, purpose, basis, expires_at: instant(`${until}T23:59:59`) });
  if (atOnce) asked.set("at_once_from", atOnce);
  else asked.set("confirm_each", "true");
  if (checked.bad_rows) asked.set("accept_bad", "true");
  return asked;
}

function report(found) {
  const bad = found.bad.slice(0, SHOWN).map((one) => h("li", {}, h("b", {}, t("lists.row", { n: one.row })), ` ${lang === "ko" ? one.reason_ko : one.reason}`));
  const more = found.bad_rows - bad.length;
  $("#report").replaceChildren(
    h("p", {}, h("b", {}, t("lists.holds", { n: found.entries, bad: found.bad_rows, repeated: found.repeated }))),
    ...(bad.length ? [h("ul", { class: "bad-rows" }, bad), more > 0 ? h("p", {}, t("lists.more_bad", { n: more })) : "",
      h("button", { type: "button", id: "keep-report", onclick: telling(keepReport) }, t("lists.report"))] : []),
    found.entries > 0 ? h("button", { type: "button", id: "take", onclick: telling(take) }, t(found.bad_rows ? "lists.take_good" : "lists.take")) : "");
  $("#report").focus();
}

/** Every bad row as a file, also those that are not on the page. */
async function keepReport() {
  const answer = await request(`${URL_OF}/check/report`, { method: "POST", body: checked.file });
  const link = document.createElement("a");
  link.download = `${checked.file.name.replace(/\.\w+$/, "")}-${t("lists.report_name")}.csv`;
  link.href = URL.createObjectURL(await answer.blob());
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function take() {
  const id = form.list_id.value;
  const answer = await request(`${URL_OF}/${id}/table?${terms()}`, { method: "PUT", body: checked.file });
  const taken = await answer.json();
  const also = Object.entries(taken.also_on).map(([name, n]) => t("lists.also", { name, n }));
  $("#report").replaceChildren(h("p", {}, h("b", {}, [t("lists.taken", taken), ...also].join(" "))));
  checked = null;
  form.file.value = "";
  await load();
}

form.addEventListener("submit", telling(async () => {
  const [file] = form.file.files;
  const answer = await request(`${URL_OF}/check`, { method: "POST", body: file });
  const found = await answer.json();
  checked = { file, bad_rows: found.bad_rows };
  report(found);
}));
form.file.addEventListener("change", () => $("#report").replaceChildren());

async function begin() {
  bindHead();
  for (const one of form.owner.options) one.textContent = word("agency", one.value);
  if ($("#forbidden").hidden) {
    await load();
    // How far the poles are changes by itself.
    setInterval(() => { if (!document.hidden) load().catch(() => {}); }, AGAIN_MS);
  }
  document.documentElement.dataset.ready = "";
}

begin().catch((error) => { said.textContent = inShort(error); });
