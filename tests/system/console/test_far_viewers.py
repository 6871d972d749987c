"""Browsers behind somebody's router: our page by the relay alone, and a WHEP client from npm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright

from polewatch.demo.site import CAMERA
from tests.support.browser import CHROMIUM, launched, watched_page
from tests.support.demo import sign_in
from tests.support.npm import npm_file
from tests.support.page_player import KEEP_PEER, look, play_live, wanted
from tests.support.scattered import Scattered, scattered
from tests.support.wait import wait_until

WHEP_CLIENT = "whip-whep@1.2.0"
WHEP_CLIENT_SHA512 = (
    "CP+Tht3O/N6QLebW5LxsNKgzFN5KX6WinLr1SLs74feagYu+Gqy+0dw48p5RQuE+FlrM4xyOlOdW2UOQwljImA=="
)

# As its documentation says: a peer, a URL and a token. A grant needs the certificate beforehand.
PLAY_BY_NPM = """async ([what, path]) => {
  const key = { name: "ECDSA", namedCurve: "P-256" };
  const certificate = await RTCPeerConnection.generateCertificate(key);
  const [{ value }] = certificate.getFingerprints();
  const asked = await fetch("/api/grants", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Polewatch": "1" },
    body: JSON.stringify({ ...what, fingerprint: value.toUpperCase() }),
  });
  const { grant } = await asked.json();
  const peer = new RTCPeerConnection({ certificates: [certificate], bundlePolicy: "max-bundle" });
  window.peer = peer;
  peer.addTransceiver("video", { direction: "recvonly" });
  peer.addEventListener("track", ({ track }) => {
    const video = document.createElement("video");
    video.muted = true;
    video.srcObject = new MediaStream([track]);
    video.play();
    document.body.append(video);
  });
  window.client = new window.WHEPClient();
  await window.client.view(peer, new URL(path, location).href, grant);
}"""


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scattered]:
    with scattered(tmp_path_factory.mktemp("scattered")) as running:
        yield running


@pytest.fixture(scope="module")
def far_chromium(
    apart: Scattered, playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """Chromium in the viewer's household."""
    program = tmp_path_factory.mktemp("chromium") / "far-chromium"
    command = " ".join(apart.net.viewer.command(str(CHROMIUM)))
    program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    program.chmod(0o755)
    with launched(playwright, program) as browser:
        yield browser


def looked(page: Page, decoded: int) -> dict[str, Any]:
    """The page's figures, once that many pictures are decoded."""
    found: dict[str, Any] = {}

    def enough() -> bool:
        found.update(look(page))
        return int(found["decoded"]) >= decoded

    wait_until(enough, 60, f"{decoded} pictures; seen: {found}")
    return found


def test_our_page_plays_by_the_relay_alone(apart: Scattered, far_chromium: Browser) -> None:
    apart.net.set_mapping(symmetric=True)
    before = apart.relay.allocations()
    with watched_page(far_chromium, apart.demo.console) as watched:
        watched.page.add_init_script('window.askedOfPeer = { iceTransportPolicy: "relay" };')
        watched.page.add_init_script(KEEP_PEER)
        sign_in(watched.page, apart.demo)
        opened = play_live(watched.page, apart.demo)
        seen = looked(watched.page, 20)
        watched.page.evaluate("() => window.session.close()")
    assert seen["ours"] == "relay"
    assert opened["codec"] == "H264"
    assert opened["firstFrameMs"] > 0
    wait_until(lambda: apart.relay.allocations() >= before + 2, 20, "both ends' allocations")


def test_a_public_whep_client_plays(apart: Scattered, far_chromium: Browser) -> None:
    """From npm, as published: it learns the relay from the answer and trickles its candidates."""
    apart.net.set_mapping(symmetric=True)
    source = npm_file(WHEP_CLIENT, WHEP_CLIENT_SHA512, "whep.js")
    assert "export class WHEPClient" in source
    classic = source.replace("export class WHEPClient", "window.WHEPClient = class")
    with watched_page(far_chromium, apart.demo.console) as watched:
        sign_in(watched.page, apart.demo)
        watched.page.evaluate(f"() => {{ {classic} }}")
        path = f"/whep/{apart.demo.site.device}/{CAMERA}"
        watched.page.evaluate(PLAY_BY_NPM, [wanted(apart.demo, rights=["live"]), path])
        seen = looked(watched.page, 20)
        watched.page.evaluate("() => window.client.stop()")
    assert seen["codec"] == "video/H264"
