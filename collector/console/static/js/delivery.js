// A file from the pole over the data channel `export`: asked for, written piece by piece, compared.

import { Refusal } from "./api.js";
import { Sha256 } from "./sha256.js";

const MOST_IN_MEMORY = 500e6; // Where a browser writes no files, the whole export is held in memory.

const refusal = (code, detail = "") => new Refusal(0, { code, detail });

export class Delivery {
  #channel;
  #inbox = [];
  #over = false;
  #wake = () => {};

  constructor(channel) {
    this.#channel = channel;
    channel.binaryType = "arraybuffer";
    channel.addEventListener("message", ({ data }) => { this.#inbox.push(data); this.#wake(); });
    for (const name of ["open", "close", "error"]) {
      channel.addEventListener(name, () => { this.#over ||= name !== "open"; this.#wake(); });
    }
  }

  /** What the pole says of the file that it has made; raises Refusal. `what`: {camera, start_at, end_at}. */
  async ask(what) {
    while (this.#channel.readyState === "connecting") await this.#something();
    this.#say({ kind: "request", ...what });
    const told = JSON.parse(await this.#next());
    if (told.kind !== "ready") throw refusal(told.code ?? "internal", told.detail);
    return told;
  }

  /** Writes the file into `sink`; raises Refusal, and then nothing is kept. `onBytes(n)` as it comes. */
  async receive(told, sink, onBytes) {
    const hash = new Sha256();
    let bytes = 0;
    try {
      this.#say({ kind: "go" });
      for (let data = await this.#next(); typeof data !== "string"; data = await this.#next()) {
        const part = new Uint8Array(data);
        bytes += part.length;
        if (bytes > told.bytes) break;
        hash.update(part);
        await sink.write(part);
        onBytes(bytes);
      }
      if (bytes !== told.bytes || hash.hex() !== told.sha256) throw refusal("console.export_altered");
      await sink.close();
    } catch (error) {
      await sink.abort().catch(() => {});
      if (!this.#over) this.#say({ kind: "failed" });
      throw error instanceof Refusal ? error : refusal("console.export_unwritten", error.message);
    }
    this.#say({ kind: "kept" });
  }

  #say(what) {
    if (this.#channel.readyState !== "open") throw refusal("console.export_broken");
    this.#channel.send(JSON.stringify(what));
  }

  async #next() {
    while (!this.#inbox.length) {
      if (this.#over) throw refusal("console.export_broken");
      await this.#something();
    }
    return this.#inbox.shift();
  }

  #something() {
    return new Promise((resolve) => { this.#wake = resolve; });
  }
}

/** A file of the person's choice, null when they chose none; `kept()` reads it back once it is closed. In memory where the browser writes no files. */
export async function sinkFor(name, bytes) {
  if (!window.showSaveFilePicker) return memory(name, bytes);
  try {
    const file = await showSaveFilePicker({ suggestedName: name, types: [{ accept: { "application/zip": [".zip"] } }] });
    const out = await file.createWritable();
    return { write: (part) => out.write(part), abort: () => out.abort(), close: () => out.close(), kept: () => file.getFile() };
  } catch (error) {
    if (error.name === "AbortError") return null;
    throw refusal("console.export_unwritten", error.message);
  }
}

function memory(name, bytes) {
  if (bytes > MOST_IN_MEMORY) throw refusal("console.export_no_file");
  let parts = [];
  let whole = null;
  return {
    kept: async () => whole,
    async write(part) { parts.push(part); },
    async abort() { parts = []; },
    async close() {
      const link = document.createElement("a");
      link.download = name;
      whole = new Blob(parts, { type: "application/zip" });
      link.href = URL.createObjectURL(whole);
      parts = [];
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    },
  };
}
