"""What a viewer's session hears from the collector, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edge_agent.clips.session import SessionEvent, SessionHost, SessionRefusedError
from edge_agent.uplink.commands import Answer, CommandFailedError
from edge_agent.uplink.report import Reporter
from wire.command import (
    Command,
    WhepCandidateCommand,
    WhepControlCommand,
    WhepOfferCommand,
    WhepWithdraw,
)

Handler = Callable[[Command], Answer]


def session_handlers(sessions: SessionHost) -> Mapping[str, Handler]:
    """Handlers by the command's type; what the host refuses is answered with its code."""

    def obey(command: Command) -> Answer:
        match command.action:
            case WhepOfferCommand(offer=offer):
                return Answer(whep=sessions.answer(offer))
            case WhepCandidateCommand(candidate=candidate):
                sessions.candidate(candidate)
            case WhepControlCommand(control=control):
                return Answer(session=sessions.control(control))
            case WhepWithdraw(withdrawal=withdrawal):
                sessions.withdraw(withdrawal)
            case other:
                raise CommandFailedError("command.invalid", f"{other.name} is not of a session")
        return Answer()

    def handle(command: Command) -> Answer:
        try:
            return obey(command)
        except SessionRefusedError as refusal:
            raise CommandFailedError(refusal.code, refusal.detail) from refusal

    types = ("whep.offer", "whep.candidate", "whep.control", "whep.withdraw")
    return dict.fromkeys(types, handle)


def session_news(reporter: Reporter) -> Callable[[SessionEvent], None]:
    """Writes each step of a session as an audit event: who saw what, when and on which grant."""

    def tell(event: SessionEvent) -> None:
        grant, export = event.grant, event.export
        made = export and export.made
        asked = export and export.request
        reporter.audit(
            event.action,
            camera=event.camera,
            session_id=event.session_id,
            grant_id=grant and grant.grant_id,
            agency=grant and grant.agency,
            person=grant and grant.person,
            case=grant and grant.case,
            code=event.code,
            detail=event.detail[:500],
            bytes_sent=event.bytes_sent,
            start_at=asked and asked.start_at,
            end_at=asked and asked.end_at,
            export_id=made and made.told.export_id,
            bytes=made and made.told.bytes,
            sha256=made and made.told.sha256,
        )

    return tell
