"""A WHEP viewer without a screen: counts and hashes what arrives, decodes nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from aiortc import (
    RTCCertificate,
    RTCConfiguration,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCSessionDescription,
)

from edge_agent.camera.nal import split
from edge_agent.clips.access_unit import identity
from wire.whep import IceServer

MAX_PICTURES = 100_000

Exchange = Callable[[str], Awaitable[str]]
"""Carries the SDP offer to whoever answers, and brings the SDP answer."""


@dataclass(frozen=True, slots=True)
class ClipReport:
    """What a viewer saw."""

    frames: int
    first_frame_ms: float | None
    """From the moment that viewing was asked for to the first whole picture; None without one."""
    codec: str
    access_unit_hashes: tuple[str, ...]
    """SHA-256 of each picture's VCL NAL units, in the order of arrival."""
    bytes: int
    """Of access units, without RTP."""
    keyframes: int
    seconds: float
    """From the first picture to the last."""

    def transcoded_share(self, recorded: set[str]) -> float:
        """The share of pictures that are not among `recorded`, byte for byte: 0 when passed on."""
        if not self.access_unit_hashes:
            return 0.0
        foreign = sum(one not in recorded for one in self.access_unit_hashes)
        return foreign / len(self.access_unit_hashes)


class Viewer:
    """One receiving peer. Its fingerprint is known before the offer, so a grant can be bound to it.

    Use as `async with Viewer() as viewer: report = await viewer.watch(exchange, seconds)`.
    """

    def __init__(
        self,
        certificate: RTCCertificate | None = None,
        servers: Sequence[IceServer] = (),
        *,
        relay_only: bool = False,
    ) -> None:
        self.certificate = certificate or RTCCertificate.generateCertificate()
        policy = RTCIceTransportPolicy.RELAY if relay_only else RTCIceTransportPolicy.ALL
        # An empty list, not None: aiortc's default would ask a public STUN server.
        asked = [RTCIceServer(list(one.urls), one.username, one.credential) for one in servers]
        self._peer = RTCPeerConnection(RTCConfiguration(asked, iceTransportPolicy=policy))
        set_certificate(self._peer, self.certificate)
        self._hashes: list[str] = []
        self._bytes = 0
        self._keyframes = 0
        self._began = self._first = self._last = 0.0
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._peer.close()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DTLS certificate as a grant names it."""
        return fingerprint_of(self.certificate)

    @property
    def frames(self) -> int:
        return len(self._hashes)

    @property
    def route(self) -> str:
        """Kinds of our candidate and the pole's that media takes, as "relay-host"; "" before."""
        for transceiver in self._peer.getTransceivers():
            pair = transceiver.receiver.transport.transport._connection._nominated.get(1)
            if pair is not None:
                return f"{pair.local_candidate.type}-{pair.remote_candidate.type}"
        return ""

    async def watch(
        self, exchange: Exchange, seconds: float, *, frames: int | None = None
    ) -> ClipReport:
        """Watch for at most `seconds`, or until `frames` pictures came or the clip ended."""
        self._began = time.monotonic()
        transceiver = self._peer.addTransceiver("video", direction="recvonly")
        tap_access_units(transceiver.receiver, self._take)
        await self._peer.setLocalDescription(await self._peer.createOffer())
        answer = await exchange(self._peer.localDescription.sdp)
        await self._peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self._over(frames):
            self._changed.clear()
            try:
                await asyncio.wait_for(
                    self._changed.wait(), min(0.2, max(deadline - time.monotonic(), 0.001))
                )
            except TimeoutError:
                continue
        return self._report(answer)

    def _over(self, frames: int | None) -> bool:
        ended = self._peer.connectionState in ("closed", "failed")
        stopped = any(one.receiver.track.readyState == "ended" for one in self._transceivers())
        return ended or stopped or (frames is not None and self.frames >= frames)

    def _transceivers(self) -> list[Any]:
        return [one for one in self._peer.getTransceivers() if one.receiver.track is not None]

    def _take(self, data: bytes) -> None:
        now = time.monotonic()
        self._first = self._first or now
        self._last = now
        self._bytes += len(data)
        self._keyframes += any(unit[0] & 0x1F == 5 for unit in split(data))
        if len(self._hashes) < MAX_PICTURES:
            self._hashes.append(identity(data))
        self._changed.set()

    def _report(self, answer: str) -> ClipReport:
        first_ms = (self._first - self._began) * 1000 if self._first else None
        return ClipReport(
            frames=self.frames,
            first_frame_ms=first_ms,
            codec="H264" if "H264/90000" in answer else "unknown",
            access_unit_hashes=tuple(self._hashes),
            bytes=self._bytes,
            keyframes=self._keyframes,
            seconds=self._last - self._first,
        )


def fingerprint_of(certificate: RTCCertificate) -> str:
    """The SHA-256 fingerprint in the form that SDP and grants use."""
    for one in certificate.getFingerprints():
        if one.algorithm == "sha-256":
            return one.value.upper()
    raise ValueError("the certificate has no SHA-256 fingerprint")


def set_certificate(peer: RTCPeerConnection, certificate: RTCCertificate) -> None:
    """Give a peer its DTLS certificate; aiortc makes one of its own and has no way to pass one in.

    A grant is asked for before the offer is made, and a reconnection must show the same one.
    """
    vars(peer)["_RTCPeerConnection__certificates"] = [certificate]


def tap_access_units(receiver: RTCRtpReceiver, take: Callable[[bytes], None]) -> None:
    """Hand each whole access unit to `take` in place of aiortc's decoder.

    The only use of aiortc's inside: its receiver always decodes, which on a small machine would
    measure the decoder, and decoded pictures cannot be compared byte for byte with the ring's.
    The queue between its jitter buffer and its decoder thread is replaced by one that passes
    nothing on but the end.
    """
    vars(receiver)["_RTCRtpReceiver__decoder_queue"] = _Tap(
        vars(receiver)["_RTCRtpReceiver__decoder_queue"], take
    )


class _Tap:
    def __init__(self, inner: Any, take: Callable[[bytes], None]) -> None:
        self._inner = inner
        self._take = take

    def put(self, item: Any) -> None:
        if item is None:
            self._inner.put(None)
        else:
            self._take(item[1].data)

    def get(self) -> Any:
        return self._inner.get()
