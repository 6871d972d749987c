// The menu's rarer pages: shown at a press, gone with Escape or when somebody goes elsewhere.

import { $ } from "./dom.js";

export function bindMenu() {
  const button = $("#more-pages");
  const group = button.parentElement;
  const show = (shown) => button.setAttribute("aria-expanded", String(shown));
  button.addEventListener("click", () => show(button.getAttribute("aria-expanded") !== "true"));
  group.addEventListener("focusout", (event) => { if (!group.contains(event.relatedTarget)) show(false); });
  group.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || button.getAttribute("aria-expanded") !== "true") return;
    event.stopPropagation();
    show(false);
    button.focus();
  });
  addEventListener("pointerdown", (event) => { if (!group.contains(event.target)) show(false); });
}
