// An export checked where it lies, without a byte of it leaving the machine: the clip's hash against the
// manifest, the manifest against the pole's signature, each signed GOP against the one before it. The
// pole's key is the one that the centre's register names. Pictures are held against the roots by
// `polewatch clip verify`.

import { getJson } from "./api.js";
import { Sha256 } from "./sha256.js";

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const PIECE = 4_000_000;
const HOLE_MS = 5_000; // A hole that is named ends this close to the GOP that follows it.
const text = new TextDecoder();
const bytesOf = (string) => new TextEncoder().encode(string);

class Fault extends Error {}

/** Names to {at, size} of a ZIP without compression; raises Fault. */
async function entriesOf(blob) {
  const tail = new DataView(await blob.slice(Math.max(0, blob.size - 65_557)).arrayBuffer());
  let at = tail.byteLength - 22;
  while (at >= 0 && tail.getUint32(at, true) !== END) at -= 1;
  if (at < 0) throw new Fault("zip");
  const [count, size, start] = [tail.getUint16(at + 10, true), tail.getUint32(at + 12, true), tail.getUint32(at + 16, true)];
  const list = new DataView(await blob.slice(start, start + size).arrayBuffer());
  const found = new Map();
  for (let n = 0, here = 0; n < count; n += 1) {
    if (here + 46 > list.byteLength || list.getUint32(here, true) !== ENTRY || list.getUint16(here + 10, true) !== 0) throw new Fault("zip");
    const length = list.getUint16(here + 28, true);
    const name = text.decode(new Uint8Array(list.buffer, here + 46, length));
    const header = list.getUint32(here + 42, true);
    const local = new DataView(await blob.slice(header, header + 30).arrayBuffer());
    found.set(name, { at: header + 30 + local.getUint16(26, true) + local.getUint16(28, true), size: list.getUint32(here + 24, true) });
    here += 46 + length + list.getUint16(here + 30, true) + list.getUint16(here + 32, true);
  }
  return found;
}

async function sha256(blob, { at, size }, onBytes) {
  const hash = new Sha256();
  for (let done = 0; done < size; done += PIECE) {
    const piece = new Uint8Array(await blob.slice(at + done, at + Math.min(size, done + PIECE)).arrayBuffer());
    hash.update(piece);
    onBytes?.(Math.min(size, done + PIECE), size);
  }
  return hash.hex();
}

function hashOf(string) {
  const hash = new Sha256();
  hash.update(bytesOf(string));
  return hash.hex();
}

/** Keys sorted, no spaces: what the pole signed the hash of. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}

function fromBase64url(string) {
  return Uint8Array.from(atob(string.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
}

/** The event in a compact JWS that `name` signed with `key`; raises Fault. */
async function believed(token, name, key, what) {
  const [head, payload, signature] = token.split(".");
  const header = JSON.parse(text.decode(fromBase64url(head)));
  if (header.kid !== name || !["EdDSA", "Ed25519"].includes(header.alg)) throw new Fault(what);
  const holds = await crypto.subtle.verify("Ed25519", key, fromBase64url(signature), bytesOf(`${head}.${payload}`));
  if (!holds) throw new Fault(what);
  return JSON.parse(text.decode(fromBase64url(payload)));
}

/** Whether the statement names a hole that ends where this GOP begins. */
function told(statement, root) {
  const start = new Date(root.start_at).getTime();
  return statement.missing.some((one) => Math.abs(start - new Date(one.end_at).getTime()) <= HOLE_MS);
}

async function checked(blob, onBytes) {
  const entries = await entriesOf(blob);
  const manifest = entries.get("manifest.json");
  if (!manifest || manifest.size > 100e6) throw new Fault("manifest");
  const { statement, signatures } = JSON.parse(text.decode(await blob.slice(manifest.at, manifest.at + manifest.size).arrayBuffer()));
  const about = { device: statement.device, camera: statement.camera, case: statement.case, exporter: statement.exporter, start_at: statement.start_at, end_at: statement.end_at, gops: statement.gops.length };
  const named = await getJson(`/api/keys/${encodeURIComponent(statement.device)}`);
  if (!named.key) throw Object.assign(new Fault("signer"), { about });
  try {
    const key = await crypto.subtle.importKey("raw", fromBase64url(named.key), "Ed25519", false, ["verify"]);
    for (const [file, wanted] of [[statement.file, statement.file_sha256], ...statement.attached.map((one) => [one.file, one.sha256])]) {
      const entry = entries.get(file);
      if (!entry || (await sha256(blob, entry, onBytes)) !== wanted) throw new Fault("clip");
    }
    const digest = hashOf(canonical(statement));
    const own = signatures.find((token) => JSON.parse(text.decode(fromBase64url(token.split(".")[0]))).kid === statement.device);
    if (!own) throw new Fault("signature");
    const said = await believed(own, statement.device, key, "signature");
    if (said.data?.statement_sha256 !== digest || said.data.export_id !== statement.export_id) throw new Fault("signature");
    let before = null;
    for (const gop of statement.gops) {
      const root = await believed(gop.token, statement.device, key, "gop");
      if (before && root.data.previous !== before && !told(statement, root.data)) throw new Fault("chain");
      before = hashOf(gop.token);
    }
    return about;
  } catch (error) {
    throw Object.assign(error, { about });
  }
}

/** {code, about}: `intact`, or the first thing that does not hold; `about` as far as it could be read. */
export async function verified(blob, onBytes) {
  try {
    return { code: "intact", about: await checked(blob, onBytes) };
  } catch (error) {
    if (error instanceof Fault) return { code: error.message, about: error.about ?? null };
    if (error.problem) throw error;
    return { code: "unreadable", about: error.about ?? null };
  }
}
