"""One WebRTC connection that sends one track: negotiation as aiortc needs it for passthrough."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.sdp import candidate_from_sdp

from edge_agent.clips.dtls import give_certificate
from edge_agent.clips.player import ClipTrack
from edge_agent.clips.pump import Pump
from wire.whep import WhepOffer

GATHER_TIMEOUT_S = 0.5


class PeerError(Exception):
    """An offer or candidate that cannot be used; only this viewer is concerned."""


class Peer:
    """Made by `answer`; `close` once."""

    def __init__(self, connection: RTCPeerConnection, pump: Pump) -> None:
        self._connection = connection
        self._pump = pump

    @classmethod
    async def answer(cls, offer: WhepOffer, sdp: str, track: ClipTrack) -> Peer:
        """Answer `sdp`, candidates included; raises PeerError."""
        connection: RTCPeerConnection | None = None
        try:
            connection = RTCPeerConnection(RTCConfiguration(iceServers=_ice_servers(offer)))
            give_certificate(connection)
            return cls(connection, await _negotiate(connection, track, sdp))
        except Exception as error:
            # A stranger's SDP makes aiortc raise anything from ValueError to AssertionError.
            if connection is not None:
                await connection.close()
            raise PeerError(f"{type(error).__name__} {error}"[:200]) from error

    @property
    def sdp(self) -> str:
        """The answer."""
        return str(self._connection.localDescription.sdp)

    @property
    def state(self) -> str:
        """`connectionState` of the WebRTC specification."""
        return str(self._connection.connectionState)

    async def add_candidates(self, fragment: str) -> None:
        """The viewer's candidates from an SDP fragment (RFC 8840); raises PeerError."""
        for line in fragment.splitlines():
            if not line.startswith("a=candidate:"):
                continue
            try:
                candidate = candidate_from_sdp(line.removeprefix("a=candidate:"))
                candidate.sdpMLineIndex = 0
                await self._connection.addIceCandidate(candidate)
            except Exception as error:
                # As with the offer: a stranger's text, and a parser that asserts.
                raise PeerError(f"{type(error).__name__} {error}"[:200]) from error

    def on_channel(self, take: Callable[[RTCDataChannel], None]) -> None:
        """Have `take` called for each data channel that the viewer opens; before it has `sdp`."""
        self._connection.on("datachannel", take)

    @property
    def pump(self) -> Pump:
        """What sends the pictures."""
        return self._pump

    @property
    def bytes_sent(self) -> int:
        """Media bytes, repeated ones included."""
        return self._pump.bytes_sent

    @property
    def drained(self) -> bool:
        """Whether all of a track that ended has left."""
        return self._pump.drained

    @property
    def thinned(self) -> int:
        """Pictures left out because the viewer's path does not carry them."""
        return self._pump.thinned

    async def close(self) -> None:
        await self._connection.close()


def _ice_servers(offer: WhepOffer) -> list[RTCIceServer]:
    # An empty list, not None: aiortc's default would ask a public STUN server.
    return [
        RTCIceServer(list(server.urls), server.username, server.credential)
        for server in offer.ice_servers
    ]


async def _negotiate(connection: RTCPeerConnection, track: ClipTrack, sdp: str) -> Pump:
    transceiver = connection.addTransceiver(track, direction="sendonly")
    # Before the offer is applied: else VP8 is agreed on and H.264 bytes go through its packer.
    codecs = RTCRtpSender.getCapabilities("video").codecs
    transceiver.setCodecPreferences(
        [codec for codec in codecs if codec.mimeType in ("video/H264", "video/rtx")]
    )
    _cap_gathering(transceiver.sender)
    pump = Pump.of(transceiver.sender, track)
    await connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
    await connection.setLocalDescription(await connection.createAnswer())
    return pump


def _cap_gathering(sender: RTCRtpSender) -> None:
    # aioice waits 5 s for STUN and TURN servers that do not answer, and has no public way to say
    # less; a viewer who waits that long for the first picture has closed the page.
    ice = sender.transport.transport.iceGatherer._connection
    capped = partial(ice.get_component_candidates, timeout=GATHER_TIMEOUT_S)  # type: ignore[arg-type]  # declared int, used as seconds
    vars(ice)["get_component_candidates"] = capped
