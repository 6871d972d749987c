// What checking an export on the spot found, in words: what holds, what does not, what was not looked at.

import { h } from "./dom.js";
import { t, whole, word } from "./locale.js";
import { STEPS, verified } from "./verify.js";

/** An element that says it; `blob`: the ZIP as it was saved. */
export async function result(blob) {
  const { code, done, about, at, number } = await verified(blob);
  const intact = code === "intact";
  const where = [number && t("verify.part", { n: number }), at && whole(at)].filter(Boolean).join(", ");
  const facts = about && [
    ["facts.case", about.case], ["facts.device", `${about.device} / ${about.camera}`],
    ["export.span", `${whole(about.start_at)} – ${whole(about.end_at)}`], ["verify.exporter", about.exporter],
  ];
  return h("div", { class: `verdict ${intact ? "good" : "bad"}`, "data-code": code, "data-at": at },
    h("b", {}, intact ? "✓ " : "✕ ", word("verified", code), where && ` (${where})`),
    about && h("ul", {}, STEPS.map((step, n) => {
      const state = done.includes(step) ? "held" : n === done.length ? "failed" : "open";
      return h("li", { class: state, "data-step": step }, { held: "✓ ", failed: "✕ ", open: "– " }[state],
        state === "held" ? t(`checked.${step}`, about) : `${word("checking", step)}: ${t(state === "failed" ? "verify.failed" : "verify.open")}`);
    })),
    facts && h("dl", {}, facts.flatMap(([name, value]) => [h("dt", {}, t(name)), h("dd", {}, value)])));
}
