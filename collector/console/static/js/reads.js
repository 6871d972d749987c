// Who read what of whom: for the privacy officer, with filters.

import { getJson } from "./api.js";
import { $, h } from "./dom.js";
import { bindHead } from "./head.js";
import { instant, t, whole, word } from "./locale.js";
import { inWords } from "./problems.js";

const COLUMNS = ["at", "person", "what", "record", "case"];
const form = $("#place");
const rows = h("tbody", {});
let before = null;

function row(one) {
  return h("tr", { "data-number": one.number },
    h("td", { class: "size" }, whole(one.at), h("div", { class: "quiet" }, String(one.number))),
    one.person === null && one.what === null
      ? h("td", { class: "quiet", colspan: COLUMNS.length - 1 }, t("reads.erased"))
      : [
        h("td", {}, h("b", {}, one.person ?? ""), h("div", { class: "quiet" }, one.agency ? word("agency", one.agency) : "")),
        h("td", {}, one.what ? word("read", one.what) : ""),
        h("td", {}, one.record ?? "", h("div", { class: "quiet" }, one.asked ?? "")),
        h("td", {}, one.case ?? "", h("div", { class: "quiet" }, one.purpose ?? "")),
      ]);
}

function question() {
  const given = Object.fromEntries(new FormData(form));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given)) {
    if (value) query.set(name, ["from", "to"].includes(name) ? instant(value) : value);
  }
  if (before !== null) query.set("before", before);
  return query;
}

async function load(anew) {
  if (anew) {
    before = null;
    rows.replaceChildren();
  }
  $("#said").textContent = "";
  try {
    const found = await getJson(`/api/reads?${question()}`);
    rows.append(...found.reads.map(row));
    before = found.before;
    $("#more").hidden = before === null;
    $("#holds-list").replaceChildren(rows.children.length
      ? h("table", {}, h("thead", {}, h("tr", {}, COLUMNS.map((name) => h("th", { scope: "col" }, t(`reads.${name}`))))), rows)
      : h("p", { class: "empty" }, t("reads.none")));
  } catch (error) {
    const { title, remedy } = inWords(error);
    $("#said").textContent = [title, remedy].filter(Boolean).join(". ");
  }
  document.documentElement.dataset.ready = "";
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  load(true);
});
$("#more").addEventListener("click", () => load(false));
bindHead();
load(true);
