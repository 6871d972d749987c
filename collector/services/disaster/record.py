"""An alert as it stands, and the messages that came: what is stored and what people see."""

from __future__ import annotations

from pydantic import Field

from collector.services.case import Case, Offered
from collector.services.disaster.following import Act, State, Thread
from collector.services.disaster.told import Told
from wire.names import Id, Moment, Name, WireModel


class Disaster(WireModel):
    """One alert with its Updates."""

    disaster_id: Id
    room: Name | None = Field(None, description="The sending machine; absent: typed in here.")
    agency: Name
    state: State
    drill: bool
    sent: Moment = Field(description="Of the newest message that counted, by its sender.")
    expires_at: Moment | None = None
    told: Told | None = Field(None, description="Absent: it was cancelled before it came.")
    case_id: Id | None = None
    incident_id: Id | None = None
    opened_at: Moment
    updated_at: Moment
    why: str | None = Field(None, description="Why it is over.")

    @property
    def thread(self) -> Thread:
        """What decisions need of it."""
        return Thread(self.disaster_id, self.state, self.drill, self.sent)


class Message(WireModel):
    """A document that a room sent, and what became of it."""

    number: int = Field(0, description="Of the message here.")
    room: Name
    received_at: Moment
    sender: str | None = Field(None, description="Absent when it could not be read.")
    identifier: str | None = None
    sent: Moment | None = None
    msg_type: str | None = None
    status: str | None = None
    disaster_id: Id | None = None
    act: Act
    code: str | None = None
    detail: str = ""
    bytes: int


class Wall(WireModel):
    """A page of the cameras of an alert, for so many tiles, each in its small stream."""

    case: Case = Field(description="Under which they are seen; without its cameras.")
    page: int
    pages: int
    tiles: int
    cameras_in_all: int
    stream: str = "sub"
    cameras: tuple[Offered, ...]
