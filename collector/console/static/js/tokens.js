// API tokens: made once and shown once, listed, revoked.

import { getJson, postJson } from "./api.js";
import { $, h } from "./dom.js";
import { bindHead } from "./head.js";
import { t, whole, word } from "./locale.js";
import { inWords } from "./problems.js";

const COLUMNS = ["name", "agency", "scopes", "until", "used", "act"];
const form = $("#place");

const scopeName = (scope) => word("scope", scope.replace(":", "_"));

function stateOf(one) {
  if (one.revoked_at) return t("tokens.revoked", { who: one.revoked_by ?? "", at: whole(one.revoked_at) });
  return new Date(one.expires_at) <= new Date() ? t("tokens.expired") : whole(one.expires_at);
}

function row(one) {
  const over = one.revoked_at || new Date(one.expires_at) <= new Date();
  return h("tr", { "data-token": one.name, class: over ? "released" : "" },
    h("td", {}, h("b", {}, one.name), h("div", { class: "quiet" }, one.owner)),
    h("td", {}, word("agency", one.agency), h("div", { class: "quiet" }, word("tokenrole", one.role))),
    h("td", {}, one.scopes.map(scopeName).join(", ")),
    h("td", {}, stateOf(one)),
    h("td", {}, one.used_at ? whole(one.used_at) : t("tokens.never")),
    h("td", {}, !over && h("button", { type: "button", "aria-label": t("tokens.revoke_of", { name: one.name }), onclick: () => revoke(one) }, t("tokens.revoke"))));
}

function tell(error) {
  const { title, remedy, detail } = inWords(error);
  $("#said").textContent = [title, detail || remedy].filter(Boolean).join(". ");
}

async function load() {
  try {
    const found = await getJson("/api/tokens");
    form.hidden = false;
    $("#holds-list").replaceChildren(found.length
      ? h("table", {}, h("thead", {}, h("tr", {}, COLUMNS.map((name) => h("th", { scope: "col" }, t(`tokens.${name}`))))), h("tbody", {}, found.map(row)))
      : h("p", { class: "empty" }, t("tokens.none")));
  } catch (error) {
    tell(error);
  }
  document.documentElement.dataset.ready = "";
}

async function revoke(one) {
  if (!confirm(t("tokens.sure", { name: one.name }))) return;
  await postJson(`/api/tokens/${one.name}/revocation`, {}).catch(tell);
  load();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const data = new FormData(form);
  const given = Object.fromEntries(data);
  $("#said").textContent = "";
  try {
    const made = await postJson("/api/tokens", {
      ...given, days: Number(given.days), per_minute: Number(given.per_minute), scopes: data.getAll("scopes"),
    });
    $("#secret").hidden = false;
    $("#secret").replaceChildren(h("b", {}, t("tokens.once")), h("div", {}, h("code", {}, made.token)));
    form.name.value = "";
  } catch (error) {
    tell(error);
  }
  load();
});
bindHead();
load();
