"""What every channel to an agency does, and how it fails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from wire.incident import Incident


class ChannelError(Exception):
    """A delivery that could not be handed over; `permanent` when repeating it is useless."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery; `still` is the JPEG when it has arrived and was not sent before."""

    agency: str
    incident: Incident
    still: bytes | None
    due_at: datetime
    """Since when this revision must reach the agency; the same at each attempt."""
    earlier: tuple[tuple[int, datetime], ...] = ()
    """Revisions that were handed over before, with their `due_at`; of channels that ask for it."""
    pictures: tuple[tuple[str, bytes], ...] = ()
    """Those of before that have arrived, each with its SHA-256; sent apart, after the incident."""


@dataclass(frozen=True, slots=True)
class Word:
    """What the receiver said at once, about this revision."""

    state: Literal["received", "accepted", "refused"]
    officer: str | None = None
    note: str | None = None


class Channel(Protocol):
    """One way to agencies. Handing over is not delivery: only the agency's word is."""

    name: str
    refers_back: bool
    """Whether it must know what was sent before."""

    def waits(self, agency: str) -> str | None:
        """Why it makes no sense to try now; None: try. While it waits, no attempt is counted."""
        ...

    def send(self, parcel: Parcel) -> Word | None:
        """Hand over; returns the agency's word when it came at once. Raises ChannelError."""
        ...

    def send_still(self, agency: str, sha256: str, jpeg: bytes) -> None:
        """A picture that came after its incident was sent; raises ChannelError."""
        ...
