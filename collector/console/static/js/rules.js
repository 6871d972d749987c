// Zones and rules of a camera: drawn on its picture, tried on its ring, applied on its pole.

import { getJson, postJson, request } from "./api.js";
import { $, h } from "./dom.js";
import { bindHead } from "./head.js";
import { bindKeys } from "./keys.js";
import { inLanguage, t, when, word } from "./locale.js";
import { inShort } from "./problems.js";
import { Canvas } from "./rules_canvas.js";
import { Draft } from "./rules_draft.js";
import { Form } from "./rules_form.js";
import { Picture } from "./rules_picture.js";
import { Trial } from "./rules_trial.js";

const STATE_EVERY_MS = 4_000;
const CHECK_AFTER_MS = 300;
const root = document.documentElement;
const key = new URLSearchParams(location.search).get("camera") ?? "";
const url = `/api/rules/${key}`;

let faults = [];
let checking = null;
let drawing = 0;
let shown = null; // What the centre knows: RulesShown.
let drawnHistory = "";

const draft = new Draft(changed);
const say = (text) => { $("#said").textContent = text; };
const canvas = document.body.dataset.may === "yes" ? new Canvas($("#shapes"), draft, { select, say }) : null;
let form = null;

function select(kind, id) {
  canvas.selected = { kind, id };
  canvas.box = null;
  changed();
}

function changed() {
  if (canvas.selected && !draft.thing(canvas.selected.kind, canvas.selected.id)) canvas.selected = null;
  canvas.draw();
  $("#undo").disabled = !draft.undoable;
  // Once for many steps, and after the focus has gone on to the next field.
  cancelAnimationFrame(drawing);
  drawing = requestAnimationFrame(() => { form?.draw(); drawThings(); });
  clearTimeout(checking);
  checking = setTimeout(check, CHECK_AFTER_MS);
}

async function check() {
  try {
    faults = await postJson("/api/rules/check", { configuration: draft.configuration });
  } catch (error) {
    say(inShort(error));
    return;
  }
  $("#faults").hidden = !faults.length;
  $("#fault-list").replaceChildren(...faults.map((one) => h("li", {}, h("b", {}, one.where), ` ${inLanguage({ ko: one.message_ko ?? one.message, en: one.message })}`)));
  root.dataset.faults = faults.length;
}

function drawThings() {
  const focused = document.activeElement?.id;
  const row = (kind) => (one) => h("li", { class: canvas.selected?.kind === kind && canvas.selected.id === one.id ? "chosen" : null, "data-id": one.id },
    h("button", { type: "button", "aria-pressed": String(canvas.selected?.kind === kind && canvas.selected.id === one.id), onclick: () => { select(kind, one.id); canvas.focusPoint(); } },
      kind === "zones" ? t("rules.zone_n", { n: one.polygon.length }) : t("rules.line_n", { n: one.points.length })),
    h("input", { id: `name-of-${kind}-${one.id}`, value: one.id, maxlength: 32, spellcheck: "false", autocomplete: "off", "aria-label": t("rules.name_of", { id: one.id }), onchange: (event) => draft.rename(kind, one.id, event.target.value.trim() || one.id) }),
    kind === "zones"
      ? h("button", { type: "button", "aria-pressed": String(Boolean(one.direction)), onclick: () => { draft.toggleArrow(one.id); select(kind, one.id); } }, t("rules.arrow"))
      : h("button", { type: "button", onclick: () => draft.turn(one.id) }, t("rules.turn")),
    h("button", { type: "button", "aria-label": t("rules.drop", { id: one.id }), onclick: () => draft.dropShape(kind, one.id) }, "×"));
  $("#things").replaceChildren(...draft.zones.map(row("zones")), ...draft.lines.map(row("lines")));
  if (focused) document.getElementById(focused)?.focus();
}

/** Applied is what the pole has said, and nothing else. */
function drawTold() {
  const { told, revisions } = shown;
  const newest = revisions[0];
  const parts = [];
  if (!told) parts.push(t("rules.untold"));
  else if (told.source === "file") parts.push(t("rules.of_file"));
  else parts.push(t("rules.applied", { n: told.revision, at: when(told.since) }));
  if (newest?.state === "waiting") parts.push(t("rules.waiting", { n: newest.revision }));
  if (newest?.state === "refused") parts.push(t("rules.refused", { n: newest.revision, why: `${word("problem", newest.code)}. ${word("remedy", newest.code)}` }));
  $("#told").textContent = parts.join(" · ");
  $("#told").dataset.state = newest?.state ?? "file";
  $("#told").dataset.revision = told?.revision ?? "";
}

function drawHistory() {
  const inForce = shown.told?.sha256;
  const text = JSON.stringify([shown.revisions, inForce]);
  if (text === drawnHistory) return;
  drawnHistory = text;
  $("#no-history").hidden = shown.revisions.length > 0;
  $("#history").replaceChildren(...shown.revisions.map((one) => h("li", { class: one.state },
    h("p", {}, h("b", {}, t("rules.revision", { n: one.revision })), (one.state !== "applied" || one.sha256 === inForce) && ` ${word("rulestate", one.state)}`),
    h("p", {}, `${one.made_by ?? t("rules.file")} · ${when(one.made_at)}`, one.reason && ` · ${one.reason}`),
    one.code && h("p", { class: "note" }, word("problem", one.code)),
    h("button", { type: "button", onclick: () => back(one.revision) }, t("rules.back", { n: one.revision })))));
}

async function back(number) {
  try {
    draft.replace(await getJson(`${url}/revisions/${number}`));
    say(t("rules.back_said", { n: number }));
  } catch (error) {
    say(inShort(error));
  }
}

async function learn() {
  try {
    shown = await getJson(url);
    drawTold();
    drawHistory();
    $("#apply button").disabled = !shown.may_change;
    if (!shown.may_change) $("#apply button").title = t("rules.may_not");
  } catch (error) {
    $("#told").textContent = inShort(error);
  }
  setTimeout(learn, STATE_EVERY_MS);
}

async function loadBase() {
  const base = await getJson(`${url}/base`);
  draft.load(base.configuration, base.sha256);
}

async function apply(event) {
  event.preventDefault();
  await check();
  if (faults.length) {
    say(t("rules.mend_first"));
    $("#faults").scrollIntoView({ block: "nearest" });
    return;
  }
  const body = { configuration: draft.configuration, replaces_sha256: draft.sha256, reason: $("#apply").elements.reason.value };
  try {
    const made = await (await request(url, { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })).json();
    draft.sha256 = made.sha256;
    $("#apply").reset();
    refuse("");
    say(t("rules.sent", { n: made.revision }));
  } catch (error) {
    refuse(inShort(error), error.problem?.code === "rules.stale");
  }
}

/** Why something was not taken; who drew on old rules may load the new ones. */
function refuse(text, stale = false) {
  $("#refused").hidden = !text;
  $("#refused").replaceChildren(text, stale && h("button", { type: "button", id: "reload", onclick: () => loadBase().then(() => refuse("")).catch((error) => refuse(inShort(error))) }, t("rules.load_anew")));
}

function bind(camera) {
  const picture = new Picture({ ...camera, title: inLanguage({ ko: camera.title, en: camera.title_en }) }, (aspect) => {
    $("#stage").style.aspectRatio = aspect;
    canvas.shape(aspect);
  });
  $("#fetch").addEventListener("click", () => picture.fetch());
  $("#new-zone").addEventListener("click", () => canvas.begin("zones"));
  $("#new-line").addEventListener("click", () => canvas.begin("lines"));
  $("#new-rule").addEventListener("click", () => form.add());
  $("#undo").addEventListener("click", () => draft.undo());
  $("#apply").addEventListener("submit", apply);
  bindKeys({ z: () => draft.undo(), Escape: () => { picture.leave(); canvas.box = null; canvas.draw(); } });
  return new Trial(url, {
    draft: () => draft.configuration,
    faulty: () => faults.length > 0,
    choose: (finding) => { canvas.box = finding.box; canvas.draw(); $("#stage").scrollIntoView({ block: "nearest" }); },
    play: (finding) => { canvas.box = finding.box; canvas.draw(); $("#stage").scrollIntoView({ block: "nearest" }); picture.play(finding); },
  });
}

/** Ready rules for administrative cameras. */
async function bindReady() {
  const ready = await getJson("/api/rules/profiles");
  $("#ready").replaceChildren(...Object.keys(ready).map((name) => h("button", { type: "button", "data-profile": name, onclick: () => {
    draft.addReady(ready[name]);
    say(t("rules.ready_said", { name: word("profile", name) }));
  } }, word("profile", name))));
}

function bindChoice(cameras) {
  const names = new Map(cameras.map((one) => [`${inLanguage({ ko: one.title, en: one.title_en })} (${one.device}/${one.camera})`, one]));
  $("#names").replaceChildren(...[...names.keys()].map((name) => h("option", { value: name })));
  $("#choose").addEventListener("submit", (event) => {
    event.preventDefault();
    const one = names.get($("#choose-name").value);
    if (one) location.assign(`/rules?camera=${one.device}/${one.camera}`);
  });
  for (const [name, one] of names) if (`${one.device}/${one.camera}` === key) $("#choose-name").value = name;
}

async function begin() {
  bindHead();
  if (!canvas) return;
  const { cameras } = await getJson("/api/cameras");
  bindChoice(cameras);
  const camera = cameras.find((one) => `${one.device}/${one.camera}` === key);
  if (!camera) {
    if (key) refuse(t("rules.no_camera"));
    return;
  }
  $("#empty").hidden = true;
  $("#work").hidden = false;
  await bindReady();
  form = new Form($("#cards"), draft, await getJson("/api/rules/types"));
  const trial = bind(camera);
  canvas.draw();
  try {
    await loadBase();
  } catch (error) {
    refuse(inShort(error));
  }
  await learn();
  await trial.resume();
}

begin().catch((error) => refuse(inShort(error))).finally(() => { root.dataset.ready = "yes"; });
