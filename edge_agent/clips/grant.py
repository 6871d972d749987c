"""The pole's own check of a grant: nobody on the way may open a camera, whatever they control."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from datetime import timedelta
from pathlib import Path

from joserfc.jwk import OKPKey
from sqlite_utils import Database

from edge_agent.clips.programme import ProgrammeError, check, programme_of
from edge_agent.clips.segment import to_us
from wire.clock import Clock
from wire.envelope import EnvelopeError
from wire.grant import Grant, verify_grant
from wire.whep import WhepOffer, WhepWithdrawal

SIGNER = "signer"
SKEW = timedelta(seconds=60)
"""By how much the signer's clock and ours may differ."""
MAX_SESSIONS = 100
"""Reconnections under one grant; a page that needs more is broken or hostile."""
KEPT = timedelta(days=1)
SCHEMA = Path(__file__).with_name("grant_schema.sql")
_SHA256 = "a=fingerprint:sha-256 "


class GrantRefusedError(Exception):
    """A grant that permits nothing here; `code` is one of wire.codes."""

    def __init__(self, code: str, detail: str, grant: Grant | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.grant = grant
        """The grant, when at least its signature holds."""


def granted_sdp(sdp: str, fingerprint: str) -> str:
    """The offer with no other certificate than the granted one; raises GrantRefusedError.

    DTLS would accept any fingerprint that the offer names, so each must be the grant's own. Hashes
    of other kinds, which cannot be compared with it, are taken out.
    """
    # As aiortc splits it: else a line hidden behind a vertical tab would be read there, not here.
    lines = sdp.splitlines()
    named = [line.removeprefix(_SHA256).strip() for line in lines if line.startswith(_SHA256)]
    if not named or any(one.upper() != fingerprint for one in named):
        raise GrantRefusedError("grant.fingerprint", "the offer's certificate is not the granted")
    kept = [
        line for line in lines if not line.startswith("a=fingerprint:") or line.startswith(_SHA256)
    ]
    return "\r\n".join([*kept, ""])


class GrantDesk:
    """Checks grants for one device and remembers those that were used."""

    def __init__(self, path: Path, device: str, signer_key: OKPKey, clock: Clock) -> None:
        """`device` is the certificate name; raises sqlite3.Error when `path` cannot be opened."""
        self._device = device
        self._signer_key = signer_key
        self._clock = clock
        self._lock = threading.Lock()
        self._db = Database(sqlite3.connect(path, check_same_thread=False, timeout=10))
        self._db.enable_wal()
        self._db.conn.executescript(SCHEMA.read_text())
        with self._db.conn:
            self._db.conn.execute(
                "INSERT INTO schema_version SELECT 1"
                " WHERE NOT EXISTS (SELECT 1 FROM schema_version)"
            )

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def check(self, offer: WhepOffer) -> tuple[Grant, str]:
        """The grant and the SDP to answer; raises GrantRefusedError. Does not count as a use."""
        try:
            grant = verify_grant(offer.grant.encode(), self._key_of)
        except (EnvelopeError, UnicodeError) as error:
            raise GrantRefusedError("grant.invalid", str(error)[:200]) from error
        refusal = self._refusal(grant, offer)
        if refusal is not None:
            raise GrantRefusedError(*refusal, grant)
        try:
            return grant, granted_sdp(offer.sdp, grant.fingerprint)
        except GrantRefusedError as error:
            error.grant = grant
            raise

    def use(self, offer: WhepOffer, grant: Grant) -> None:
        """Count a session under the grant; raises GrantRefusedError when the id was used up."""
        digest = hashlib.sha256(offer.grant.encode()).hexdigest()
        now_us = to_us(self._clock.now())
        with self._lock, self._db.conn:
            self._db.conn.execute(
                "DELETE FROM used_grant WHERE expires_us < ?",
                [now_us - KEPT // timedelta(microseconds=1)],
            )
            self._db.conn.execute(
                "INSERT INTO used_grant VALUES (?, ?, 1, ?, ?)"
                " ON CONFLICT (grant_id) DO UPDATE SET sessions = sessions + 1",
                [grant.grant_id, digest, now_us, to_us(grant.expires_at)],
            )
            known, sessions = self._db.conn.execute(
                "SELECT sha256, sessions FROM used_grant WHERE grant_id = ?", [grant.grant_id]
            ).fetchone()
        if known != digest:
            raise GrantRefusedError("grant.invalid", "its id was used by another grant", grant)
        if sessions > MAX_SESSIONS:
            raise GrantRefusedError("grant.invalid", "it was used too often", grant)

    def withdraw(self, said: WhepWithdrawal) -> None:
        """From now on the case's grants of before permit nothing, after a restart too."""
        until_us = to_us(said.issued_until)
        with self._lock, self._db.conn:
            self._db.conn.execute(
                "DELETE FROM withdrawn WHERE until_us < ?",
                [to_us(self._clock.now()) - KEPT // timedelta(microseconds=1)],
            )
            self._db.conn.executemany(
                "INSERT INTO withdrawn VALUES (?, ?, ?, ?)"
                " ON CONFLICT (agency, case_number, camera)"
                " DO UPDATE SET until_us = max(until_us, excluded.until_us)",
                [(said.agency, said.case, camera, until_us) for camera in said.cameras],
            )

    def is_withdrawn(self, grant: Grant) -> bool:
        """Whether its case was closed or its permit withdrawn since."""
        with self._lock:
            row = self._db.conn.execute(
                "SELECT until_us FROM withdrawn"
                " WHERE agency = ? AND case_number = ? AND camera = ?",
                [grant.agency, grant.case, grant.camera],
            ).fetchone()
        return row is not None and to_us(grant.issued_at) <= row[0]

    def _key_of(self, kid: str) -> OKPKey | None:
        return self._signer_key if kid == SIGNER else None

    def _refusal(self, grant: Grant, offer: WhepOffer) -> tuple[str, str] | None:
        now = self._clock.now()
        ahead_s = (grant.issued_at - now).total_seconds()
        if ahead_s > SKEW.total_seconds():
            said = f"the signer's clock is {ahead_s:.0f} s ahead of this pole's; set both by NTP"
            return "grant.expired", said
        if now >= grant.expires_at:
            span = f"valid from {grant.issued_at} to {grant.expires_at}"
            return "grant.expired", f"{span}, and by this pole's clock it is {now}"
        if grant.device != self._device or grant.camera != offer.camera:
            return "grant.foreign", f"it is for {grant.device}/{grant.camera}"
        if self.is_withdrawn(grant):
            return "grant.withdrawn", f"case {grant.case} of {grant.agency}"
        try:
            check(programme_of(offer), grant)
        except ProgrammeError as error:
            return error.code, error.detail
        return None
