"""A case of a safety service: what is asked for, and what becomes of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, computed_field

from collector.said import korean
from collector.services.ranking import Class, Sees
from collector.signer.permit import Service
from wire.names import Id, Moment, Name, WireModel

CaseState = Literal["asked", "approved", "refused", "closed"]
_Line = Annotated[str, StringConstraints(max_length=120, strip_whitespace=True)]


class Body(BaseModel):
    """Base of what people send: unknown fields are refused, numbers are finite."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)


class PlaceBody(Body):
    """Where it is. Any numbers are taken here, so that what is wrong with them can be said."""

    lat: float = Field(description="WGS84 latitude, degrees.")
    lon: float = Field(description="WGS84 longitude, degrees.")
    accuracy_m: float = Field(0.0, ge=0, le=2000, description="Radius in which it truly is.")
    address: _Line = ""


class Requester(Body):
    """Who at the agency asked, as the ledger of provision wants it."""

    unit: _Line = ""
    rank: _Line = ""
    name: _Line = ""
    phone: _Line = ""


class EmergencyVideoBody(Body):
    """The 112 room asks for video of a place."""

    place: PlaceBody
    case: _Line = Field(description="The agency's case number.")
    purpose: _Line = Field(description="What it is for.")
    basis: _Line = Field("", description="Legal basis, e.g. 개인정보 보호법 제18조제2항제3호.")
    requester: Requester = Requester()
    agency: Name | None = Field(
        None, description="For whom an operator asks; an officer asks for his own agency."
    )
    minutes_back: float = Field(10.0, ge=0, le=720, description="Recordings from so long before.")
    hours: float = Field(4.0, gt=0, le=72, description="How long it may be seen.")


class Offered(WireModel):
    """One camera of a case, with why it stands where it stands."""

    device: Name
    camera: Name
    title: str
    title_en: str
    lat: float
    lon: float
    distance_m: float
    direction_deg: float
    sees: Sees
    detail: Class
    score: float
    reasons: tuple[str, ...]
    reasons_ko: tuple[str, ...] = ()
    live: bool


class Ranked(WireModel):
    """A case's cameras in the order in which they help a unit that is somewhere."""

    distance_m: float = Field(description="From the unit to the scene.")
    direction_deg: float
    cameras: tuple[Offered, ...]


class Subject(Body):
    """Who calls for help, and who answers for him."""

    name: _Line = ""
    phone: _Line = ""
    note: Annotated[str, StringConstraints(max_length=500)] = ""
    guardian: _Line = ""
    guardian_phone: _Line = ""


class Fix(WireModel):
    """Where somebody was at a time, within `accuracy_m` metres."""

    at: Moment
    lat: float
    lon: float
    accuracy_m: float


class Personal(WireModel):
    """What is erased: a call for help's at its close, others' in their time."""

    requester: Requester = Requester()
    address: str = ""
    subject: Subject | None = None
    path: tuple[Fix, ...] = ()


class Case(WireModel):
    """One case as people see it."""

    case_id: Id
    service: Service
    agency: Name
    case: str
    basis: str
    purpose: str
    person: str
    asked_at: Moment
    state: CaseState
    waiting: str | None = None
    lat: float | None = None
    lon: float | None = None
    accuracy_m: float = 0.0
    cameras: tuple[Offered, ...] = ()
    minutes_back: float = 10.0
    hours: float = 4.0
    incident_id: Id | None = None
    happened_at: Moment | None = None
    personal: Personal | None = None
    permit_id: Id | None = None
    rule: Name | None = None
    decided_at: Moment | None = None
    decided_by: str | None = None
    expires_at: Moment | None = None
    closed_at: Moment | None = None
    closed_by: str | None = None
    note: str | None = None
    erased_at: Moment | None = None

    @computed_field(  # type: ignore[prop-decorator]  # as pydantic wants it
        description="The same as `waiting`, where it can be said in Korean."
    )
    @property
    def waiting_ko(self) -> str | None:
        return None if self.waiting is None else korean(self.waiting)

    drill: bool = False


def plainly(one: Case) -> dict[str, object]:
    """What every entry of the ledger says of a case: nothing of a person."""
    return {
        "case_id": one.case_id,
        "service": one.service,
        "agency": one.agency,
        "case": one.case,
        "basis": one.basis,
        "purpose": one.purpose,
        "state": one.state,
        "drill": True if one.drill else None,
    }


def camera_names(one: Case) -> list[str]:
    """The case's cameras as the ledger names them."""
    return [f"{camera.device}/{camera.camera}" for camera in one.cameras]
