// One asset: how it is, what is to be done, and what it was. Made for a phone on a ladder too.

import { getJson, postJson, request } from "./api.js";
import { $, h, lamp } from "./dom.js";
import { bindHead } from "./head.js";
import { inLanguage, instant, span, t, when, whole, word } from "./locale.js";
import { inShort } from "./problems.js";

const EVERY_MS = 15_000;
const root = document.documentElement;
const { asset: id, works, assigns, person } = document.body.dataset;
const LAMPS = { well: "up", ill: "degraded", bad: "down" };
const FACTS = ["purpose", "view", "department", "network", "maker", "model", "serial", "firmware", "installed", "warranty", "retired", "parent", "device", "camera", "unit", "note"];

let shown = ""; // What is drawn: what stays the same is left alone, and with it what somebody writes.

const link = (one) => h("a", { href: `/assets/${one.id}` }, lamp(LAMPS[one.state]), ` ${one.tag} `, one.title ?? word("assetkind", one.kind));

function drawHead(one) {
  $("#name").textContent = one.tag;
  $("#under").textContent = [one.title, word("assetkind", one.kind), one.address].filter(Boolean).join(" · ");
  const faults = one.faults.map((fault) => word("assetfault", fault));
  $("#condition").className = one.state;
  $("#condition").replaceChildren(
    h("p", {}, lamp(LAMPS[one.state]), h("b", {}, faults.length ? faults.join(", ") : word("assetstate", one.state)), one.since && one.state !== "unknown" && h("small", {}, t("health.since", { at: when(one.since) }))),
    ...(one.cause ? [h("p", {}, `${one.cause.number} ${inLanguage(one.cause.title)}`, h("small", {}, inLanguage(one.cause.remedy)))] : []),
    ...one.models.map((model) => h("p", {}, t(model.wanted ? "assets.old_model" : "assets.unknown_model", model))));
  $("#ways").replaceChildren(...[
    one.kind === "board" && one.unit && h("a", { class: "button", href: "/boards" }, t("boards.title")),
    one.camera && h("a", { class: "button", href: `/map?camera=${one.device}/${one.camera}` }, t("map.title")),
    one.lat !== null && h("a", { class: "button", href: `geo:${one.lat},${one.lon}?q=${one.lat},${one.lon}` }, t("assets.way")),
  ].filter(Boolean));
}

function drawAbout(one) {
  const upload = works === "yes" && h("label", { class: "button" }, t(one.photo ? "assets.new_photo" : "assets.photo"), h("input", { type: "file", accept: "image/jpeg,image/png,image/webp", class: "unseen", onchange: (event) => act(() => put(`/api/assets/${id}/photo`, event.target.files[0])) }));
  $("#photo").replaceChildren(...[
    one.photo && h("img", { src: `/api/assets/photos/${one.photo}`, alt: t("assets.photo_of", { tag: one.tag }), loading: "lazy" }),
    upload && h("figcaption", {}, upload)].filter(Boolean));
  $("#facts").replaceChildren(...FACTS.filter((name) => one[name]).flatMap((name) => [h("dt", {}, word("assetfield", name)), h("dd", {}, one[name])]));
  $("#parts").replaceChildren(...[
    one.on && h("p", {}, `${t("assets.hangs_on")}: `, link(one.on)),
    one.parts.length > 0 && h("p", {}, t("assets.carries")),
    one.parts.length > 0 && h("ul", {}, one.parts.map((part) => h("li", {}, link(part))))].filter(Boolean));
  $("#changes").replaceChildren(...one.changes.map((change) => h("li", {}, h("small", {}, `${whole(change.at)} · ${change.person}`),
    h("span", {}, `${word("assetfield", change.field)}: `, change.field === "photo" ? t("assets.replaced") : `${change.before ?? "–"} → ${change.after ?? "–"}`))));
  $("#states").replaceChildren(...one.states.map((was) => h("li", {}, h("small", {}, whole(was.at)), lamp(LAMPS[was.state]), " ", (was.faults.length ? was.faults.map((fault) => word("assetfault", fault)) : [word("assetstate", was.state)]).join(", "))));
  $("#was").hidden = one.states.length === 0;
  const form = $("#fields");
  if (form && !form.contains(document.activeElement)) for (const field of form.querySelectorAll("input")) field.value = (field.name in one.own ? one.own : one)[field.name] ?? "";
}

function step(one) {
  return h("li", {}, h("small", {}, [whole(one.at), one.person ?? t("work.centre")].join(" · ")),
    h("span", {}, word("workwhat", one.what), one.note && `: ${one.person ? one.note : word("problem", one.note)}`),
    one.photo && h("a", { href: `/api/assets/photos/${one.photo}` }, h("img", { src: `/api/assets/photos/${one.photo}`, alt: t("work.photo"), loading: "lazy" })));
}

function acts(order) {
  const url = `/api/work-orders/${order.number}`;
  const note = h("input", { maxlength: 500, autocomplete: "off", "aria-label": t("work.note"), placeholder: t("work.note") });
  const to = h("input", { maxlength: 80, autocomplete: "off", "aria-label": t("work.assign_to"), placeholder: t("work.assign_to") });
  const button = (name, work, more = {}) => h("button", { type: "button", onclick: () => act(work), ...more }, t(name));
  return h("div", { class: "acts" },
    h("div", { class: "does" }, note, button("work.add_note", () => postJson(`${url}/note`, { note: note.value })),
      h("label", { class: "button" }, t("work.add_photo"), h("input", { type: "file", accept: "image/jpeg,image/png,image/webp", class: "unseen", onchange: (event) => act(() => put(`${url}/photo`, event.target.files[0])) }))),
    assigns === "yes" && h("div", { class: "does" }, to, button("work.assign", () => postJson(`${url}/assignment`, { to: to.value }))),
    h("div", { class: "does" },
      order.assigned_to !== person && button("work.mine", () => postJson(`${url}/assignment`, { to: person })),
      order.state === "open" && button("work.done", () => postJson(`${url}/done`, note.value.trim() ? { note: note.value } : {}), { class: "primary" })));
}

function orderCard(order) {
  const title = [`#${order.number}`, order.fault ? word("assetfault", order.fault) : order.title].join(" ");
  const facts = [
    t("work.since", { at: when(order.broken_at) }),
    order.assigned_to && t("work.assigned_to", { who: order.assigned_to }),
    order.planned && t("work.planned_at", { from: when(order.planned[0]), to: when(order.planned[1]) }),
    order.repair_s !== null && t("work.repaired_in", { n: span(order.repair_s) }),
    order.reopened > 0 && t("work.reopened", { n: order.reopened }),
  ].filter(Boolean).join(" · ");
  const over = order.state === "closed";
  return h(over ? "details" : "section", { class: `order ${order.state}`, "data-number": order.number },
    h(over ? "summary" : "h4", {}, title, " ", h("b", {}, word("workstate", order.state))),
    h("p", { class: "note" }, facts),
    h("ol", {}, order.steps.map(step)),
    !over && works === "yes" && acts(order));
}

function draw(one) {
  drawHead(one);
  const writing = document.activeElement?.closest("#orders") && document.activeElement.value;
  if (!writing) $("#orders").replaceChildren(...(one.work.length ? one.work.map(orderCard) : [h("p", { class: "note" }, t("work.none"))]));
  drawAbout(one);
  $("#asset").hidden = false;
}

async function load() {
  try {
    const one = await getJson(`/api/assets/${id}`);
    const text = JSON.stringify(one);
    if (text !== shown) draw(one);
    shown = text;
    $("#unknown").hidden = true;
  } catch (error) {
    $("#unknown").textContent = inShort(error);
    $("#unknown").hidden = false;
  }
  root.dataset.ready = "";
}

const put = (url, body) => body && request(url, { method: "PUT", body, signal: AbortSignal.timeout(120_000) });

/** Does it, says what went wrong, and shows what became of it. */
async function act(work) {
  $("#said").textContent = "";
  document.activeElement?.blur();
  try {
    await work();
  } catch (error) {
    $("#said").textContent = inShort(error);
  }
  shown = "";
  await load();
}

bindHead();
if (document.body.dataset.may === "yes") {
  $("#order")?.addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    const planned = form.from?.value || form.to?.value ? { planned_from: form.from.value && instant(form.from.value), planned_to: form.to.value && instant(form.to.value) } : {};
    act(async () => {
      await postJson(`/api/work-orders/of/${id}`, { title: form.title.value, ...planned });
      form.reset();
      form.closest("details").open = false;
    });
  });
  $("#fields")?.addEventListener("submit", async (event) => {
    event.preventDefault();
    $("#saved").textContent = "";
    document.activeElement.blur();
    try {
      const fields = Object.fromEntries(new FormData(event.target));
      await request(`/api/assets/${id}`, { method: "PATCH", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ fields }) });
      $("#saved").textContent = t("assets.saved");
      await load();
    } catch (error) {
      $("#saved").textContent = inShort(error);
    }
  });
  setInterval(load, EVERY_MS);
  load();
} else root.dataset.ready = "";
