// What checking an export on the spot found, in words.

import { h } from "./dom.js";
import { t, whole, word } from "./locale.js";
import { verified } from "./verify.js";

/** An element that says it; `blob`: the ZIP as it was saved. */
export async function result(blob) {
  const { code, about } = await verified(blob);
  const facts = about && [
    ["facts.case", about.case], ["facts.device", `${about.device} / ${about.camera}`],
    ["export.span", `${whole(about.start_at)} – ${whole(about.end_at)}`], ["verify.exporter", about.exporter],
    ["verify.gops", about.gops],
  ];
  return h("div", { class: `verdict ${code === "intact" ? "good" : "bad"}`, "data-code": code },
    h("b", {}, code === "intact" ? "✓ " : "✕ ", word("verified", code)),
    facts && h("dl", {}, facts.flatMap(([name, value]) => [h("dt", {}, t(name)), h("dd", {}, value)])));
}
