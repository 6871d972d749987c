"""The collector's orders about holds: placed for a case, released, ended with an incident."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from edge_agent.clips.holds import Hold
from edge_agent.clips.keeping import HoldRefusedError, Keeping
from edge_agent.clips.segment import to_us
from edge_agent.uplink.commands import Answer, CommandFailedError
from wire.command import Command, HoldEnd, HoldPlace, HoldRelease
from wire.hold import CaseHold, CaseRelease, EventRelease


class HoldDesk:
    """Handlers of commands; each order that concerns a case leaves an audit event."""

    def __init__(self, rings: Mapping[str, Keeping], audit: Callable[..., None]) -> None:
        """`rings` by camera; `audit(action, **fields)` reports an AuditEvent."""
        self._rings = rings
        self._audit = audit

    def place(self, command: Command) -> Answer:
        """`hold.place`."""
        if not isinstance(command.action, HoldPlace):
            raise CommandFailedError("command.invalid", "no hold")
        asked = command.action.hold
        hold = Hold(
            id=asked.hold_id,
            kind="case",
            from_us=to_us(asked.start_at),
            to_us=to_us(asked.end_at),
            until_us=None,
            reason=asked.case,
        )
        ring = self._ring(asked.camera)
        try:
            placed = ring.place_case(hold)
        except HoldRefusedError as refusal:
            self._entry("hold.refused", asked, code="ring.held", detail=str(refusal))
            raise CommandFailedError("ring.held", str(refusal)) from refusal
        except OSError as error:
            detail = f"{asked.camera}: {error.strerror}"
            self._entry("hold.refused", asked, code="disk.full", detail=detail)
            raise CommandFailedError("disk.full", detail) from error
        if placed:
            self._entry("hold.placed", asked)
        return Answer(
            message=f"{asked.camera} is held for case {asked.case}", held_bytes=ring.size_of(hold)
        )

    def release(self, command: Command) -> Answer:
        """`hold.release`."""
        if not isinstance(command.action, HoldRelease):
            raise CommandFailedError("command.invalid", "no release")
        asked = command.action.release
        ring = self._ring(asked.camera)
        held = ring.hold_of(asked.hold_id)
        if held is None or held.kind != "case" or held.reason != asked.case:
            detail = f"{asked.camera} has no hold {asked.hold_id} for case {asked.case}"
            raise CommandFailedError("ring.no-hold", detail)
        try:
            ring.release(asked.hold_id)
        except OSError as error:
            raise CommandFailedError("disk.full", f"{asked.camera}: {error.strerror}") from error
        self._entry("hold.released", asked)
        return Answer(message=f"{asked.camera} is released from case {asked.case}")

    def end(self, command: Command) -> Answer:
        """`hold.end`; what has ended by itself is no fault."""
        if not isinstance(command.action, HoldEnd):
            raise CommandFailedError("command.invalid", "no findings")
        asked: EventRelease = command.action.events
        ring = self._ring(asked.camera)
        ended = 0
        for finding_id in asked.finding_ids:
            try:
                ended += ring.end_event(finding_id)
            except OSError as error:
                detail = f"{asked.camera}: {error.strerror}"
                raise CommandFailedError("disk.full", detail) from error
        return Answer(message=f"{ended} holds around events ended")

    def _ring(self, camera: str) -> Keeping:
        ring = self._rings.get(camera)
        if ring is None:
            raise CommandFailedError("command.invalid", f"there is no camera {camera!r} here")
        return ring

    def _entry(self, action: str, asked: CaseHold | CaseRelease, **more: Any) -> None:
        if isinstance(asked, CaseHold):
            more |= {"start_at": asked.start_at, "end_at": asked.end_at}
        self._audit(
            action,
            camera=asked.camera,
            hold_id=asked.hold_id,
            case=asked.case,
            agency=asked.agency,
            person=asked.person,
            **more,
        )
