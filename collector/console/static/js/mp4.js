// The pictures of an MP4's video track (ISO/IEC 14496-12 and -15), where they lie and when they are shown.

const TICKS = 90_000;
const ENTRY_BYTES = 78; // Of a visual sample entry before its boxes.
const CODECS = { avc1: "h264", avc3: "h264", hvc1: "hevc", hev1: "hevc" };
const CONFIGS = { h264: ["avcC", 4], hevc: ["hvcC", 21] }; // Where the low two bits tell a length's size.

const nameAt = (view, at) => String.fromCharCode(...[0, 1, 2, 3].map((n) => view.getUint8(at + n)));

/** Boxes between two places of a view: [{name, from, to}]; raises RangeError. */
function boxes(view, from, to) {
  const found = [];
  for (let at = from; at + 8 <= to;) {
    let [size, head] = [view.getUint32(at), 8];
    if (size === 1) [size, head] = [Number(view.getBigUint64(at + 8)), 16];
    if (size === 0) size = to - at;
    if (size < head || at + size > to) throw new RangeError("a box reaches beyond its file");
    found.push({ name: nameAt(view, at + 4), from: at + head, to: at + size });
    at += size;
  }
  return found;
}

/** The box down a path of names; raises RangeError where there is none. */
function inside(view, box, ...path) {
  return path.reduce((within, name) => {
    const found = boxes(view, within.from, within.to).find((one) => one.name === name);
    if (!found) throw new RangeError(`there is no ${name}`);
    return found;
  }, box);
}

/** The movie's own box, found without reading what lies before it. */
async function movie(blob, { at, size }) {
  for (let here = 0; here + 8 <= size;) {
    const head = new DataView(await blob.slice(at + here, at + Math.min(size, here + 16)).arrayBuffer());
    let length = head.getUint32(0);
    if (length === 1) length = Number(head.getBigUint64(8));
    if (length === 0) length = size - here;
    if (length < 8 || here + length > size) throw new RangeError("a box reaches beyond its file");
    if (nameAt(head, 4) === "moov") return new DataView(await blob.slice(at + here, at + here + length).arrayBuffer());
    here += length;
  }
  throw new RangeError("there is no moov");
}

/** [count, value] pairs of stts or ctts as one value a sample. */
function* perSample(view, { from }, read) {
  for (let n = 0, at = from + 8; n < view.getUint32(from + 4); n += 1, at += 8) {
    for (let left = view.getUint32(at); left > 0; left -= 1) yield read(at + 4);
  }
}

/** First sample of each chunk's run: [[first chunk, samples a chunk]]. */
const runsOf = (view, { from }) =>
  Array.from({ length: view.getUint32(from + 4) }, (_, n) => [view.getUint32(from + 8 + n * 12), view.getUint32(from + 12 + n * 12)]);

/**
 * {codec, lengthSize, slack, pictures: [{at, size, pts}]}, in decoding order: places in the blob, times in
 * 90 kHz, `slack` by how much the container rounds them. At most `most` and one. Raises RangeError.
 */
export async function readMp4(blob, entry, most) {
  const view = await movie(blob, entry);
  const root = boxes(view, 0, view.byteLength)[0];
  const tracks = boxes(view, root.from, root.to).filter((one) => one.name === "trak");
  const track = tracks.find((one) => nameAt(view, inside(view, one, "mdia", "hdlr").from + 8) === "vide");
  if (!track) throw new RangeError("there is no video");
  const header = inside(view, track, "mdia", "mdhd");
  const scale = view.getUint32(header.from + (view.getUint8(header.from) === 1 ? 20 : 12));
  const table = inside(view, track, "mdia", "minf", "stbl");
  const of = (name) => boxes(view, table.from, table.to).find((one) => one.name === name);
  const described = of("stsd");
  const sample = boxes(view, described.from + 8, described.to)[0];
  const codec = CODECS[sample.name];
  if (!codec || !scale) throw new RangeError("neither H.264 nor H.265");
  const [config, place] = CONFIGS[codec];
  const told = inside(view, { from: sample.from + ENTRY_BYTES, to: sample.to }, config);
  const lengthSize = (view.getUint8(told.from + place) & 3) + 1;

  const sizes = of("stsz");
  const [same, count] = [view.getUint32(sizes.from + 4), view.getUint32(sizes.from + 8)];
  const all = Math.min(count, most + 1);
  const chunks = of("stco") ?? of("co64");
  const chunkAt = (n) => (chunks.name === "stco" ? view.getUint32(chunks.from + 8 + n * 4) : Number(view.getBigUint64(chunks.from + 8 + n * 8)));
  const runs = runsOf(view, of("stsc"));
  const steps = perSample(view, of("stts"), (at) => view.getUint32(at));
  const shifts = of("ctts") && perSample(view, of("ctts"), (at) => view.getInt32(at));
  const pictures = [];
  let dts = 0;
  for (let chunk = 0, run = 0; pictures.length < all; chunk += 1) {
    while (run + 1 < runs.length && runs[run + 1][0] <= chunk + 1) run += 1;
    let at = chunkAt(chunk);
    for (let n = 0; n < runs[run][1] && pictures.length < all; n += 1) {
      const size = same || view.getUint32(sizes.from + 12 + pictures.length * 4);
      const pts = dts + (shifts ? (shifts.next().value ?? 0) : 0);
      pictures.push({ at: entry.at + at, size, pts: Math.round((pts * TICKS) / scale) });
      at += size;
      dts += steps.next().value ?? 0;
    }
  }
  return { codec, lengthSize, slack: scale < TICKS ? Math.ceil(TICKS / scale) : 0, pictures };
}
