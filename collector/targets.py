"""An agency over one channel, as tables name it: `police` is by MQTT, `police/cap` by CAP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import Field

Channel = Literal["mqtt", "cap", "webhook"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)

Receiver = Annotated[str, Field(pattern=rf"^[a-z0-9-]{{1,32}}(/({'|'.join(CHANNELS)}))?$")]
"""`agency` or `agency/channel`."""


@dataclass(frozen=True, slots=True)
class Target:
    """One agency over one channel."""

    agency: str
    channel: str

    def __str__(self) -> str:
        return f"{self.agency} by {self.channel}"


def target(receiver: str) -> Target:
    """What a receiver of a table means."""
    agency, _, channel = receiver.partition("/")
    return Target(agency, channel or "mqtt")
