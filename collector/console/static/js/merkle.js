// Merkle trees as in RFC 6962, section 2.1, over the pictures of one GOP: as the pole builds them.

import { Sha256, hex } from "./sha256.js";

const [LEAF, NODE] = [Uint8Array.of(0), Uint8Array.of(1)];

function digest(...parts) {
  const hash = new Sha256();
  for (const part of parts) hash.update(part);
  return hash.bytes();
}

const isVcl = (codec, unit) => {
  const kind = codec === "h264" ? unit[0] & 0x1f : (unit[0] >> 1) & 0x3f;
  return codec === "h264" ? kind >= 1 && kind <= 5 : kind < 32;
};

/** NAL units behind their lengths; where a length was altered, the rest is one unit. */
function* unitsOf(data, lengthSize) {
  for (let at = 0; at + lengthSize < data.length;) {
    let length = 0;
    for (let n = 0; n < lengthSize; n += 1) length = length * 256 + data[at + n];
    const end = at + lengthSize + length;
    const unit = data.subarray(at + lengthSize, end);
    if (unit.length) yield unit;
    at = Math.max(end, at + lengthSize);
  }
}

/** What an access unit shows: SHA-256 over the SHA-256 of each of its VCL NAL units. */
export async function shownBy(data, { codec, lengthSize }) {
  const units = [...unitsOf(data, lengthSize)].filter((unit) => isVcl(codec, unit));
  const hashes = await Promise.all(units.map((unit) => crypto.subtle.digest("SHA-256", unit)));
  return digest(...hashes.map((one) => new Uint8Array(one)));
}

function leaf(shown, since) {
  const ticks = new DataView(new ArrayBuffer(8));
  ticks.setBigInt64(0, BigInt(since));
  return digest(LEAF, new Uint8Array(ticks.buffer), shown);
}

function root(leaves) {
  if (leaves.length === 1) return leaves[0];
  let left = 1;
  while (left * 2 < leaves.length) left *= 2;
  return digest(NODE, root(leaves.slice(0, left)), root(leaves.slice(left)));
}

/** The root (hex) of a GOP: what its pictures show, in decoding order, with their times (90 kHz). */
export const gopRoot = (shown, since) => hex(root(shown.map((one, n) => leaf(one, since[n]))));
