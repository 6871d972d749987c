"""What the signer signs: person tokens for right passwords, grants for good reasons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from pydantic import ValidationError

from collector.problems import ProblemError
from collector.signer.accounts import SignerStore, SignInError, write_log
from collector.signer.codes import use_code
from collector.signer.config import SignerSettings
from collector.signer.permit import (
    MAX_PERMIT_BYTES,
    Permit,
    PermitEnding,
    PermitRequest,
    PermitsAnswer,
    PermitsQuestion,
    UnitRequest,
    UnitToken,
)
from collector.signer.permits import Permits
from collector.store.moments import stamp
from wire.clock import Clock
from wire.envelope import EnvelopeError, KeyOf, sign_bytes, verify_bytes
from wire.grant import Grant, GrantRequest, PersonToken
from wire.identity import Identity
from wire.names import WireModel, new_id

VIEWERS = frozenset({"operator", "supervisor", "officer", "unit"})
"""Roles that may see video."""
KEPT = timedelta(days=1)
"""Expired ids stay so long."""


class SignerDesk:
    """All decisions of the signer. Safe from any thread."""

    def __init__(
        self,
        settings: SignerSettings,
        identity: Identity,
        store: SignerStore,
        clock: Clock,
        devices: Callable[[], tuple[str, ...]],
        collector_key: KeyOf = lambda _name: None,
    ) -> None:
        """`collector_key`: of the services that may end permits, and give none."""
        self._collector_key = collector_key
        self._settings = settings
        self._identity = identity
        self._store = store
        self._clock = clock
        self._devices = devices
        self._permits = Permits(store, identity)

    def sign_in(self, name: str, password: str) -> tuple[str, PersonToken]:
        """A person token; raises ProblemError auth.refused or auth.locked."""
        now = self._clock.now()
        try:
            account = self._store.sign_in(
                name,
                password,
                now,
                failures_before_lock=self._settings.failures_before_lock,
                lock=timedelta(seconds=self._settings.lock_seconds),
            )
        except SignInError as error:
            raise _told(error, now) from None
        person = PersonToken(
            token_id=new_id(),
            person=account.name,
            agency=account.agency,
            roles=account.roles,
            issued_at=now,
            expires_at=now + timedelta(hours=self._settings.session_hours),
        )
        with self._store.transaction() as run:
            run.execute("DELETE FROM person_token WHERE expires_at < ?", (stamp(now - KEPT),))
            run.execute(
                "INSERT INTO person_token VALUES (?, ?, ?, ?, 0)",
                (person.token_id, person.person, stamp(now), stamp(person.expires_at)),
            )
        return self._sign(person), person

    def sign_out(self, token: str) -> None:
        """Revoke a person token; raises ProblemError."""
        person = self._person(token)
        with self._store.transaction() as run:
            run.execute(
                "UPDATE person_token SET revoked = 1 WHERE token_id = ?", (person.token_id,)
            )
            write_log(run, self._clock.now(), "sign-out", person.person, {})

    def grant(self, token: str, wanted: GrantRequest) -> tuple[str, Grant]:
        """A grant for the person of `token`; raises ProblemError, and logs both outcomes."""
        person = self._person(token)
        now = self._clock.now()
        try:
            self._check(person, wanted, now)
        except ProblemError as error:
            with self._store.transaction() as run:
                fields = {"code": error.code, **wanted.entry()}
                write_log(run, now, "grant.refused", person.person, fields)
            raise
        grant = Grant(
            grant_id=new_id(),
            device=wanted.device,
            camera=wanted.camera,
            rights=wanted.rights,
            start_at=wanted.start_at,
            end_at=wanted.end_at,
            case=wanted.case,
            agency=person.agency,
            person=person.person,
            basis=wanted.basis,
            purpose=wanted.purpose,
            fingerprint=wanted.fingerprint,
            issued_at=now,
            expires_at=now + timedelta(minutes=self._settings.grant_minutes),
        )
        # Logged before it is signed: no grant leaves without an entry.
        with self._store.transaction() as run:
            run.execute(
                "INSERT INTO used_grant VALUES (?, ?, ?, ?)",
                (grant.grant_id, person.token_id, grant.fingerprint, stamp(grant.expires_at)),
            )
            fields = grant.model_dump(mode="json", exclude_none=True)
            write_log(run, now, "grant.issued", person.person, fields)
        return self._sign(grant), grant

    def permit(self, token: str, wanted: PermitRequest) -> Permit:
        """A permit for an agency's officers; raises ProblemError."""
        return self._permits.give(self._person(token), wanted, self._clock.now(), self._devices)

    def unit(self, token: str, permit_id: str, wanted: UnitRequest) -> UnitToken:
        """A unit's token; raises ProblemError."""
        person = self._person(token)
        made = self._permits.unit(person, permit_id, wanted, self._clock.now())
        return UnitToken(token=self._sign(made), expires_at=made.expires_at)

    def withdraw(self, token: str, permit_id: str) -> datetime:
        """No further grant under a permit: from when on; raises ProblemError."""
        person, now = self._person(token), self._clock.now()
        self._permits.withdraw(person, permit_id, now)
        return now

    def withdrawn(self, asked: PermitsQuestion) -> PermitsAnswer:
        """Which permits were withdrawn; who knows their ids learns no more than that."""
        return PermitsAnswer(withdrawn=self._permits.withdrawn(asked.permits))

    def end(self, signed: str) -> None:
        """A permit is over, by the word of a collector; raises ProblemError."""
        try:
            token = signed.encode("ascii")
            by, payload = verify_bytes(token, self._collector_key, 2 * MAX_PERMIT_BYTES)
            ending = PermitEnding.model_validate_json(payload)
        except (EnvelopeError, ValidationError, UnicodeError) as error:
            said = error.detail if isinstance(error, EnvelopeError) else "it ends no permit"
            raise ProblemError("auth.refused", f"not a collector's word: {said}") from None
        self._permits.end(by, ending, self._clock.now())

    def _person(self, token: str) -> PersonToken:
        try:
            _, payload = verify_bytes(
                token.encode("ascii"),
                lambda kid: self._identity.key if kid == self._identity.name else None,
            )
            person = PersonToken.model_validate_json(payload)
        except (EnvelopeError, ValidationError, UnicodeError):
            raise ProblemError("auth.required", "the person token is not valid") from None
        with self._store.transaction() as run:
            row = run.execute(
                "SELECT revoked FROM person_token WHERE token_id = ?", (person.token_id,)
            ).fetchone()
        if row is None or row[0] or person.expires_at <= self._clock.now():
            raise ProblemError("auth.required", "the sign-in has ended")
        if person.permit_id is not None:
            if not self._permits.is_in_force(person.permit_id, self._clock.now()):
                raise ProblemError("auth.required", "the case is closed")
            return person
        # Roles may have been taken away since.
        account = self._store.account(person.person)
        if account is None:
            raise ProblemError("auth.required", "the account is closed")
        return person.model_copy(update={"roles": account.roles, "agency": account.agency})

    def _check(self, person: PersonToken, wanted: GrantRequest, now: datetime) -> None:
        if not VIEWERS & set(person.roles):
            allowed = ", ".join(sorted(VIEWERS))
            raise ProblemError("auth.forbidden", f"seeing video needs one of the roles {allowed}")
        if wanted.device not in self._devices():
            raise ProblemError("device.unknown", f"{wanted.device} is not enrolled")
        for name in ("case", "basis", "purpose"):
            if not str(getattr(wanted, name)).strip():
                raise ProblemError("request.invalid", f"'{name}' is empty")
        if "recorded" in wanted.rights:
            self._check_range(wanted, now)
        elif "export" in wanted.rights:
            raise ProblemError("request.invalid", "who may export may see the recording: ask both")
        self._permits.check(person, wanted, now)
        with self._store.transaction() as run:
            recent = run.execute(
                "SELECT count(*) FROM used_grant WHERE token_id = ? AND expires_at > ?",
                (
                    person.token_id,
                    stamp(now + timedelta(minutes=self._settings.grant_minutes - 1)),
                ),
            ).fetchone()[0]
        if recent >= self._settings.grants_per_minute:
            raise ProblemError(
                "auth.locked",
                f"more than {self._settings.grants_per_minute} grants in a minute",
                headers={"Retry-After": "60"},
            )
        # Last: a code is spent only on what else is in order.
        if "export" in wanted.rights:
            self._take_code(person, wanted.code, now)

    def _take_code(self, person: PersonToken, code: str | None, now: datetime) -> None:
        try:
            use_code(
                self._store,
                person.person,
                code,
                now,
                failures_before_lock=self._settings.failures_before_lock,
                lock=timedelta(seconds=self._settings.lock_seconds),
            )
        except SignInError as error:
            raise _told(error, now) from None

    def _check_range(self, wanted: GrantRequest, now: datetime) -> None:
        start, end = wanted.start_at, wanted.end_at
        if start is None or end is None or start >= end:
            raise ProblemError("request.invalid", "recorded video needs start_at before end_at")
        longest = timedelta(minutes=self._settings.longest_clip_minutes)
        if end - start > longest:
            raise ProblemError(
                "request.invalid",
                f"at most {self._settings.longest_clip_minutes:g} minutes under one grant",
            )
        if end > now + timedelta(minutes=self._settings.grant_minutes):
            raise ProblemError("request.invalid", "end_at lies in the future")

    def _sign(self, body: WireModel) -> str:
        payload = body.model_dump_json(exclude_none=True).encode()
        return sign_bytes(payload, self._identity.name, self._identity.key).decode()


def _told(error: SignInError, now: datetime) -> ProblemError:
    if error.until is None:
        return ProblemError(error.code)
    seconds = max(1, round((error.until - now).total_seconds()))
    return ProblemError(error.code, f"wait {seconds} s", headers={"Retry-After": str(seconds)})
