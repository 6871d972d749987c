"""What every channel to an agency does, and how it fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

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


class Channel(Protocol):
    """One way to agencies. Handing over is not delivery: only the agency's word is."""

    name: str

    @property
    def ready(self) -> bool:
        """Whether it makes sense to try now; while not, attempts are not counted."""
        ...

    def send(self, parcel: Parcel) -> None:
        """Hand over; raises ChannelError."""
        ...

    def send_still(self, agency: str, sha256: str, jpeg: bytes) -> None:
        """A picture that came after its incident was sent; raises ChannelError."""
        ...
