// What an archive without compression holds (APPNOTE 4.3, 4.4), read in place.

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const text = new TextDecoder();

/** Names to {at, size}; null for what is no such archive, or holds a name twice. */
export async function entriesOf(blob) {
  const tail = new DataView(await blob.slice(Math.max(0, blob.size - 65_557)).arrayBuffer());
  let at = tail.byteLength - 22;
  while (at >= 0 && tail.getUint32(at, true) !== END) at -= 1;
  if (at < 0) return null;
  const [count, size, start] = [tail.getUint16(at + 10, true), tail.getUint32(at + 12, true), tail.getUint32(at + 16, true)];
  const list = new DataView(await blob.slice(start, start + size).arrayBuffer());
  const found = new Map();
  for (let n = 0, here = 0; n < count; n += 1) {
    if (here + 46 > list.byteLength || list.getUint32(here, true) !== ENTRY || list.getUint16(here + 10, true) !== 0) return null;
    const length = list.getUint16(here + 28, true);
    const name = text.decode(new Uint8Array(list.buffer, here + 46, length));
    const header = list.getUint32(here + 42, true);
    const local = new DataView(await blob.slice(header, header + 30).arrayBuffer());
    if (found.has(name)) return null;
    found.set(name, { at: header + 30 + local.getUint16(26, true) + local.getUint16(28, true), size: list.getUint32(here + 24, true) });
    here += 46 + length + list.getUint16(here + 30, true) + list.getUint16(here + 32, true);
  }
  return found;
}
