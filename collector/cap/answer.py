"""The word about a message: an Ack says that it came, an Error that it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from collector.cap.document import Alert, CapError

ACK_SUFFIX = "_ACK"
"""What Korean receivers put behind the identifier (DOMAIN: alert formats)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one document says of one of ours."""

    identifier: str
    """Of ours."""
    refused: bool
    by: str
    at: datetime
    note: str | None


def acknowledgement(
    of: Alert,
    *,
    sender: str,
    sent: datetime,
    refused_because: str | None = None,
    note: str | None = None,
) -> Alert:
    """Our word about somebody's message: an Ack, with a `note`, or an Error with the reason."""
    return Alert(
        identifier=of.identifier + ACK_SUFFIX,
        sender=sender,
        sent=sent,
        status=of.status,
        msg_type="Ack" if refused_because is None else "Error",
        scope="Private",
        addresses=(of.sender,),
        codes=of.codes,
        note=refused_because or note,
        references=(of.reference,),
    )


def answers(document: Alert, *, ours: str) -> tuple[Answer, ...]:
    """What it says of messages that `ours` sent; raises CapError when it is no answer to us."""
    if document.msg_type not in ("Ack", "Error"):
        raise CapError(f"msgType: {document.msg_type} is no answer; an Ack or Error is wanted")
    about = [one for one in document.references if one.sender == ours]
    if not about:
        raise CapError(f"references: names no message of {ours}")
    return tuple(
        Answer(
            one.identifier, document.msg_type == "Error", document.sender, document.sent,
            document.note,
        )
        for one in about
    )  # fmt: skip
