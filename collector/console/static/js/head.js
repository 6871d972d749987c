// What the head of every page with a menu has: light or dark, and the way out.

import { postJson } from "./api.js";
import { $ } from "./dom.js";
import { word } from "./locale.js";
import { bindMenu } from "./menu.js";
import { bindTheme } from "./theme.js";

/** `leaving()` is called before somebody signs out. */
export function bindHead(leaving = () => {}) {
  bindMenu();
  bindTheme($("#theme"), (theme) => word("theme", theme));
  $("#sign-out").addEventListener("click", async () => {
    leaving();
    await postJson("/api/sign-out", {}, { stay: true }).catch(() => {});
    location.assign("/sign-in");
  });
}
