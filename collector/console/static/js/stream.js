// What changes, as it changes. EventSource reconnects by itself and says what it saw last.

const SILENT_MS = 40_000; // The collector says something at least every 15 s.

/**
 * `on`: {incident, camera, device, summary, resync} called with the parsed data;
 * `link(up)` tells whether the stream stands.
 */
export function follow(url, on, link) {
  let source;
  let last = Date.now();
  const open = () => {
    source = new EventSource(url);
    last = Date.now();
    source.addEventListener("open", () => { last = Date.now(); link(true); });
    source.addEventListener("error", () => link(false));
    for (const name of Object.keys(on)) {
      source.addEventListener(name, (event) => {
        last = Date.now();
        on[name](event.data ? JSON.parse(event.data) : null);
      });
    }
    source.addEventListener("beat", () => { last = Date.now(); });
  };
  open();
  // A connection may die without a word (sleep, a lost route), and one refused stays closed.
  setInterval(() => {
    if (source.readyState !== EventSource.CLOSED && Date.now() - last < SILENT_MS) return;
    source.close();
    link(false);
    open();
    on.resync(null);
  }, 5_000);
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => { if (event.persisted) { open(); on.resync(null); } });
}
