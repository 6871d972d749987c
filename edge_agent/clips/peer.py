"""One WebRTC connection that sends one track: negotiation as aiortc needs it for passthrough."""

from __future__ import annotations

from functools import partial

from aiortc import (
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.sdp import candidate_from_sdp

from edge_agent.clips.dtls import give_certificate
from edge_agent.clips.player import ClipTrack
from wire.whep import WhepOffer

GATHER_TIMEOUT_S = 0.5


class PeerError(Exception):
    """An offer or candidate that cannot be used; only this viewer is concerned."""


class Peer:
    """Made by `answer`; `close` once."""

    def __init__(self, connection: RTCPeerConnection, sender: RTCRtpSender) -> None:
        self._connection = connection
        self._sender = sender
        self.bytes_sent = 0
        """Media bytes, as of the last `count`."""

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

    async def count(self) -> int:
        """Bring `bytes_sent` up to date from the sender's statistics."""
        for report in (await self._sender.getStats()).values():
            if report.type == "outbound-rtp":
                self.bytes_sent = max(self.bytes_sent, int(report.bytesSent))
        return self.bytes_sent

    async def close(self) -> None:
        await self._connection.close()


def _ice_servers(offer: WhepOffer) -> list[RTCIceServer]:
    # An empty list, not None: aiortc's default would ask a public STUN server.
    return [
        RTCIceServer(list(server.urls), server.username, server.credential)
        for server in offer.ice_servers
    ]


async def _negotiate(connection: RTCPeerConnection, track: ClipTrack, sdp: str) -> RTCRtpSender:
    transceiver = connection.addTransceiver(track, direction="sendonly")
    # Before the offer is applied: else VP8 is agreed on and H.264 bytes go through its packer.
    codecs = RTCRtpSender.getCapabilities("video").codecs
    transceiver.setCodecPreferences(
        [codec for codec in codecs if codec.mimeType in ("video/H264", "video/rtx")]
    )
    _cap_gathering(transceiver.sender)
    # aiortc asks its encoder for a keyframe; what is passed on has none to ask.
    vars(transceiver.sender)["_send_keyframe"] = track.keyframe_again
    await connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
    await connection.setLocalDescription(await connection.createAnswer())
    return transceiver.sender


def _cap_gathering(sender: RTCRtpSender) -> None:
    # aioice waits 5 s for STUN and TURN servers that do not answer, and has no public way to say
    # less; a viewer who waits that long for the first picture has closed the page.
    ice = sender.transport.transport.iceGatherer._connection
    capped = partial(ice.get_component_candidates, timeout=GATHER_TIMEOUT_S)  # type: ignore[arg-type]  # declared int, used as seconds
    vars(ice)["get_component_candidates"] = capped
