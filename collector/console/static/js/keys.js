// The keyboard. Keys mean nothing while somebody writes, and browsers keep theirs (Ctrl, Alt, Meta).

const WRITING = "input, select, textarea, [contenteditable]";

/** `acts`: key to function; a function that returns false leaves the key to the browser. */
export function bindKeys(acts) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    // By its place on the board where it is a letter, so that it works in Hangul too.
    const key = /^Key[A-Z]$/.test(event.code) ? event.code.slice(3).toLowerCase() : event.key;
    const inside = event.target instanceof Element ? event.target : document.body;
    const modal = document.querySelector("dialog:modal");
    if (modal || (inside.closest(WRITING) && key !== "Escape")) return;
    if (key === "Enter" && inside.closest("button, a, summary")) return;
    const act = acts[key];
    if (act && act(event) !== false) event.preventDefault();
  });
}
