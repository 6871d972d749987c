"""What a broken, stolen or hostile device does, and where the centre keeps account of it.

What is refused must be counted and kept, and must harm nobody else: the books of all others have
to balance beside it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from joserfc.jwk import OKPKey

from polewatch.fleet import city_day
from polewatch.fleet.device import Device
from wire.envelope import MAX_MESSAGE_BYTES, cloud_event, sign
from wire.event import CameraState
from wire.names import new_id

KINDS = ("signature", "replay", "fork", "oversized", "topic", "elsewhere", "clock")
"""
signature   another key than the certificate's
replay      a message that was receipted, once more: dropped by its id
fork        a number that was used, under another id: kept, and the device told to begin anew
oversized   a signed message larger than any may be
topic       a kind of message that there is not
elsewhere   on another device's topic: the broker lets nothing through
clock       a wall clock that is a year behind, and says so: taken in, its times in doubt
"""
OFF_S = -365 * 86_400.0


class Misdeeds:
    """Done by devices that are otherwise as good as any."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._stranger = OKPKey.generate_key("Ed25519")
        self.done: Counter[str] = Counter()
        self.forged: set[str] = set()
        """Ids of messages that must stand nowhere among the events."""

    def commit(self, device: Device, victims: Sequence[Device]) -> None:
        """One of each kind, by a device that is connected and whose first message was receipted."""
        for kind in KINDS:
            self._one(kind, device, self._rng.choice(victims))
            self.done[kind] += 1

    def _one(self, kind: str, device: Device, victim: Device) -> None:
        address, outbox = device.address, device.outbox
        match kind:
            case "signature":
                token = self._finding(device, self._stranger)
                device.publish_raw(address.event(), token)
            case "replay":
                device.publish_raw(address.event(), device.first)
            case "fork":
                at = device.moment()
                body = CameraState(
                    camera=city_day.CAMERA, state="up", at=at.wall, quality=at.quality
                )
                event = cloud_event(
                    "camera", body, id=new_id(), source=address.source, time=at.wall,
                    subject=body.camera, epoch=outbox.epoch, seq=1,
                )  # fmt: skip
                device.publish_raw(
                    address.event(), sign(event, outbox.signer.kid, outbox.signer.key)
                )
            case "oversized":
                device.publish_raw(address.event(), self._rng.randbytes(MAX_MESSAGE_BYTES + 1))
            case "topic":
                device.publish_raw(f"{address.up}/rumour", b"{}")
            case "elsewhere":
                token = self._finding(device, outbox.signer.key)
                device.publish_raw(victim.address.event(), token)
            case "clock":
                device.wall_off_s, device.quality = OFF_S, "unsynchronised"
                device.end(device.see())
                device.wall_off_s, device.quality = 0.0, "synchronised"

    def _finding(self, device: Device, key: OKPKey) -> bytes:
        """A finding with a number that is far away, signed by `key`."""
        kind = city_day.kind_of(device.position, self._rng)
        at = device.moment()
        body = city_day.opening(kind, device.boot.id, at, self._rng)
        event = cloud_event(
            "finding", body, id=new_id(), source=device.address.source, time=at.wall,
            subject=body.camera, epoch=device.outbox.epoch, seq=900_000,
        )  # fmt: skip
        self.forged.add(event.id)
        return sign(event, device.outbox.signer.kid, key)
