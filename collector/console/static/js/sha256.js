// SHA-256 of what comes piece by piece (FIPS 180-4): the browser's own wants all of it at once.

const K = new Uint32Array(64);
const FIRST = new Uint32Array(8);

/** The first 32 bits of the fractional parts of square and cube roots of the first primes. */
function constants() {
  const bits = (x) => Math.floor((x - Math.floor(x)) * 2 ** 32) >>> 0;
  let found = 0;
  for (let n = 2; found < 64; n += 1) {
    let prime = true;
    for (let d = 2; d * d <= n; d += 1) if (n % d === 0) { prime = false; break; }
    if (!prime) continue;
    if (found < 8) FIRST[found] = bits(Math.sqrt(n));
    K[found] = bits(Math.cbrt(n));
    found += 1;
  }
}
constants();

/** Bytes in hex. */
export const hex = (bytes) => [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");

export class Sha256 {
  #state = FIRST.slice();
  #words = new Uint32Array(64);
  #rest = new Uint8Array(64);
  #left = 0;
  #bytes = 0;

  /** Takes a Uint8Array. */
  update(data) {
    this.#bytes += data.length;
    let at = 0;
    if (this.#left) {
      at = Math.min(64 - this.#left, data.length);
      this.#rest.set(data.subarray(0, at), this.#left);
      this.#left += at;
      if (this.#left < 64) return;
      this.#block(this.#rest, 0);
      this.#left = 0;
    }
    for (; at + 64 <= data.length; at += 64) this.#block(data, at);
    this.#rest.set(data.subarray(at));
    this.#left = data.length - at;
  }

  /** In hex; nothing may be added afterwards. */
  hex() {
    return hex(this.bytes());
  }

  /** 32 bytes; nothing may be added afterwards. */
  bytes() {
    const bytes = this.#bytes;
    const end = new Uint8Array(this.#left < 56 ? 64 - this.#left : 128 - this.#left);
    end[0] = 0x80;
    const view = new DataView(end.buffer);
    view.setUint32(end.length - 8, Math.floor(bytes / 2 ** 29));
    view.setUint32(end.length - 4, (bytes * 8) >>> 0);
    this.update(end);
    const found = new DataView(new ArrayBuffer(32));
    this.#state.forEach((word, n) => found.setUint32(n * 4, word));
    return new Uint8Array(found.buffer);
  }

  #block(data, at) {
    const w = this.#words;
    for (let i = 0; i < 16; i += 1) {
      const o = at + i * 4;
      w[i] = (data[o] << 24) | (data[o + 1] << 16) | (data[o + 2] << 8) | data[o + 3];
    }
    for (let i = 16; i < 64; i += 1) {
      const [x, y] = [w[i - 15], w[i - 2]];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
    }
    const s = this.#state;
    let [a, b, c, d, e, f, g, h] = s;
    for (let i = 0; i < 64; i += 1) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
    }
    s[0] += a; s[1] += b; s[2] += c; s[3] += d; s[4] += e; s[5] += f; s[6] += g; s[7] += h;
  }
}
