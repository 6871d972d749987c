// One WHEP session: grant, offer, pictures, end. Knows nothing of the page around the video.

import { OWN, postJson, Refusal, request } from "./api.js";
import { certificate, fingerprintOf } from "./certificate.js";
import { iceServersOf, trickle } from "./ice.js";

const FIRST_PICTURE_MS = 10_000;
const WHY_MS = 1_500;
const WITHDRAWN = "grant.withdrawn";

/** Why there is no picture, with a code that the page has words for. */
const refusal = (code, detail) => new Refusal(0, { code, detail });

const isWithdrawn = (error) => error instanceof Refusal && error.problem?.code === WITHDRAWN;

function preferH264(transceiver) {
  const all = RTCRtpReceiver.getCapabilities?.("video")?.codecs ?? [];
  const wanted = all.filter((codec) => /H264/i.test(codec.mimeType));
  if (!wanted.length) throw refusal("clip.bad-offer", "");
  transceiver.setCodecPreferences?.([...wanted, ...all.filter((codec) => /rtx/i.test(codec.mimeType))]);
}

function delayOf(stats, one, before) {
  const way = [...stats.values()].find((pair) => pair.type === "candidate-pair" && pair.nominated && pair.currentRoundTripTime !== undefined);
  const shown = one.jitterBufferEmittedCount - before.jitterBufferEmittedCount;
  if (!way || !shown) return null;
  return (way.currentRoundTripTime / 2 + (one.jitterBufferDelay - before.jitterBufferDelay) / shown) * 1000;
}

export class Session {
  #peer = null;
  #location = null;
  #grant = null;
  #ended = false;
  #first = null; // The channel for exports that the offer named.
  #video;
  #onEnd;
  #grants;

  /**
   * `onEnd(refusal or null)` is called once when pictures end by themselves; `grants` asks for the
   * grant, where that is not who is signed in.
   */
  constructor(video, onEnd, grants = (wanted) => postJson("/api/grants", wanted)) {
    this.#video = video;
    this.#onEnd = onEnd;
    this.#grants = grants;
  }

  /**
   * `what`: {device, camera, live, from, to, case, basis, purpose}; live with `from` catches up,
   * `stream` "sub" asks for the small one.
   * With a one-time `code` it may be exported; `granted()` is called once the signer said yes.
   * Resolves at the first picture with {firstFrameMs, codec, from}; raises Refusal.
   */
  async open(what) {
    const began = performance.now();
    this.#peer = new RTCPeerConnection({ certificates: [await certificate()] });
    this.#peer.addEventListener("connectionstatechange", () => this.#watch());
    const transceiver = this.#peer.addTransceiver("video", { direction: "recvonly" });
    preferH264(transceiver);
    // Before the offer, which must name it; others may follow.
    if (what.code) this.#first = this.#peer.createDataChannel("export");
    this.#peer.addEventListener("track", ({ track, streams }) => {
      this.#video.srcObject = streams[0] ?? new MediaStream([track]);
      track.addEventListener("ended", () => this.#over(null));
    });
    const offer = await this.#peer.createOffer();
    this.#stillWanted();
    this.#grant = await this.#ask(what, offer.sdp);
    this.#stillWanted();
    what.granted?.();
    const from = await this.#offer(what, offer);
    await this.#firstPicture();
    return { firstFrameMs: Math.round(performance.now() - began), codec: await this.#codec(), from };
  }

  async #ask(what, sdp) {
    const rights = [what.live && "live", (!what.live || what.from) && "recorded", what.code && "export"].filter(Boolean);
    const range = what.from ? { start_at: what.from, end_at: what.to } : {};
    const granted = await this.#grants({
      device: what.device, camera: what.camera, rights, ...range,
      case: what.case, basis: what.basis, purpose: what.purpose, fingerprint: fingerprintOf(sdp),
      ...(what.code ? { code: what.code } : {}),
    });
    return granted.grant;
  }

  async #offer(what, offer) {
    const query = new URLSearchParams({
      ...(what.from ? { from: what.from, ...(what.live ? {} : { to: what.to }) } : {}),
      ...(what.stream ? { stream: what.stream } : {}),
    });
    const response = await request(`/whep/${what.device}/${what.camera}?${query}`, {
      method: "POST",
      headers: { "Content-Type": "application/sdp", Authorization: `Bearer ${this.#grant}` },
      body: offer.sdp,
      stay: true,
    });
    this.#location = response.headers.get("Location");
    if (this.#ended) await this.#release();
    this.#stillWanted();
    // Which servers to ask is known only now, so nothing was gathered before.
    const iceServers = iceServersOf(response.headers.get("Link"));
    if (iceServers.length) this.#peer.setConfiguration({ ...this.#peer.getConfiguration(), iceServers });
    trickle(this.#peer, offer.sdp, (fragment) => this.#patch(fragment));
    await this.#peer.setLocalDescription(offer);
    await this.#peer.setRemoteDescription({ type: "answer", sdp: await response.text() });
    // The pole's farewell comes long before the connection would be found dead.
    const [{ transport }] = this.#peer.getReceivers();
    transport?.addEventListener("statechange", () => { if (transport.state === "closed") this.#over(null); });
    this.transcoded = response.headers.get("Polewatch-Transcoded") === "true";
    return response.headers.get("Polewatch-Start") ?? what.from;
  }

  async #patch(fragment) {
    if (!this.#location) return;
    await request(this.#location, {
      method: "PATCH",
      headers: { "Content-Type": "application/trickle-ice-sdpfrag", Authorization: `Bearer ${this.#grant}` },
      body: fragment,
      stay: true,
    });
  }

  #firstPicture() {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(refusal("console.no_picture", "")), FIRST_PICTURE_MS);
      const settle = (act, value) => { clearTimeout(timer); act(value); };
      this.fail = (error) => settle(reject, error);
      this.#video.requestVideoFrameCallback(() => settle(resolve));
      this.#video.play().catch(() => {});
    });
  }

  /** A data channel for one export; only in a session that was opened with a code. */
  exports() {
    const first = this.#first;
    this.#first = null;
    return first ?? this.#peer.createDataChannel("export");
  }

  /** Asks the pole for a change; resolves with what the session shows then. Raises Refusal. */
  async control(body) {
    return this.#ofSession("/control", { method: "POST", body: JSON.stringify(body) }, { "Content-Type": "application/json" });
  }

  /** What the session shows now; a permit that was withdrawn ends it, though its pole is away. */
  async status() {
    try {
      return await this.#ofSession("/control", { method: "GET" });
    } catch (error) {
      if (isWithdrawn(error)) this.#over(error);
      throw error;
    }
  }

  /** Enters in the ledger that a picture is kept. */
  async noteSnapshot(at) {
    await this.#ofSession(`/snapshot?${new URLSearchParams({ at })}`, { method: "POST" });
  }

  async #ofSession(path, options, headers = {}) {
    if (!this.#location) throw refusal("clip.unknown-session", "");
    const response = await request(this.#location + path, {
      ...options, headers: { ...headers, Authorization: `Bearer ${this.#grant}` }, stay: true,
    });
    return response.status === 204 ? null : response.json();
  }

  async #codec() {
    const stats = await this.#peer.getStats();
    for (const one of stats.values()) {
      if (one.type === "inbound-rtp" && one.kind === "video") return stats.get(one.codecId)?.mimeType?.split("/")[1] ?? "";
    }
    return "";
  }

  /**
   * Pictures a second and Mbit/s since the last call, and how long a picture is under way and waits to be
   * shown (half the way there and back, and the browser's buffer); null before the second call.
   */
  async figures() {
    const stats = await this.#peer?.getStats();
    for (const one of stats?.values() ?? []) {
      if (one.type !== "inbound-rtp" || one.kind !== "video") continue;
      const before = this.before;
      this.before = one;
      const seconds = before ? (one.timestamp - before.timestamp) / 1000 : 0;
      if (!seconds) return null;
      return {
        fps: (one.framesDecoded - before.framesDecoded) / seconds,
        mbit: ((one.bytesReceived - before.bytesReceived) * 8) / seconds / 1e6,
        lost: one.packetsLost,
        delayMs: delayOf(stats, one, before),
      };
    }
    return null;
  }

  #watch() {
    const state = this.#peer?.connectionState;
    if (state === "failed") this.#over(refusal("console.link_failed", ""));
    if (state === "closed") this.#over(null);
  }

  async #over(error) {
    if (this.#ended) return;
    this.fail?.(error ?? refusal("clip.unknown-session", ""));
    const why = error ?? this.#why();
    this.close();
    this.#onEnd(await why);
  }

  /** Why the pole said farewell, where the centre knows; null where the video was at its end. */
  #why() {
    const asked = this.#ofSession("/end", { method: "GET" }).then(({ problem }) => problem && new Refusal(problem.status, problem), () => null);
    return Promise.race([asked, new Promise((resolve) => { setTimeout(resolve, WHY_MS, null); })]);
  }

  #stillWanted() {
    if (this.#ended) throw refusal("console.closed", "");
  }

  /** Ends the session here and on the pole; safe to call twice. */
  close() {
    if (this.#ended) return;
    this.#ended = true;
    this.#peer?.close();
    this.#video.srcObject = null;
    this.#release();
  }

  async #release() {
    if (!this.#location) return;
    const location = this.#location;
    this.#location = null;
    // keepalive lets it leave while the page is being closed.
    await fetch(location, {
      method: "DELETE", keepalive: true, headers: { Authorization: `Bearer ${this.#grant}`, [OWN[0]]: OWN[1] },
    }).catch(() => {});
  }
}
