// What a refusal is called, and what to do about it.

import { Refusal } from "./api.js";
import { inLanguage, t, word } from "./locale.js";

/** The words for a refusal: the collector's own where it gave them, else ours by code; `detail` says more of this one. */
export function inWords(error) {
  const problem = error instanceof Refusal ? error.problem : {};
  const code = problem.code ?? (error instanceof Refusal ? `http.${error.status}` : "internal");
  const known = word("problem", code); // Newer servers may know codes that this page does not.
  const title = known === code ? inLanguage({ ko: problem.title_ko, en: problem.title }) || t("refusal.other") : known;
  const hint = word("remedy", code);
  const remedy = hint === code ? inLanguage({ ko: problem.remedy_ko, en: problem.remedy }) : hint;
  const said = inLanguage({ ko: problem.detail_ko ?? problem.detail, en: problem.detail });
  const general = inLanguage({ ko: problem.remedy_ko, en: problem.remedy });
  return { code: [problem.number, code].filter(Boolean).join(" · "), title, remedy, detail: said === general ? "" : said };
}

/** A refusal in one line: what it is called, and what is said of this one or what to do. */
export function inShort(error) {
  const { title, remedy, detail } = inWords(error);
  return [title, detail || remedy].filter(Boolean).join(". ");
}
