"""Who is signed in: the signer's word in a cookie, checked with the signer's certificate."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from joserfc.jwk import OKPKey
from pydantic import ValidationError
from starlette.requests import Request

from collector.problems import ProblemError
from wire.clock import Clock
from wire.envelope import EnvelopeError, verify_bytes
from wire.grant import Grant, PersonToken, verify_grant
from wire.identity import common_name, load_authorities, load_certificate, signing_key_of

COOKIE = "pw_person"
SKEW = timedelta(seconds=30)


class Persons:
    """Checks what the signer signed."""

    def __init__(self, certificate: Path, authority: Path, clock: Clock) -> None:
        """Raises IdentityError when the signer's certificate cannot be trusted."""
        found = load_certificate(certificate)
        self._name = common_name(found)
        self._key = signing_key_of(found, load_authorities(authority), now=clock.now())
        self._clock = clock

    def of_token(self, token: str) -> PersonToken | None:
        """The person of a token; None when it is not the signer's or has expired."""
        person = self._signed(token)
        if person is None:
            return None
        now = self._clock.now()
        return person if person.issued_at - SKEW <= now < person.expires_at else None

    def why_not(self, token: str) -> str:
        """Why a token that the signer has given just now is none here, and what to do."""
        person = self._signed(token)
        if person is None:
            return "the signer's token does not verify; check signer.certificate"
        apart = (person.issued_at - self._clock.now()).total_seconds()
        side = "ahead of" if apart > 0 else "behind"
        return f"the signer's clock is {abs(apart):.0f} s {side} the collector's; set both by NTP"

    def _signed(self, token: str) -> PersonToken | None:
        try:
            _, payload = verify_bytes(token.encode("ascii"), self._key_of)
            return PersonToken.model_validate_json(payload)
        except (EnvelopeError, ValidationError, UnicodeError):
            return None

    def of(self, request: Request) -> PersonToken | None:
        """The person of a request's cookie, or the program of its API token."""
        program: PersonToken | None = getattr(request.state, "program", None)
        if program is not None:
            request.state.person = program
            return program
        token = request.cookies.get(COOKIE)
        person = None if token is None else self.of_token(token)
        # A unit's token opens one case, not the console.
        if person is None or person.permit_id is not None:
            return None
        request.state.person = person
        return person

    def token(self, request: Request) -> str | None:
        """What the signer knows a person by; a program has nothing that it would take."""
        program = getattr(request.state, "program", None)
        return None if program is not None else request.cookies.get(COOKIE)

    def required(self, request: Request) -> PersonToken:
        """The same as a dependency; raises ProblemError auth.required."""
        person = self.of(request)
        if person is None:
            raise ProblemError("auth.required")
        return person

    def grant(self, token: str) -> Grant | None:
        """What a grant says, when its signature holds; the pole checks everything else."""
        try:
            return verify_grant(token.encode("ascii"), self._key_of)
        except (EnvelopeError, UnicodeError):
            return None

    def _key_of(self, kid: str) -> OKPKey | None:
        return self._key if kid == self._name else None
