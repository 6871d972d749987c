"""Grants: the signer's permission for one person to watch one camera for one reason."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationError, model_validator

from wire.envelope import EnvelopeError, KeyOf, verify_bytes
from wire.names import Id, Moment, Name, WireModel

Fingerprint = Annotated[str, StringConstraints(pattern=r"^([0-9A-F]{2}:){31}[0-9A-F]{2}$")]
"""SHA-256 fingerprint of the viewer's DTLS certificate, as in SDP, upper case."""

Right = Literal["live", "recorded", "export"]
"""To see what is, to see what was, and to take what was away as evidence."""
OneTimeCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
"""RFC 6238, as an authenticator app shows it."""


class Grant(WireModel):
    """What the signer signs and the pole checks; times are wall times with skew allowed for."""

    grant_id: Id
    device: Name
    camera: Name
    rights: tuple[Right, ...] = Field(min_length=1, max_length=3)
    start_at: Moment | None = Field(None, description="Recorded: earliest picture.")
    end_at: Moment | None = None
    case: str = Field(min_length=1, max_length=80)
    agency: Name
    person: str = Field(min_length=1, max_length=80)
    basis: str = Field(min_length=1, max_length=120, description="Legal basis, e.g. PIPA 18(2)3.")
    purpose: str = Field(min_length=1, max_length=200)
    fingerprint: Fingerprint
    issued_at: Moment
    expires_at: Moment

    @model_validator(mode="after")
    def _range(self) -> Grant:
        if "recorded" in self.rights and (self.start_at is None or self.end_at is None):
            raise ValueError("a grant for recorded video names start_at and end_at")
        if "export" in self.rights and "recorded" not in self.rights:
            raise ValueError("a grant to export is one for recorded video too")
        return self


def verify_grant(token: bytes, key_of: KeyOf) -> Grant:
    """The grant when its signature holds; raises EnvelopeError."""
    _, payload = verify_bytes(token, key_of)
    try:
        return Grant.model_validate_json(payload)
    except ValidationError as error:
        raise EnvelopeError("schema", str(error).splitlines()[0]) from error


class GrantRequest(WireModel):
    """What the console asks the signer for, on behalf of a person who is signed in."""

    device: Name
    camera: Name
    rights: tuple[Right, ...] = Field(min_length=1, max_length=3)
    start_at: Moment | None = None
    end_at: Moment | None = None
    case: str = Field(min_length=1, max_length=80)
    basis: str = Field(min_length=1, max_length=120)
    purpose: str = Field(min_length=1, max_length=200)
    fingerprint: Fingerprint
    code: OneTimeCode | None = Field(
        None, description="For the right `export`: the person's one-time code."
    )

    def entry(self) -> dict[str, Any]:
        """What a ledger or log may hold of it: all but the code."""
        return self.model_dump(mode="json", exclude={"code"}, exclude_none=True)


class PersonToken(WireModel):
    """Who is signed in, signed by the signer; the web process only relays it."""

    token_id: Id
    person: str = Field(min_length=1, max_length=80)
    agency: Name
    roles: tuple[str, ...] = Field(max_length=8)
    issued_at: Moment
    expires_at: Moment
    permit_id: Id | None = Field(
        None, description="Set: a unit on its way, who may see this permit's case and no more."
    )
