// How media finds its way: the servers that the pole's answer names, our candidates as they come.

const MOST_WAIT_MS = 40;

/** RTCIceServer entries of a Link header (RFC 9725, section 4.6); empty without one. */
export function iceServersOf(header) {
  const found = [];
  for (const [, url, rest] of (header ?? "").matchAll(/<([^>]*)>((?:\s*;\s*[\w-]+="[^"]*")*)/g)) {
    const values = Object.fromEntries([...rest.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
    if (values.rel !== "ice-server") continue;
    found.push({ urls: url, ...(values.username && { username: values.username, credential: values.credential }) });
  }
  return found;
}

/**
 * Hands the candidates of `peer` on as SDP fragments (RFC 8840), those of one moment together.
 * `send(fragment)` may fail: media may well take a way that needed none of them, and if there is
 * none, the connection says so itself.
 */
export function trickle(peer, sdp, send) {
  const named = sdp.split(/\r?\n/).filter((line) => /^a=ice-(ufrag|pwd):/.test(line)).slice(0, 2);
  let waiting = [];
  let timer = null;
  const flush = () => {
    const fragment = [...named, "m=video 9 UDP/TLS/RTP/SAVPF 0", "a=mid:0", ...waiting, ""].join("\r\n");
    [waiting, timer] = [[], null];
    send(fragment).catch(() => {});
  };
  peer.addEventListener("icecandidate", ({ candidate }) => {
    if (!candidate?.candidate) return;
    waiting.push(`a=${candidate.candidate}`);
    timer ??= setTimeout(flush, MOST_WAIT_MS);
  });
}
