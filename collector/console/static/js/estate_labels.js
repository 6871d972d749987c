// A sheet of labels is printed by the browser.

import { $ } from "./dom.js";

$("#print").addEventListener("click", () => print());
document.documentElement.dataset.ready = "";
