"""What the collector says to devices, signed: receipts, gap requests, commands."""

from __future__ import annotations

from collector.intake import ReceiptDraft
from collector.numbers import Range
from wire.clock import Clock
from wire.envelope import cloud_event, sign
from wire.event import SeqRange
from wire.identity import Identity
from wire.names import WireModel, new_id
from wire.receipt import GapRequest, Receipt
from wire.topics import DeviceAddress, service_source


class Voice:
    """Signs as the collector."""

    def __init__(self, identity: Identity, site: str, clock: Clock) -> None:
        self._identity = identity
        self._source = service_source(site, identity.name)
        self._clock = clock

    def receipt(self, address: DeviceAddress, epoch: str, draft: ReceiptDraft) -> bytes:
        """A signed receipt of one epoch."""
        receipt = Receipt(
            device=address.device,
            epoch=epoch,
            received=tuple(draft.received.values()),
            stills=tuple(draft.stills),
            refused=tuple(draft.refused.values()),
            contiguous=draft.contiguous,
        )
        return self.sign("receipt", receipt)

    def gap(
        self,
        address: DeviceAddress,
        epoch: str,
        missing: tuple[Range, ...],
        stills: tuple[str, ...] = (),
    ) -> bytes:
        """A signed request for missing numbers and pictures."""
        ranges = tuple(SeqRange(first=first, last=last) for first, last in missing)
        request = GapRequest(device=address.device, epoch=epoch, ranges=ranges, stills=stills)
        return self.sign("gap", request)

    def sign(self, kind: str, body: WireModel) -> bytes:
        """A signed message of any kind of wire.kinds.FROM_COLLECTOR."""
        event = cloud_event(kind, body, id=new_id(), source=self._source, time=self._clock.now())
        return sign(event, self._identity.name, self._identity.key)
