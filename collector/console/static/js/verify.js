// An export checked where it lies, without a byte of it leaving the machine, as `polewatch clip verify` does:
// the manifest against the pole's signature, each signed GOP against the one before it, every picture against
// the Merkle root of its GOP, its times, and the files' hashes. The pole's key is the one that the centre's
// register names.

import { getJson } from "./api.js";
import { Fault } from "./fault.js";
import { readMp4 } from "./mp4.js";
import { checkPictures, checkTimes, shownOf } from "./pictures.js";
import { Sha256 } from "./sha256.js";
import { entriesOf } from "./zip.js";

const CLIP = "clip.mp4";
const MANIFEST = "manifest.json";
const TYPE = "kr.polewatch.";
const SPKI = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const PIECE = 4_000_000;
const HOLE_MS = 5_000; // A hole that is named ends this close to the GOP that follows it.
const text = new TextDecoder("utf-8", { fatal: true });
const bytesOf = (string) => new TextEncoder().encode(string);

/** What is looked at, in this order. */
export const STEPS = ["signature", "chain", "pictures", "times", "files"];

async function sha256(blob, { at, size }) {
  const hash = new Sha256();
  for (let done = 0; done < size; done += PIECE) {
    hash.update(new Uint8Array(await blob.slice(at + done, at + Math.min(size, done + PIECE)).arrayBuffer()));
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

/** Whether a certificate (PEM, others may follow) is of an Ed25519 key: its SubjectPublicKeyInfo (RFC 8410) stands in it. */
function isOf(certificate, key) {
  const [, first] = /-----BEGIN CERTIFICATE-----([^-]+)-----END/.exec(certificate) ?? [];
  return Boolean(first) && atob(first.replace(/\s/g, "")).includes(String.fromCharCode(...SPKI, ...key));
}

const headOf = (token) => JSON.parse(text.decode(fromBase64url(token.split(".")[0])));

/** What `name` says of a `kind` in a compact JWS signed with `key`; raises Fault. */
async function believed(token, name, key, kind) {
  const [head, payload, signature] = token.split(".");
  const header = headOf(token);
  if (header.kid !== name) throw new Fault("signer");
  const holds = ["EdDSA", "Ed25519"].includes(header.alg)
    && await crypto.subtle.verify("Ed25519", key, fromBase64url(signature), bytesOf(`${head}.${payload}`));
  if (!holds) throw new Fault("signature");
  const event = JSON.parse(text.decode(fromBase64url(payload)));
  if (event.type !== TYPE + kind) throw new Fault("manifest");
  return event.data;
}

/** Whether the statement names a hole that ends where this GOP begins. */
function told(statement, root) {
  const start = new Date(root.start_at).getTime();
  return statement.missing.some((one) => new Date(one.start_at).getTime() < start && Math.abs(start - new Date(one.end_at).getTime()) < HOLE_MS);
}

async function signed({ statement, signatures }, key) {
  const own = signatures.find((token) => headOf(token).kid === statement.device);
  if (!own) throw new Fault("signer");
  const said = await believed(own, statement.device, key, "manifest");
  if (said.statement_sha256 !== hashOf(canonical(statement)) || said.export_id !== statement.export_id) throw new Fault("manifest");
}

/** The signed roots in order, with the times of their pictures. */
async function chained(statement, key) {
  const chain = [];
  let before = null;
  for (const [n, gop] of statement.gops.entries()) {
    const root = await believed(gop.token, statement.device, key, "gop");
    if (root.camera !== statement.camera) throw new Fault("signer", root, n + 1);
    if (root.pictures !== gop.since_90k.length) throw new Fault("manifest", root, n + 1);
    if (before && root.previous !== before && !told(statement, root)) throw new Fault("missing", root, n + 1);
    before = hashOf(gop.token);
    chain.push({ ...root, since: gop.since_90k });
  }
  return chain;
}

async function checkFiles(blob, entries, statement) {
  const attached = new Map(statement.attached.map((one) => [one.file, one.sha256]));
  if ((await sha256(blob, entries.get(CLIP))) !== statement.file_sha256) throw new Fault("container");
  const beside = [...entries.keys()].filter((name) => name !== CLIP && name !== MANIFEST);
  if (beside.length !== attached.size) throw new Fault("attached");
  for (const name of beside) {
    if (!attached.has(name) || (await sha256(blob, entries.get(name))) !== attached.get(name)) throw new Fault("attached");
  }
}

async function opened(blob) {
  const entries = await entriesOf(blob);
  if (!entries) throw new Fault("unreadable");
  const manifest = entries.get(MANIFEST);
  if (!manifest || !entries.has(CLIP) || manifest.size > 256e6) throw new Fault("manifest");
  const read = text.decode(await blob.slice(manifest.at, manifest.at + manifest.size).arrayBuffer());
  try {
    const { statement, signatures } = JSON.parse(read);
    if (!statement.gops.length || !signatures.length) throw new Fault("manifest");
    const pictures = statement.gops.reduce((sum, gop) => sum + gop.since_90k.length, 0);
    return { entries, statement, signatures, pictures };
  } catch {
    throw new Fault("manifest");
  }
}

/**
 * {code, done, about, at, number, pictures, holes}: `intact` or the first thing that does not hold, which of
 * STEPS held, whose export it is, and where it fails: a time, and the number of a GOP.
 */
export async function verified(blob, onBytes) {
  const found = { code: "intact", done: [], about: null, at: null, number: null };
  try {
    const { entries, statement, signatures, pictures } = await opened(blob);
    found.about = {
      device: statement.device, camera: statement.camera, case: statement.case, exporter: statement.exporter,
      start_at: statement.start_at, end_at: statement.end_at,
      gops: statement.gops.length, pictures, holes: statement.missing.length, attached: statement.attached.length,
    };
    const named = await getJson(`/api/keys/${encodeURIComponent(statement.device)}`);
    if (!named.key) throw new Fault("signer");
    const raw = fromBase64url(named.key);
    if (!statement.certificates.some((one) => isOf(one, raw))) throw new Fault("signer");
    const key = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
    await signed({ statement, signatures }, key);
    found.done.push("signature");
    const chain = await chained(statement, key);
    found.done.push("chain");
    const media = await readMp4(blob, entries.get(CLIP), pictures);
    checkPictures(await shownOf(blob, media, onBytes), chain);
    found.done.push("pictures");
    checkTimes(media, chain);
    found.done.push("times");
    await checkFiles(blob, entries, statement);
    found.done.push("files");
  } catch (error) {
    if (error.problem) throw error;
    found.code = error instanceof Fault ? error.code : "unreadable";
    found.at = error.at ?? null;
    found.number = error.number ?? null;
  }
  return found;
}
