// What a page with a line for refusals says of them, and an act after which it reads everything anew.

import { $ } from "./dom.js";
import { inWords } from "./problems.js";

/** The refusal in words; null: nothing is wrong any more. */
export function tell(error) {
  const problem = $("#problem");
  problem.hidden = !error;
  if (!error) return;
  const { title, remedy, code, detail } = inWords(error);
  problem.textContent = [title, remedy, detail, code].filter(Boolean).join(" · ");
  problem.scrollIntoView({ block: "nearest" });
}

/** `load` reads the page anew; the function returned does something first, and tells what it is refused. */
export const acting = (load) => async (what) => {
  tell(null);
  try {
    await what();
    await load();
  } catch (error) {
    tell(error);
  }
};
