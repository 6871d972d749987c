"""What a judged message changes in the database, and what must be said once that is committed."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from datetime import datetime

from collector import ledger
from collector.changes import Change, ChangeKind
from collector.incident_desk import IncidentDesk
from collector.numbers import Numbers
from collector.store import devices, erasing, events, refusals, spans, stills
from collector.store.incidents import of_still
from collector.store.refusals import Bounds
from collector.verdict import Ack, Numbered, Refused, Still, Unnumbered, Verdict
from wire.command import NonceWindow, Reply
from wire.event import AuditEvent, CameraState, EpochStart, Event, LossRecord
from wire.health import DeviceState, Health
from wire.receipt import Received
from wire.topics import DeviceAddress
from wire.tracing import TraceSighting


@dataclass
class ReceiptDraft:
    """What one receipt of one epoch will say."""

    received: dict[str, Received] = field(default_factory=dict)
    refused: dict[str, Received] = field(default_factory=dict)
    stills: dict[str, None] = field(default_factory=dict)
    contiguous: int = 0


@dataclass
class Effects:
    """What a batch leads to after its commit; nothing of it may happen before."""

    receipts: dict[tuple[DeviceAddress, str], ReceiptDraft] = field(default_factory=dict)
    forks: set[tuple[DeviceAddress, str]] = field(default_factory=set)
    ended: set[tuple[DeviceAddress, str]] = field(default_factory=set)
    """Epochs of which it was told how far they went."""
    replies: list[tuple[str, Reply]] = field(default_factory=list)
    windows: list[tuple[str, NonceWindow]] = field(default_factory=list)
    states: list[tuple[str, DeviceState]] = field(default_factory=list)
    clocks: list[tuple[str, str, float]] = field(default_factory=list)
    """(device, boot id, its monotonic seconds) as health messages told them."""
    changes: dict[Change, None] = field(default_factory=dict)
    incidents: int = 0
    new_events: int = 0
    duplicates: list[str] = field(default_factory=list)
    """Device of each redelivery that was dropped."""
    refused: int = 0
    heard: set[str] = field(default_factory=set)
    """Devices of which something verified came."""
    stills_arrived: list[tuple[str, str]] = field(default_factory=list)
    """(incident id, SHA-256) of pictures that came after their event."""

    sightings: list[tuple[str, TraceSighting]] = field(default_factory=list)
    """Reads that traces ask for: told to who looks, and stored nowhere."""

    def receipt(self, address: DeviceAddress, epoch: str) -> ReceiptDraft:
        return self.receipts.setdefault((address, epoch), ReceiptDraft())

    def changed(self, kind: ChangeKind, key: str) -> None:
        self.changes[Change(kind, key)] = None

    def add(self, other: Effects) -> None:
        """What another message of the batch leads to."""
        for key, draft in other.receipts.items():
            mine = self.receipts.setdefault(key, ReceiptDraft())
            mine.received.update(draft.received)
            mine.refused.update(draft.refused)
            mine.stills.update(draft.stills)
        self.forks |= other.forks
        self.ended |= other.ended
        self.replies += other.replies
        self.windows += other.windows
        self.states += other.states
        self.clocks += other.clocks
        self.changes.update(other.changes)
        self.stills_arrived += other.stills_arrived
        self.sightings += other.sightings
        self.incidents += other.incidents
        self.new_events += other.new_events
        self.duplicates += other.duplicates
        self.refused += other.refused
        self.heard |= other.heard


class Intake:
    """Takes verdicts one by one within a transaction. Single-threaded: the inbox owns it."""

    def __init__(self, desk: IncidentDesk, bounds: Bounds) -> None:
        self._desk = desk
        self._bounds = bounds
        self._numbers: dict[tuple[str, str], Numbers] = {}
        self._touched: set[tuple[str, str]] = set()
        self._batch = Effects()
        self._effects = Effects()

    def begin(self) -> None:
        """A new batch."""
        self._touched.clear()
        self._batch = Effects()

    def forget(self) -> None:
        """What is remembered may not be what is stored: read it again when needed."""
        self._numbers.clear()

    def take(
        self,
        run: sqlite3.Connection,
        verdict: Verdict,
        topic: str,
        payload: bytes,
        now: datetime,
    ) -> None:
        """Store what `verdict` says; raises sqlite3.Error and whatever a poison message causes.

        After an exception the batch holds no effect of this message; roll back what it wrote.
        """
        self._effects = Effects()
        match verdict:
            case Numbered():
                self._numbered(run, verdict, topic, payload, now)
            case Unnumbered():
                self._unnumbered(run, verdict, topic, payload, now)
            case Still():
                self._still(run, verdict, now)
            case Ack():
                self._ack(run, verdict, topic, payload, now)
            case Refused():
                self._refuse(run, verdict, topic, payload, now)
        self._batch.add(self._effects)

    def end(self, run: sqlite3.Connection, now: datetime) -> Effects:
        """Write what the whole batch changed; returns what to do after the commit."""
        for device, epoch in self._touched:
            events.save_numbers(run, device, epoch, self.numbers(run, device, epoch), now)
        heard = dict.fromkeys(self._batch.heard, 0)
        for device in self._batch.duplicates:
            heard[device] = heard.get(device, 0) + 1
        devices.heard(run, heard, now)
        if self._batch.refused:
            refusals.trim(run, self._bounds)
        for (address, epoch), draft in self._batch.receipts.items():
            draft.contiguous = self.numbers(run, address.device, epoch).contiguous
        return self._batch

    def numbers(self, run: sqlite3.Connection, device: str, epoch: str) -> Numbers:
        """The settled numbers of an epoch; only to be read by others."""
        found = self._numbers.get((device, epoch))
        if found is None:
            found = self._numbers[device, epoch] = events.load_numbers(run, device, epoch)
        return found

    def _refuse(
        self,
        run: sqlite3.Connection,
        refused: Refused,
        topic: str,
        payload: bytes,
        now: datetime,
    ) -> None:
        """Into the quarantine; a signed number is settled, so that it holds nothing up."""
        if refused.number is not None and refused.address is not None:
            epoch, seq, id = refused.number
            known = events.id_of_number(run, refused.address.device, epoch, seq)
            if known != id:
                part = (seq, seq)
                events.cover(run, refused.address.device, epoch, part, "refused", id)
                self._settle(run, refused.address.device, epoch, part)
            self._effects.receipt(refused.address, epoch).refused[id] = Received(seq=seq, id=id)
            if known == id:
                self._duplicate(refused.address.device)
                return
        self._effects.refused += 1
        refusals.quarantine(run, refused, topic, payload, now, self._bounds)

    def _numbered(
        self,
        run: sqlite3.Connection,
        message: Numbered,
        topic: str,
        payload: bytes,
        now: datetime,
    ) -> None:
        address, event = message.address, message.verified.event
        device = address.device
        known = events.known(run, event.id)
        if known is not None:
            twin = (known.device, known.epoch, known.seq)
            if twin == (device, message.epoch, message.seq) and known.token == payload:
                self._duplicate(device)
                self._receive(message)
                self._again(run, message)
                return
            detail = f"id {event.id} is known with other bytes from {known.device}"
            number = (message.epoch, message.seq, event.id)
            refused = Refused("id-reuse", detail, device, address, device, number)
            self._refuse(run, refused, topic, payload, now)
            return
        holder = None
        if message.seq in self.numbers(run, device, message.epoch):
            holder = events.id_of_number(run, device, message.epoch, message.seq)
            if holder is None and erasing.is_erased(run, device, message.epoch, message.seq):
                self._duplicate(device)
                self._receive(message)
                return
        forked = holder is not None and holder != event.id
        events.insert(run, message, now, forked=forked)
        if forked:
            self._effects.forks.add((address, message.epoch))
            detail = f"number {message.seq} of {message.epoch} came as {event.id} and as {holder}"
            refusals.note(run, "fork", device, detail, now)
        self._settle(run, device, message.epoch, (message.seq, message.seq))
        self._effects.heard.add(device)
        self._receive(message)
        self._effects.new_events += 1
        self._content(run, message, now)

    def _content(self, run: sqlite3.Connection, message: Numbered, now: datetime) -> None:
        device, event = message.address.device, message.verified.event
        match message.body:
            case Event() as finding:
                self._finding(run, message, finding, now)
            case LossRecord() as loss:
                for part in loss.ranges:
                    span = (part.first, part.last)
                    events.cover(run, device, loss.lost_epoch, span, "loss", event.id)
                    self._settle(run, device, loss.lost_epoch, span)
                stills.lost(run, loss.stills, event.id)
                self._effects.changed("device", device)
            case CameraState() as state:
                if devices.camera(run, device, state, message.epoch, message.seq):
                    spans.follow(run, device, now)
                    self._effects.changed("camera", f"{device}/{state.camera}")
            case AuditEvent() as audit:
                self._audit(run, device, event.id, audit, now)
            case EpochStart() as start:
                self._epoch(run, message.address, start, now)
            case _:
                pass

    def _epoch(
        self, run: sqlite3.Connection, address: DeviceAddress, start: EpochStart, now: datetime
    ) -> None:
        """The epoch before has ended: its last numbers are missing when they are not here."""
        if start.reason != "first":
            refusals.note(run, "epoch", address.device, f"new epoch: {start.reason}", now)
        if start.previous is not None and start.previous_last_seq is not None:
            self.numbers(run, address.device, start.previous).expect(start.previous_last_seq)
            self._touched.add((address.device, start.previous))
            self._effects.ended.add((address, start.previous))

    def _finding(
        self, run: sqlite3.Connection, message: Numbered, finding: Event, now: datetime
    ) -> None:
        device = message.address.device
        if finding.still is not None and stills.name(run, finding.still.sha256):
            self._name_still(message.address, message.epoch, finding.still.sha256)
        incident = self._desk.take(run, device, finding, message.verified.event.id, now)
        self._effects.incidents += 1
        self._effects.changed("incident", incident)

    def _audit(
        self, run: sqlite3.Connection, device: str, event_id: str, audit: AuditEvent, now: datetime
    ) -> None:
        fields = {"device": device, "event_id": event_id, **audit.model_dump(mode="json")}
        match audit.action:
            case (
                "session.open"
                | "session.refused"
                | "session.pause"
                | "session.change"
                | "session.end"
                | "export"
                | "export.refused"
                | "export.end"
                | "hold.placed"
                | "hold.released"
                | "hold.refused"
                | "recording.deleted"
                | "plates.searched"
                | "plates.shown"
                | "trace.begun"
                | "trace.refused"
                | "trace.ended"
                | "rules.tried"
                | "rules.trial-ended"
                | "config.applied"
                | "config.refused"
                | "facility.on"
                | "facility.off"
                | "facility.refused"
                | "facility.stuck"
                | "facility.mended"
                | "facility.pressed"
            ) as action:
                ledger.append(run, now, f"pole.{action}", fields)  # type: ignore[arg-type]  # of Kind
            case "command.refused":
                detail = f"{audit.code or ''} {audit.detail or ''}".strip()
                # Of a kind only the first of a minute is told in full: each code is a kind.
                refusals.note(run, f"pole.{audit.code or audit.action}", device, detail, now)
            case _:
                pass

    def _unnumbered(
        self,
        run: sqlite3.Connection,
        message: Unnumbered,
        topic: str,
        payload: bytes,
        now: datetime,
    ) -> None:
        device = message.address.device
        self._effects.heard.add(device)
        match message.body:
            case DeviceState() as state:
                if devices.presence(run, device, state):
                    for incident in self._desk.end_abandoned(run, device, state.boot_id, now):
                        self._effects.changed("incident", incident)
                spans.follow(run, device, now)
                self._effects.states.append((device, state))
                self._effects.changed("device", device)
            case Health() as health:
                devices.health(run, device, health, now)
                for incident in self._desk.clock_known(run, device, health, now):
                    self._effects.incidents += 1
                    self._effects.changed("incident", incident)
                self._effects.clocks.append((device, health.boot_id, health.monotonic_s))
                self._effects.changed("device", device)
            case NonceWindow() as window:
                self._effects.windows.append((device, window))
            case TraceSighting() as sighting:
                self._effects.sightings.append((device, sighting))
            case Reply() as reply if reply.command_id == message.tail:
                self._effects.replies.append((device, reply))
            case _:
                refused = Refused("kind", "a reply on another command's topic", device)
                self._refuse(run, refused, topic, payload, now)

    def _still(self, run: sqlite3.Connection, still: Still, now: datetime) -> None:
        device = still.address.device
        self._effects.heard.add(device)
        if stills.keep(run, still, now) != "named":
            return
        epoch = events.newest_epoch(run, device)
        if epoch is None:
            return
        self._name_still(still.address, epoch, still.sha256)
        for incident in of_still(run, still.sha256):
            self._effects.stills_arrived.append((incident, still.sha256))
            self._effects.changed("incident", incident)

    def _ack(
        self, run: sqlite3.Connection, word: Ack, topic: str, payload: bytes, now: datetime
    ) -> None:
        incident = self._desk.acknowledge(run, word.agency, word.ack, now)
        if incident is None:
            detail = f"{word.agency} has no delivery {word.ack.delivery_id}"
            self._refuse(run, Refused("delivery", detail), topic, payload, now)
            return
        self._effects.changed("delivery", incident)

    def _again(self, run: sqlite3.Connection, message: Numbered) -> None:
        # The receipt for the still may have been lost together with the one for its event.
        still = message.body.still if isinstance(message.body, Event) else None
        if still is not None and stills.is_here(run, still.sha256):
            self._effects.receipt(message.address, message.epoch).stills[still.sha256] = None

    def _receive(self, message: Numbered) -> None:
        id = message.verified.event.id
        draft = self._effects.receipt(message.address, message.epoch)
        draft.received[id] = Received(seq=message.seq, id=id)

    def _name_still(self, address: DeviceAddress, epoch: str, sha256: str) -> None:
        self._effects.receipt(address, epoch).stills[sha256] = None
        self._effects.changed("still", sha256)

    def _settle(
        self, run: sqlite3.Connection, device: str, epoch: str, part: tuple[int, int]
    ) -> None:
        self.numbers(run, device, epoch).add(*part)
        self._touched.add((device, epoch))

    def _duplicate(self, device: str) -> None:
        self._effects.duplicates.append(device)
