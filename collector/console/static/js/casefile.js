// One incident's case file: what happened in its order, who was told, who saw and got what, and the way
// of a provision from request to destruction.

import { getJson, postJson } from "./api.js";
import { $, h, shape } from "./dom.js";
import { bindHead } from "./head.js";
import { inLanguage, local, noteOf, t, when, whole, word } from "./locale.js";
import { progress } from "./model.js";
import { follow } from "./stream.js";
import { acting, tell } from "./telling.js";
import { result } from "./verdict.js";

const ID = location.pathname.split("/")[2];
const STEPS = ["request", "approve", "view", "export", "destroy"];
const SIGN = { good: "✓", wait: "…", bad: "✕" };
const form = $("#ask");
const act = acting(load);
let shown = null;

const receiverName = (one) => (one.channel && one.channel !== "mqtt" ? `${word("agency", one.agency)} ${one.channel.toUpperCase()}` : word("agency", one.agency));

/** Everything with a time, as {at, kind, said}. */
function happenings() {
  const { incident, steps, events, entries, holds, cases, procedures } = shown;
  const found = [
    ...events.map((one) => ({ at: one.at, kind: "event", said: word("phase", one.phase) })),
    ...steps.map((one) => ({ at: one.at, kind: "step", said: [word("state", one.state), one.person, one.agency && word("agency", one.agency), noteOf(one)].filter(Boolean).join(" · ") })),
    ...incident.deliveries.filter((one) => one.first_at).map((one) => ({ at: one.first_at, kind: "told", said: receiverName(one) })),
    ...incident.deliveries.filter((one) => one.acked_at).map((one) => ({ at: one.acked_at, kind: "answer", said: [receiverName(one), word("delivery", one.state), one.officer].filter(Boolean).join(" · ") })),
    ...entries.map((one) => ({ at: one.at, kind: "ledger", said: [word("ledger", one.kind), one.person, one.agency && word("agency", one.agency), one.case, one.code].filter(Boolean).join(" · ") })),
    ...holds.map((one) => ({ at: one.asked_at, kind: "hold", said: [one.case_number, one.person, one.reason].join(" · ") })),
    ...procedures.flatMap((one) => one.done.filter((step) => ["request", "approve", "destroy"].includes(step.step)).map((step) => ({
      at: step.at, kind: "case", said: [word("step", step.step), cases.find((known) => known.case_id === one.case_id).case, step.by].filter(Boolean).join(" · "),
    }))),
  ];
  return found.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

function drawHead() {
  const { incident } = shown;
  $("#to-incident").href = `/incidents/${incident.incident_id}`;
  $("#head").replaceChildren(
    h("div", { class: `title ${incident.severity}` }, shape(incident.severity, word("severity", incident.severity)), h("h2", {}, word("type", incident.type)),
      h("span", { class: "mark" }, word("state", incident.state)), h("b", { class: "number" }, incident.case_hint)),
    h("p", {}, inLanguage(incident.text)),
    h("p", { class: "why" }, [inLanguage(incident.camera_title), incident.place?.address, whole(incident.opened_at)].filter(Boolean).join(" · ")));
}

function drawTimeline() {
  $("#timeline").replaceChildren(...happenings().map((one) => h("li", { class: one.kind },
    h("time", { datetime: one.at }, when(one.at)), h("b", {}, t(`happening.${one.kind}`)), h("span", {}, one.said))));
}

function drawPictures() {
  const { incident, stills, holds, vehicles } = shown;
  const compared = stills.some((one) => one.shows);
  const shows = (one) => (one.shows ? word("shows", one.shows) : compared && t("detail.after"));
  $("#stills").replaceChildren(...(stills.length || vehicles.length
    ? [...stills.map((one) => h("figure", {}, one.url ? h("img", { src: one.url, alt: t("file.still_of", { at: when(one.at) }), loading: "lazy" }) : h("div", { class: "gone" }, t("still.none")),
      h("figcaption", {}, [shows(one), when(one.at)].filter(Boolean).join(" · ")))),
    ...vehicles.map((one) => h("figure", { class: "plate" }, h("img", { src: one.crop, alt: t("plates.crop"), loading: "lazy" }),
      h("figcaption", {}, h("b", {}, one.text), ` ${when(one.at)} · ${t("evidence.confirmed_by", { who: one.person, when: when(one.confirmed_at) })}`)))]
    : [h("p", { class: "none" }, t("still.none"))]));
  $("#clips").replaceChildren(
    h("li", {}, h("b", {}, t("file.recorded")), h("span", {}, `${whole(incident.clip.from)} – ${incident.clip.to ? whole(incident.clip.to) : t("facts.goes_on")}`), see(incident.case_hint)),
    ...holds.map((one) => h("li", {}, h("b", {}, t("file.held")), h("span", {}, `${whole(one.start_at)} – ${whole(one.end_at)} · ${t(`holds.state_${one.state}`)}`))));
  $("#told").replaceChildren(...incident.deliveries.map((one) => h("li", {},
    h("b", {}, receiverName(one)), h("span", { class: progress(one) }, `${SIGN[progress(one)]} ${word("delivery", one.state)}`),
    h("span", { class: "why" }, [one.first_at && when(one.first_at), one.acked_at && when(one.acked_at), one.officer, one.error].filter(Boolean).join(" · ")))));
}

/** Opens the video with the case's reasons filled in. */
function see(number, one = {}) {
  const query = new URLSearchParams({ case: number, ...(one.basis ? { basis: one.basis } : {}), ...(one.purpose ? { purpose: one.purpose } : {}) });
  return h("a", { class: "button", href: `/incidents/${ID}?${query}` }, t("file.see"));
}

function drawCases() {
  const { cases, procedures } = shown;
  $("#cases").replaceChildren(...(cases.length ? cases.map((one) => caseCard(one, procedures.find((known) => known.case_id === one.case_id))) : [h("p", { class: "none" }, t("file.no_case"))]));
}

function caseCard(one, way) {
  const taken = new Map(way.done.map((step) => [step.step, step]));
  const who = one.personal?.requester ?? {};
  return h("article", { class: "card", "data-case": one.case_id, "data-next": way.next ?? "" },
    h("h3", {}, `${one.case} · ${word("agency", one.agency)} · ${word("casestate", one.state)}`),
    h("p", { class: "why" }, [who.unit, who.rank, who.name, who.phone, one.purpose, one.basis].filter(Boolean).join(" · ")),
    one.waiting && one.state === "asked" && h("p", { class: "why" }, one.waiting),
    h("ol", { class: "way" }, STEPS.map((name) => {
      const step = taken.get(name);
      return h("li", { class: step ? "taken" : name === way.next ? "due" : "", "aria-current": name === way.next ? "step" : null },
        h("b", {}, word("step", name)), h("span", {}, step ? `${when(step.at)} ${step.by}` : name === way.next ? t("file.due") : ""), ...nextOf(one, way, name));
    })));
}

/** What the person can do for the step that is due; for no other. */
function nextOf(one, way, name) {
  if (name !== way.next) return [];
  const path = `/api/services/cases/${one.case_id}`;
  if (name === "approve") {
    return [h("button", { type: "button", class: "primary", onclick: () => act(() => postJson(`${path}/approval`, {})) }, t("cases.approve")),
      h("button", { type: "button", onclick: () => act(() => postJson(`${path}/refusal`, { note: "" })) }, t("cases.refuse"))];
  }
  if (name === "view" || name === "export") return [see(one.case, one)];
  return shown.copies.filter((copy) => copy.on === null && shown.entries.some((entry) => entry.number === copy.number && entry.case === one.case)).map(destroyForm);
}

function destroyForm(copy) {
  const today = local(Date.now()).slice(0, 10);
  const fields = h("form", { class: "destroy", "data-copy": copy.number },
    h("span", {}, t("file.copy", { n: copy.number })),
    h("label", {}, t("record.planned"), h("input", { name: "planned", type: "date", value: copy.planned ?? "" })),
    h("label", {}, t("record.destroyed"), h("input", { name: "on", type: "date", max: today })),
    h("label", {}, t("record.officer"), h("input", { name: "officer", maxlength: 80, autocomplete: "off" })),
    h("button", { type: "submit" }, t("file.enter")));
  fields.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = Object.fromEntries([...new FormData(fields)].filter(([name, value]) => value && !(name === "planned" && value === copy.planned)));
    act(() => postJson(`/api/copies/${copy.number}/destruction`, given));
  });
  return fields;
}

function drawRecord() {
  const rows = shown.record;
  const columns = rows.length ? Object.keys(rows[0]) : [];
  $("#record").replaceChildren(rows.length
    ? h("div", { class: "scroll", tabindex: 0, role: "region", "aria-labelledby": "record-heading" }, h("table", {},
      h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col" }, t(`record.${name}`))))),
      h("tbody", {}, rows.map((row) => h("tr", {}, columns.map((name) => h("td", {}, name === "agency" ? word("agency", row[name]) : row[name])))))))
    : h("p", { class: "none" }, t("file.no_record")));
}

async function load() {
  shown = await getJson(`/api/incidents/${ID}/file`);
  drawHead();
  drawTimeline();
  drawPictures();
  drawCases();
  drawRecord();
  document.documentElement.dataset.ready = "";
}

/** The form with what is known, once it is opened. */
async function fill() {
  if (!$("#asking").open || form.dataset.filled) return;
  form.dataset.filled = "yes";
  const { receivers } = await getJson("/api/receivers");
  const agencies = [...new Set(receivers.map((one) => one.split("/")[0]))];
  form.agency.replaceChildren(...agencies.map((agency) => h("option", { value: agency }, word("agency", agency))));
  form.case.value = shown.incident.case_hint;
  form.purpose.value = t("ask.purpose_default", { type: word("type", shown.incident.type) });
}

$("#asking").addEventListener("toggle", () => fill().catch(tell));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const { unit, rank, name, phone, hours, ...rest } = Object.fromEntries(new FormData(form));
  act(async () => {
    await postJson(`/api/incidents/${ID}/provision`, { ...rest, hours: Number(hours), requester: { unit, rank, name, phone } });
    $("#asking").open = false;
  });
});

$("#verify-file").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (file) $("#verified").replaceChildren(await result(file));
});

const again = () => load().catch(tell);
follow("/api/stream", {
  incident: (one) => { if (one.incident_id === ID) again(); }, cases: again, still: ({ sha256 }) => { if (shown?.stills.some((one) => one.sha256 === sha256 && !one.url)) again(); }, resync: again,
}, (up) => { $("#link").hidden = up; });
bindHead();
