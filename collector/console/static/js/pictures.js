// Whether a file holds the pictures of a chain of signed GOPs, whole and in order, as `polewatch clip verify` asks.

import { Fault } from "./fault.js";
import { gopRoot, shownBy } from "./merkle.js";

const RESYNC = 1_800; // 20 ms in 90 kHz: so far GOPs of one run may stand apart otherwise than recorded.
const SEARCHED = 5_000;

/** `chain`: [{root, start_at, start_90k, run, since}]. */
class Check {
  #shown;
  #chain;
  #held = new Map();

  constructor(shown, chain) {
    this.#shown = shown;
    this.#chain = chain;
  }

  /** Whether GOP `gop` stands at picture `at`. */
  holds(at, gop) {
    const { since, root } = this.#chain[gop];
    if (at + since.length > this.#shown.length) return false;
    const key = `${at} ${gop}`;
    if (!this.#held.has(key)) this.#held.set(key, gopRoot(this.#shown.slice(at, at + since.length), since) === root);
    return this.#held.get(key);
  }

  /** [GOPs, pictures] that hold one after the other from the first picture on. */
  follow(first) {
    let [at, gop] = [0, first];
    while (gop < this.#chain.length && at < this.#shown.length && this.holds(at, gop)) {
      at += this.#chain[gop].since.length;
      gop += 1;
    }
    return [gop - first, at];
  }

  places(at) {
    return this.#chain.map((_, gop) => gop).filter((gop) => this.holds(at, gop));
  }

  /** What is wrong at picture `at`, where `gop` should begin. */
  broken(at, gop) {
    const chain = this.#chain;
    if (gop >= chain.length) return new Fault("added", chain.at(-1), chain.length);
    const fits = this.places(at);
    if (fits.some((other) => other > gop) && !this.#standsLater(at, gop)) return new Fault("missing", chain[gop], gop + 1);
    return new Fault(fits.length ? "reordered" : "altered", chain[gop], gop + 1);
  }

  #standsLater(at, gop) {
    const last = Math.min(this.#shown.length, at + SEARCHED);
    for (let here = at; here < last; here += 1) if (this.holds(here, gop)) return true;
    return false;
  }
}

/** Raises Fault for the first GOP that does not stand in its place. */
export function checkPictures(shown, chain) {
  const check = new Check(shown, chain);
  if (!shown.length) throw new Fault("missing", chain[0], 1);
  let first = 0;
  let [count, at] = check.follow(0);
  if (!count) {
    // Not the beginning: the place that fits furthest tells what happened.
    for (const gop of check.places(0)) {
      const [many, reached] = check.follow(gop);
      if (reached > at) [first, count, at] = [gop, many, reached];
    }
    if (!count) throw new Fault("altered", chain[0], 1);
  }
  if (at < shown.length) throw check.broken(at, first + count);
  if (count < chain.length) {
    const gone = first > 0 ? 0 : count;
    throw new Fault("missing", chain[gone], gone + 1);
  }
}

/** Raises Fault where pictures are shown at other times than they were recorded. */
export function checkTimes({ pictures, slack }, chain) {
  let at = 0;
  let before = null;
  chain.forEach((record, gop) => {
    const zero = pictures[at].pts;
    if (record.since.some((due, n) => Math.abs(pictures[at + n].pts - zero - due) > slack)) throw new Fault("times", record, gop + 1);
    if (before && before.record.run === record.run) {
      const apart = zero - before.zero - (record.start_90k - before.record.start_90k);
      if (Math.abs(apart) > Math.max(RESYNC, slack)) throw new Fault("times", record, gop + 1);
    }
    before = { zero, record };
    at += record.since.length;
  });
}

/** What every picture of a file shows, one GOP's worth of bytes in memory at a time. */
export async function shownOf(blob, media, onBytes) {
  const found = [];
  let done = 0;
  for (const picture of media.pictures) {
    const data = new Uint8Array(await blob.slice(picture.at, picture.at + picture.size).arrayBuffer());
    found.push(await shownBy(data, media));
    done += picture.size;
    onBytes?.(done);
  }
  return found;
}
