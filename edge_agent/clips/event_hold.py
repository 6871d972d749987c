"""What is kept around a finding, from its first phase on. Pure."""

from __future__ import annotations

from datetime import timedelta

from edge_agent.clips.holds import Hold
from edge_agent.clips.keeping import MAX_AGE
from edge_agent.clips.segment import to_us
from edge_agent.scene import Finding, Frame

BEFORE = timedelta(seconds=30)
AFTER = timedelta(seconds=30)
"""More than the clip that the event names: how it came to it, and where they went."""


def event_hold(finding_id: str, finding: Finding, frame: Frame, lasts: timedelta) -> Hold:
    """The hold as this phase of the finding asks for it; a later phase replaces it.

    It ends `lasts` after `frame`, the one behind the phase, and never later than the law lets any
    recording be kept without a case.
    """
    began = frame.received_at - timedelta(seconds=frame.media_s - finding.start_s)
    last_s = frame.media_s if finding.end_s is None else finding.end_s
    ended = frame.received_at - timedelta(seconds=frame.media_s - last_s)
    return Hold(
        id=finding_id,
        kind="event",
        from_us=to_us(began - BEFORE),
        to_us=to_us(ended + AFTER),
        until_us=to_us(min(frame.received_at + lasts, began - BEFORE + MAX_AGE)),
        reason=finding.type,
    )
