"""The pole's DTLS certificate of one session, and whom it shakes hands with."""

from __future__ import annotations

from typing import Any

from aiortc import RTCCertificate, RTCPeerConnection

CIPHERS = b":".join(
    (
        b"ECDHE-ECDSA-AES128-GCM-SHA256",
        b"ECDHE-ECDSA-CHACHA20-POLY1305",
        b"ECDHE-RSA-AES128-GCM-SHA256",
        b"ECDHE-RSA-CHACHA20-POLY1305",
        b"ECDHE-ECDSA-AES128-SHA",
        b"ECDHE-RSA-AES128-SHA",
    )
)
"""Those of RFC 8827 for certificates of either kind: GStreamer's are RSA, aiortc takes none."""


class PoleCertificate(RTCCertificate):
    """Made by `PoleCertificate.generateCertificate()`."""

    def _create_ssl_context(self, srtp_profiles: list[Any]) -> Any:
        context = super()._create_ssl_context(srtp_profiles)
        context.set_cipher_list(CIPHERS)
        return context


def give_certificate(connection: RTCPeerConnection) -> None:
    """Before its first transceiver; aiortc makes a certificate itself and takes none."""
    certificate = PoleCertificate.generateCertificate()
    vars(connection)["_RTCPeerConnection__certificates"] = [certificate]
