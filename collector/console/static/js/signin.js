// The door: name and password go to the signer by way of the collector; the answer in plain words.

import { Refusal, postJson } from "./api.js";
import { $ } from "./dom.js";
import { t, word } from "./locale.js";
import { inWords } from "./problems.js";
import { bindTheme } from "./theme.js";

const form = $("#sign-in");
const problem = $("#problem");
const button = $("button", form);
let lockedUntil = 0;

function tell(error) {
  const { status, problem: said } = error;
  const wait = Number(said.retry_after_s ?? 0);
  if (status === 429) {
    lockedUntil = Date.now() + Math.max(wait, 1) * 1000;
    countDown();
    return;
  }
  const { title, remedy } = inWords(error);
  problem.textContent = status === 401 ? t("signin.wrong") : [title, remedy].filter(Boolean).join(". ");
  problem.hidden = false;
}

function countDown() {
  const left = Math.ceil((lockedUntil - Date.now()) / 1000);
  problem.hidden = false;
  button.disabled = left > 0;
  problem.textContent = left > 0 ? t("signin.locked", { n: left }) : t("signin.unlocked");
  if (left > 0) setTimeout(countDown, 500);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { name, password } = Object.fromEntries(new FormData(form));
  button.disabled = true;
  problem.hidden = true;
  try {
    await postJson("/api/sign-in", { name, password }, { stay: true });
    location.assign(form.dataset.next);
  } catch (error) {
    tell(error instanceof Refusal ? error : new Refusal(0, {}));
    if (lockedUntil < Date.now()) {
      button.disabled = false;
      $("[name=password]", form).select();
    }
  }
});

bindTheme($("#theme"), (theme) => word("theme", theme));

// Before this, a form that is sent is sent by the browser itself, and says nothing.
document.documentElement.dataset.ready = "";
