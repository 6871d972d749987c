"""The console's own player on a session of the test's choice, and what the browser says of it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from polewatch.demo.run import Demo
from polewatch.demo.site import CAMERA

KEEP_PEER = """
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(asked) { super({ ...asked, ...window.askedOfPeer }); window.peer = this; }
};
"""
# Candidate type of our side of the pair in use, and what was decoded.
_LOOK = """async () => {
  const stats = await window.peer.getStats();
  const all = [...stats.values()];
  const transport = all.find((one) => one.type === "transport");
  const pair = transport && stats.get(transport.selectedCandidatePairId);
  const video = all.find((one) => one.type === "inbound-rtp" && one.kind === "video");
  return {
    state: window.peer.connectionState,
    ours: pair && stats.get(pair.localCandidateId)?.candidateType,
    codec: video && stats.get(video.codecId)?.mimeType,
    decoded: video?.framesDecoded ?? 0,
    keyframes: video?.keyFramesDecoded ?? 0,
    lost: video?.packetsLost ?? 0,
    nacks: video?.nackCount ?? 0,
    plis: video?.pliCount ?? 0,
    dropped: video?.framesDropped ?? 0,
  };
}"""
_PLAY = """async (what) => {
  const words = document.documentElement.dataset.words;
  const { Session } = await import(words.replace(/words\\/.*/, "js/") + "player.js");
  const video = document.createElement("video");
  video.muted = true;
  document.body.append(video);
  window.session = new Session(video, () => {});
  return window.session.open(what);
}"""


def wanted(demo: Demo, **more: Any) -> dict[str, Any]:
    """A grant's request, or what the player is asked for."""
    return {
        "device": demo.site.device, "camera": CAMERA, "case": "TEST-1",
        "basis": "PIPA 18(2)3", "purpose": "test", **more,
    }  # fmt: skip


def play_live(page: Page, demo: Demo) -> dict[str, Any]:
    """Open live video; returns what the player says at its first picture."""
    opened: dict[str, Any] = page.evaluate(_PLAY, wanted(demo, live=True))
    return opened


def look(page: Page) -> dict[str, Any]:
    """The figures of the page's peer."""
    found: dict[str, Any] = page.evaluate(_LOOK)
    return found
