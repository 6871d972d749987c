"""The ledger's daily signature: the collector's word on how far the chain went that day."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.util import urlsafe_b64decode
from pydantic import ValidationError

from collector.ledger import FIRST
from collector.store.database import Database
from wire.clock import Clock
from wire.envelope import EnvelopeError, sign_bytes, verify_bytes
from wire.identity import Identity, IdentityError, common_name, load_certificate, signing_key_of
from wire.names import Moment, WireModel, utc_text

log = structlog.get_logger()


class Seal(WireModel):
    """What is signed."""

    site: str
    day: str
    sealed_at: Moment
    number: int
    head: str


class Sealer:
    """`run_once` seals the day that has begun, when nobody has yet."""

    def __init__(
        self, identity: Identity, site: str, zone: ZoneInfo, database: Database, clock: Clock
    ) -> None:
        self._identity = identity
        self._site = site
        self._zone = zone
        self._database = database
        self._clock = clock
        pem = load_certificate(identity.cert_file).public_bytes(Encoding.PEM)
        self._certificate = pem.decode("ascii")

    def run_once(self) -> Seal | None:
        """The new seal; None when this day has one."""
        now = self._clock.now()
        day = now.astimezone(self._zone).date().isoformat()
        with self._database.transaction() as run:
            if run.execute("SELECT 1 FROM ledger_seal WHERE day = ?", (day,)).fetchone():
                return None
            last = run.execute(
                "SELECT number, hash FROM ledger ORDER BY number DESC LIMIT 1"
            ).fetchone()
            number, head = (0, FIRST) if last is None else (int(last[0]), str(last[1]))
            seal = Seal(site=self._site, day=day, sealed_at=now, number=number, head=head)
            payload = seal.model_dump_json().encode()
            token = sign_bytes(payload, self._identity.name, self._identity.key).decode()
            run.execute(
                "INSERT INTO ledger_seal VALUES (?, ?, ?, ?)",
                (day, number, token, self._certificate),
            )
        log.info("ledger.sealed", day=day, number=number, head=head, at=utc_text(now))
        return seal


def exported(run: sqlite3.Connection) -> Iterable[str]:
    """Each seal as a line of JSON, to be kept where nobody of the centre can change it."""
    for row in run.execute("SELECT token, certificate FROM ledger_seal ORDER BY day"):
        yield json.dumps({"token": row["token"], "certificate": row["certificate"]})


def held(run: sqlite3.Connection) -> list[str]:
    """The seals that lie beside the ledger; none where the schema is older."""
    known = run.execute("SELECT 1 FROM sqlite_schema WHERE name = 'ledger_seal'").fetchone()
    return list(exported(run)) if known else []


def fault(
    run: sqlite3.Connection, lines: Iterable[str], authorities: list[x509.Certificate]
) -> str | None:
    """What of the chain contradicts the seals; None when every one holds.

    The chain itself is `collector.ledger.verify`'s to walk.
    """
    for line in lines:
        try:
            seal = _read(line, authorities)
        except (ValueError, KeyError, TypeError, EnvelopeError, IdentityError) as error:
            return f"a seal cannot be believed: {str(error).splitlines()[0]}"
        if seal.number == 0:
            continue
        row = run.execute("SELECT hash FROM ledger WHERE number = ?", (seal.number,)).fetchone()
        if row is None:
            return f"the seal of {seal.day} names entry {seal.number}, which is not there"
        if row[0] != seal.head:
            return f"entries up to {seal.number} are not those that were sealed on {seal.day}"
    return None


def _read(line: str, authorities: list[x509.Certificate]) -> Seal:
    found = json.loads(line)
    certificate = x509.load_pem_x509_certificate(str(found["certificate"]).encode("ascii"))
    # Its own time of sealing counts: a certificate that has run out since was good then.
    name = common_name(certificate)
    key = signing_key_of(certificate, authorities, now=_sealed_at(found["token"]))
    _, payload = verify_bytes(found["token"].encode("ascii"), lambda k: key if k == name else None)
    try:
        return Seal.model_validate_json(payload)
    except ValidationError as error:
        raise ValueError("it is no seal") from error


def _sealed_at(token: str) -> datetime:
    payload = urlsafe_b64decode(token.split(".")[1].encode("ascii"))
    return Seal.model_validate_json(payload).sealed_at
