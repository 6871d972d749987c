// Live traces of the page: begun for a case, followed as poles tell, ended by hand or by their time.

import { getJson, postJson, request } from "./api.js";
import { $, h } from "./dom.js";
import { t, when, whole, word } from "./locale.js";
import { inShort } from "./problems.js";
import { RouteCards } from "./vehicle_route.js";

const URL_OF = "/api/plates/traces";
const AGAIN_MS = 3_000;
const NOTHING_NEW = 204;
const GONE = 205;
const pause = () => new Promise((done) => setTimeout(done, AGAIN_MS));

function late(one, over) {
  const why = one.code ? `${word("problem", one.code)}. ${word("remedy", one.code)}` : t(over ? "traces.not_given_up" : "vehicles.still_asked");
  return h("li", {}, h("b", {}, one.device), ` ${why}`);
}

/** How it stands, in a line. */
function state(told) {
  if (told.ended_at) {
    const why = ["expired", "closed"].includes(told.why) ? word("traceend", told.why) : t("traces.by", { who: told.why });
    return t("traces.ended", { when: when(told.ended_at), why, n: told.asked });
  }
  return [
    t("traces.following", { n: told.following, all: told.asked }),
    told.without_diary > 0 && t("vehicles.without_diary", { n: told.without_diary }),
    t("traces.until", { when: whole(told.expires_at) }),
  ].filter(Boolean).join(" · ");
}

class Card {
  element = h("article", { class: "trace" });

  constructor(said, gone, ground) {
    this.said = said;
    this.gone = gone;
    this.cards = new RouteCards(ground);
  }

  draw(told) {
    const over = told.ended_at !== null;
    const opened = this.element.querySelector("details")?.open ?? false;
    this.element.dataset.id = told.trace_id;
    this.element.replaceChildren(...[
      h("header", {},
        h("h3", {}, told.pattern ?? t("traces.forgotten")),
        h("span", { class: "quiet" }, `${told.case} · ${word("agency", told.agency)} · ${told.person}`),
        !over && h("button", { type: "button", onclick: () => this.end(told.trace_id) }, t("traces.end"))),
      h("p", { class: "state", role: "status" }, state(told)),
      told.late.length > 0 && h("details", { open: opened }, h("summary", {}, t(over ? "traces.still_held" : "vehicles.late", { n: told.late.length })),
        h("ul", { class: "rows" }, told.late.map((one) => late(one, over)))),
      !over && told.routes.length === 0 && h("p", { class: "note" }, t("traces.nothing_yet")),
      ...this.cards.of(told.routes, told.case),
    ].filter(Boolean));
  }

  async end(id) {
    try {
      await request(`${URL_OF}/${id}`, { method: "DELETE" });
    } catch (error) {
      this.said.textContent = inShort(error);
    }
  }

  /** Draw each change until it is over and no pole follows it any more. */
  async follow(id) {
    let after = null;
    for (;;) {
      try {
        const answer = await request(`${URL_OF}/${id}${after === null ? "" : `?after=${after}`}`);
        if (answer.status === GONE) break;
        if (answer.status !== NOTHING_NEW) {
          const told = await answer.json();
          after = told.revision;
          this.draw(told);
        }
      } catch (error) {
        if (error.status === 404) break;
        this.said.textContent = inShort(error);
        await pause();
      }
    }
    this.cards.of([]);
    this.gone(this);
  }
}

/** `question()`: what the form asks for; `said`: where to say what went wrong; `ground`: for maps. */
export function bindTraces(question, said, ground) {
  const list = $("#traces");
  const shown = new Set();
  const draw = () => { $("#traces-none").hidden = list.children.length > 0; };

  function show(told) {
    if (shown.has(told.trace_id)) return;
    shown.add(told.trace_id);
    const card = new Card(said, ({ element }) => { element.remove(); draw(); }, ground);
    card.draw(told);
    list.prepend(card.element);
    draw();
    card.follow(told.trace_id);
  }

  $("#trace").addEventListener("click", async () => {
    const form = $("#ask");
    if (!form.reportValidity()) return;
    said.textContent = "";
    const { pattern, confusable, area, case: number, agency, purpose, basis } = question();
    try {
      show(await postJson(URL_OF, { pattern, confusable, area, case: number, agency, purpose, basis, hours: Number(form.hours.value) }));
      $("#traces-title").scrollIntoView({ block: "nearest" });
    } catch (error) {
      said.textContent = inShort(error);
    }
  });
  return getJson(URL_OF).then((found) => { for (const one of [...found].reverse()) show(one); });
}
