"""Which cameras an agency's officers may see: permits by an operator, or by a standing rule.

The signer keeps them, not the web process: a web process in wrong hands can list cameras that an
operator never saw, but gives no officer a grant that no operator and no rule has permitted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from pydantic import ValidationError

from collector.problems import ProblemError
from collector.signer.accounts import AccountError, SignerStore, write_log
from collector.signer.permit import Permit, PermitEnding, PermitRequest, StandingRule, UnitRequest
from collector.store.moments import moment, stamp
from wire.envelope import EnvelopeError, sign_bytes, verify_bytes
from wire.grant import GrantRequest, PersonToken
from wire.identity import Identity
from wire.names import new_id

APPROVERS = frozenset({"operator", "supervisor"})
SKEW = timedelta(seconds=30)


class Permits:
    """Permits and standing rules. Safe from any thread."""

    def __init__(self, store: SignerStore, identity: Identity) -> None:
        self._store = store
        self._identity = identity

    def give(
        self,
        person: PersonToken,
        wanted: PermitRequest,
        now: datetime,
        devices: Callable[[], tuple[str, ...]],
    ) -> Permit:
        """A permit by an operator's word, or by the rule that covers an officer's own request.

        Raises ProblemError: permit.needed where an operator must approve, auth.forbidden,
        device.unknown, request.invalid. Both outcomes are logged.
        """
        try:
            rule = self._decide(person, wanted, now, devices)
        except ProblemError as error:
            fields = {"code": error.code, **wanted.model_dump(mode="json")}
            with self._store.transaction() as run:
                write_log(run, now, "permit.refused", person.person, fields)
            raise
        permit = Permit(
            permit_id=new_id(),
            rule=rule,
            given_by=person.person,
            expires_at=now + timedelta(hours=wanted.hours),
        )
        with self._store.transaction() as run:
            _write(run, permit, wanted, now)
            fields = {**permit.model_dump(mode="json"), **wanted.model_dump(mode="json")}
            write_log(run, now, "permit.given", person.person, fields)
        return permit

    def withdraw(self, person: PersonToken, permit_id: str, now: datetime) -> None:
        """No further grant under it; raises ProblemError."""
        with self._store.transaction() as run:
            row = run.execute("SELECT * FROM permit WHERE permit_id = ?", (permit_id,)).fetchone()
            if row is None:
                raise ProblemError("permit.unknown")
            _own(person, row)
            run.execute(
                "UPDATE permit SET withdrawn_at = ? WHERE permit_id = ? AND withdrawn_at IS NULL",
                (stamp(now), permit_id),
            )
            write_log(run, now, "permit.withdrawn", person.person, {"permit_id": permit_id})

    def end(self, by: str, ending: PermitEnding, now: datetime) -> None:
        """The collector `by` says that a permit, or some of its cameras, are over."""
        with self._store.transaction() as run:
            known = run.execute(
                "SELECT 1 FROM permit WHERE permit_id = ?", (ending.permit_id,)
            ).fetchone()
            if known is None:
                raise ProblemError("permit.unknown")
            if ending.cameras:
                run.executemany(
                    "DELETE FROM permit_camera WHERE permit_id = ? AND device = ? AND camera = ?",
                    [(ending.permit_id, one.device, one.camera) for one in ending.cameras],
                )
            else:
                run.execute(
                    "UPDATE permit SET withdrawn_at = ?"
                    " WHERE permit_id = ? AND withdrawn_at IS NULL",
                    (stamp(now), ending.permit_id),
                )
            fields = {"collector": by, **ending.model_dump(mode="json")}
            write_log(run, now, "permit.ended", None, fields)

    def unit(
        self, person: PersonToken, permit_id: str, wanted: UnitRequest, now: datetime
    ) -> PersonToken:
        """A token that opens one permit's case for a unit; raises ProblemError."""
        with self._store.transaction() as run:
            row = run.execute("SELECT * FROM permit WHERE permit_id = ?", (permit_id,)).fetchone()
            if row is None or row["withdrawn_at"] or moment(row["expires_at"]) <= now:
                raise ProblemError("permit.unknown")
            _own(person, row)
            made = PersonToken(
                token_id=new_id(),
                person=f"{wanted.unit} ({person.person})"[:80],
                agency=row["agency"],
                roles=("unit",),
                issued_at=now,
                expires_at=min(now + timedelta(minutes=wanted.minutes), moment(row["expires_at"])),
                permit_id=permit_id,
            )
            run.execute(
                "INSERT INTO person_token VALUES (?, ?, ?, ?, 0)",
                (made.token_id, made.person, stamp(now), stamp(made.expires_at)),
            )
            fields = {"permit_id": permit_id, **wanted.model_dump(mode="json")}
            write_log(run, now, "unit.admitted", person.person, fields)
        return made

    def is_in_force(self, permit_id: str, now: datetime) -> bool:
        """Whether grants may be given under it."""
        with self._store.transaction() as run:
            row = run.execute("SELECT * FROM permit WHERE permit_id = ?", (permit_id,)).fetchone()
        return row is not None and not row["withdrawn_at"] and moment(row["expires_at"]) > now

    def withdrawn(self, permit_ids: Sequence[str]) -> dict[str, datetime]:
        """Those of `permit_ids` that were withdrawn, with when."""
        marks = ", ".join("?" * len(permit_ids))
        with self._store.transaction() as run:
            rows = run.execute(
                "SELECT permit_id, withdrawn_at FROM permit"
                f" WHERE withdrawn_at IS NOT NULL AND permit_id IN ({marks})",
                tuple(permit_ids),
            ).fetchall()
        return {row["permit_id"]: moment(row["withdrawn_at"]) for row in rows}

    def check(self, person: PersonToken, wanted: GrantRequest, now: datetime) -> None:
        """Raises ProblemError permit.needed unless who asks needs none, or one covers it."""
        if APPROVERS & set(person.roles):
            return
        with self._store.transaction() as run:
            rows = run.execute(
                "SELECT p.* FROM permit p JOIN permit_camera c USING (permit_id)"
                " WHERE c.device = ? AND c.camera = ? AND p.agency = ? AND p.case_number = ?"
                " AND p.withdrawn_at IS NULL AND p.expires_at > ?"
                " AND coalesce(?, p.permit_id) = p.permit_id",
                (
                    wanted.device,
                    wanted.camera,
                    person.agency,
                    wanted.case,
                    stamp(now),
                    person.permit_id,
                ),
            ).fetchall()
        if not any(_covers(row, wanted) for row in rows):
            raise ProblemError(
                "permit.needed",
                f"no permit of {person.agency} covers {wanted.device}/{wanted.camera} and that"
                f" time for case {wanted.case}",
            )

    def add_rule(self, rule: StandingRule, now: datetime) -> str:
        """Sign a rule and keep it; returns the signed document. Raises AccountError when known."""
        token = sign_bytes(
            rule.model_dump_json().encode(), self._identity.name, self._identity.key
        ).decode()
        with self._store.transaction() as run:
            known = run.execute(
                "SELECT 1 FROM standing_rule WHERE rule = ?", (rule.rule,)
            ).fetchone()
            if known is not None:
                raise AccountError(f"rule {rule.rule} is known already; give it another name")
            run.execute(
                "INSERT INTO standing_rule VALUES (?, ?, ?, NULL)", (rule.rule, token, stamp(now))
            )
            write_log(run, now, "rule.added", None, rule.model_dump(mode="json"))
        return token

    def withdraw_rule(self, name: str, now: datetime) -> None:
        """It permits nothing any more, and neither do the permits under it; raises AccountError."""
        with self._store.transaction() as run:
            found = run.execute(
                "UPDATE standing_rule SET withdrawn_at = ? WHERE rule = ? AND withdrawn_at IS NULL",
                (stamp(now), name),
            ).rowcount
            if not found:
                raise AccountError(f"there is no rule {name} in force")
            run.execute(
                "UPDATE permit SET withdrawn_at = ? WHERE rule = ? AND withdrawn_at IS NULL",
                (stamp(now), name),
            )
            write_log(run, now, "rule.withdrawn", None, {"rule": name})

    def rules(self) -> tuple[StandingRule, ...]:
        """Those in force whose signature holds."""
        with self._store.transaction() as run:
            rows = run.execute(
                "SELECT document FROM standing_rule WHERE withdrawn_at IS NULL ORDER BY rule"
            ).fetchall()
        found = [self._read(row["document"]) for row in rows]
        return tuple(one for one in found if one is not None)

    def _decide(
        self,
        person: PersonToken,
        wanted: PermitRequest,
        now: datetime,
        devices: Callable[[], tuple[str, ...]],
    ) -> str | None:
        unknown = sorted({one.device for one in wanted.cameras} - set(devices()))
        if unknown:
            raise ProblemError("device.unknown", f"{', '.join(unknown)} is not enrolled")
        if APPROVERS & set(person.roles):
            return None
        if "officer" not in person.roles or person.agency != wanted.agency:
            raise ProblemError("auth.forbidden", "officers ask for their own agency")
        reasons = []
        for rule in self.rules():
            missed = _missed(rule, wanted, now)
            if missed is None:
                return rule.rule
            reasons.append(f"{rule.rule}: {missed}")
        said = "; ".join(reasons) or "there is no standing rule"
        raise ProblemError("permit.needed", f"an operator must approve ({said})")

    def _read(self, document: str) -> StandingRule | None:
        try:
            _, payload = verify_bytes(
                document.encode("ascii"),
                lambda kid: self._identity.key if kid == self._identity.name else None,
            )
            return StandingRule.model_validate_json(payload)
        except (EnvelopeError, ValidationError, UnicodeError):
            return None


def _own(person: PersonToken, row: sqlite3.Row) -> None:
    """Raises ProblemError unless `person` may dispose of a permit."""
    if APPROVERS & set(person.roles):
        return
    if "officer" not in person.roles or row["agency"] != person.agency:
        raise ProblemError("auth.forbidden", f"the permit is {row['agency']}'s")


def _missed(rule: StandingRule, wanted: PermitRequest, now: datetime) -> str | None:
    """Which condition of a rule a request misses."""
    if rule.agency != wanted.agency:
        return f"is {rule.agency}'s"
    if wanted.service not in rule.services:
        return f"is not for {wanted.service}"
    if wanted.basis not in rule.bases:
        return f"does not name the basis {wanted.basis}"
    if not rule.valid_from <= now < rule.valid_until:
        return "is not in force now"
    if len(wanted.cameras) > rule.most_cameras:
        return f"permits {rule.most_cameras} cameras at most"
    if wanted.hours > rule.hours:
        return f"permits {rule.hours:g} hours at most"
    if wanted.start_at < now - timedelta(minutes=rule.minutes_back) - SKEW:
        return f"reaches {rule.minutes_back:g} minutes back"
    return None


def _covers(row: sqlite3.Row, wanted: GrantRequest) -> bool:
    if "recorded" not in wanted.rights:
        return True
    return wanted.start_at is not None and wanted.start_at >= moment(row["start_at"]) - SKEW


def _write(run: sqlite3.Connection, permit: Permit, wanted: PermitRequest, now: datetime) -> None:
    run.execute(
        "INSERT INTO permit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
        (
            permit.permit_id,
            wanted.service,
            wanted.agency,
            wanted.case,
            wanted.basis,
            wanted.purpose,
            stamp(wanted.start_at),
            stamp(now),
            permit.given_by,
            permit.rule,
            stamp(permit.expires_at),
        ),
    )
    run.executemany(
        "INSERT OR IGNORE INTO permit_camera VALUES (?, ?, ?)",
        [(permit.permit_id, one.device, one.camera) for one in wanted.cameras],
    )
