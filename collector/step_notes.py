"""Notes of incident steps that nobody took; the console has each in Korean and English."""

from __future__ import annotations

from typing import Final

DOUBTFUL: Final = "its times rest on a clock that nothing kept"
SET_RIGHT: Final = "times set right: the pole's clock is known now"
ALERT_UPDATED: Final = "the alert was updated"
ALERT_REOPENED: Final = "the alert was updated: open again"
ALERT_RAN_OUT: Final = "the alert's time ran out"

STEP_NOTES: Final = (DOUBTFUL, SET_RIGHT, ALERT_UPDATED, ALERT_REOPENED, ALERT_RAN_OUT)
