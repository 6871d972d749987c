"""Accounts, lockout, tokens, grants and the log that nobody can change."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from collector.problems import ProblemError
from collector.signer import accounts
from collector.signer.accounts import Account, AccountError, SignerStore, verify_log
from collector.signer.config import SignerSettings
from collector.signer.desk import SignerDesk
from provisioning.authority import Authority
from wire.clock import SimulatedClock
from wire.grant import GrantRequest, verify_grant
from wire.identity import Identity

PASSWORD = "correct horse battery"
FINGERPRINT = ":".join(["AB"] * 32)


class Bench:
    def __init__(self, folder: Path, town: Authority) -> None:
        self.clock = SimulatedClock()
        # The default costs 50 ms a guess, by intention; here nobody guesses.
        self.store = SignerStore(folder, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self.identity = Identity.load(town.identity("signer"))
        settings = SignerSettings(
            identity=town.identity("signer"), register_file=town.register_file, data=folder
        )
        self.desk = SignerDesk(
            settings, self.identity, self.store, self.clock, lambda: ("pole-001-1",)
        )
        self.add("kim", "operator")

    def add(self, name: str, *roles: str) -> None:
        self.store.add(Account(name, "police", roles), PASSWORD, self.clock.now())

    def sign_in(self, name: str = "kim", password: str = PASSWORD) -> str:
        return self.desk.sign_in(name, password)[0]

    def wanted(self, **changed: object) -> GrantRequest:
        now = self.clock.now()
        return GrantRequest.model_validate(
            {
                "device": "pole-001-1",
                "camera": "cam-1",
                "rights": ["live"],
                "start_at": now - timedelta(minutes=1),
                "end_at": now,
                "case": "1",
                "basis": "PIPA 18(2)3",
                "purpose": "search",
                "fingerprint": FINGERPRINT,
                **changed,
            }
        )

    def log(self) -> list[str]:
        with self.store.transaction() as run:
            return [row["what"] for row in run.execute("SELECT what FROM log ORDER BY number")]


@pytest.fixture
def bench(tmp_path: Path, town: Authority) -> Iterator[Bench]:
    made = Bench(tmp_path, town)
    yield made
    made.store.close()


def code(caught: pytest.ExceptionInfo[ProblemError]) -> str:
    return caught.value.code


def test_a_grant_says_who_what_why_and_for_how_long(bench: Bench) -> None:
    token, grant = bench.desk.grant(bench.sign_in(), bench.wanted())
    read = verify_grant(token.encode(), lambda kid: bench.identity.key if kid == "signer" else None)
    assert read == grant
    assert (read.person, read.agency, read.device, read.camera) == (
        "kim",
        "police",
        "pole-001-1",
        "cam-1",
    )
    assert (read.fingerprint, read.purpose) == (FINGERPRINT, "search")
    assert read.expires_at - read.issued_at == timedelta(minutes=10)


def test_every_grant_has_an_id_of_its_own(bench: Bench) -> None:
    token = bench.sign_in()
    ids = {bench.desk.grant(token, bench.wanted())[1].grant_id for _ in range(5)}
    assert len(ids) == 5
    with bench.store.transaction() as run:
        assert run.execute("SELECT count(*) FROM used_grant").fetchone()[0] == 5


@pytest.mark.parametrize("name", ["kim", "nobody"])
def test_a_wrong_password_and_a_wrong_name_look_alike(bench: Bench, name: str) -> None:
    with pytest.raises(ProblemError) as caught:
        bench.sign_in(name, "wrong")
    assert code(caught) == "auth.refused"


def test_guessing_is_locked_out_ever_longer_and_the_right_password_too(bench: Bench) -> None:
    def guess(password: str) -> ProblemError:
        with pytest.raises(ProblemError) as caught:
            bench.sign_in("kim", password)
        return caught.value

    codes = [guess("wrong").code for _ in range(5)]
    assert codes == ["auth.refused"] * 4 + ["auth.locked"]
    assert guess(PASSWORD).headers["Retry-After"] == "30"
    bench.clock.advance(31)
    assert guess("wrong").headers["Retry-After"] == "60"
    bench.clock.advance(59)
    assert guess(PASSWORD).code == "auth.locked"
    bench.clock.advance(2)
    assert bench.sign_in()
    assert guess("wrong").code == "auth.refused"


def test_a_sign_in_ends_by_time_by_sign_out_and_with_the_account(bench: Bench) -> None:
    token = bench.sign_in()
    bench.desk.sign_out(token)
    with pytest.raises(ProblemError) as caught:
        bench.desk.grant(token, bench.wanted())
    assert code(caught) == "auth.required"
    token = bench.sign_in()
    bench.clock.advance(8 * 3600)
    with pytest.raises(ProblemError) as caught:
        bench.desk.grant(token, bench.wanted())
    assert code(caught) == "auth.required"
    token = bench.sign_in()
    with bench.store.transaction() as run:
        run.execute("UPDATE account SET disabled = 1")
    with pytest.raises(ProblemError) as caught:
        bench.desk.grant(token, bench.wanted())
    assert code(caught) == "auth.required"


def test_a_token_that_we_did_not_sign_is_none(bench: Bench) -> None:
    token = bench.sign_in()
    grant, _ = bench.desk.grant(token, bench.wanted())
    head, payload, signature = token.split(".")
    for forged in (grant, "", "a.b.c", f"{head}.{payload[:-4]}AAAA.{signature}", token + "é"):
        with pytest.raises(ProblemError) as caught:
            bench.desk.grant(forged, bench.wanted())
        assert code(caught) == "auth.required"


def test_roles_that_were_taken_away_do_not_count(bench: Bench) -> None:
    token = bench.sign_in()
    bench.add("kim", "technician")
    with pytest.raises(ProblemError) as caught:
        bench.desk.grant(token, bench.wanted())
    assert code(caught) == "auth.forbidden"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"device": "pole-009-1"}, "device.unknown"),
        ({"case": "   "}, "request.invalid"),
        ({"rights": ["recorded"], "start_at": None}, "request.invalid"),
    ],
)
def test_what_no_grant_is_given_for(
    bench: Bench, changed: dict[str, object], expected: str
) -> None:
    with pytest.raises(ProblemError) as caught:
        bench.desk.grant(bench.sign_in(), bench.wanted(**changed))
    assert code(caught) == expected
    assert bench.log()[-1] == "grant.refused"


@pytest.mark.parametrize(
    ("start_min", "end_min", "given"),
    [(-60, 0, True), (-61, 0, False), (0, 0, False), (-1, 9, True), (-1, 11, False)],
)
def test_recorded_video_is_bounded(
    bench: Bench, start_min: float, end_min: float, given: bool
) -> None:
    now = bench.clock.now()
    wanted = bench.wanted(
        rights=["recorded"],
        start_at=now + timedelta(minutes=start_min),
        end_at=now + timedelta(minutes=end_min),
    )
    token = bench.sign_in()
    if given:
        assert bench.desk.grant(token, wanted)[1].end_at == wanted.end_at
    else:
        with pytest.raises(ProblemError) as caught:
            bench.desk.grant(token, wanted)
        assert code(caught) == "request.invalid"


def test_nobody_takes_grants_by_the_hundred(bench: Bench) -> None:
    token = bench.sign_in()
    for _ in range(60):
        bench.desk.grant(token, bench.wanted())
    with pytest.raises(ProblemError) as caught:
        bench.desk.grant(token, bench.wanted())
    assert caught.value.status == 429
    bench.clock.advance(61)
    assert bench.desk.grant(token, bench.wanted())


def test_the_log_holds_and_cannot_be_changed(bench: Bench) -> None:
    bench.desk.grant(bench.sign_in(), bench.wanted())
    assert bench.log() == ["account.set", "sign-in", "grant.issued"]
    for forgery in ("DELETE FROM log", "UPDATE log SET person = 'x'"):
        with (
            pytest.raises(sqlite3.IntegrityError, match="append-only"),
            bench.store.transaction() as run,
        ):
            run.execute(forgery)
    with bench.store.transaction() as run:
        assert verify_log(run) is None
        run.execute("DROP TRIGGER log_is_final")
        run.execute("UPDATE log SET person = 'lee' WHERE number = 2")
        assert verify_log(run) == "entry 2 is missing or was altered"


@pytest.mark.parametrize(
    ("account", "password", "said"),
    [
        (Account("a", "police", ("king",)), PASSWORD, "allowed: operator, supervisor"),
        (Account("a", "police", ()), PASSWORD, "(none)"),
        (Account("a", "police", ("operator",)), "short", "at least 10"),
        (Account("a\nb", "police", ("operator",)), PASSWORD, "printable"),
    ],
)
def test_an_account_that_cannot_be(
    bench: Bench, account: Account, password: str, said: str
) -> None:
    with pytest.raises(AccountError, match=re.escape(said)):
        bench.store.add(account, password, bench.clock.now())


def test_passwords_are_kept_as_argon2id(tmp_path: Path) -> None:
    store = SignerStore(tmp_path / "plain")
    store.add(Account("kim", "police", ("officer",)), PASSWORD, SimulatedClock().now())
    with store.transaction() as run:
        kept = run.execute("SELECT password FROM account").fetchone()[0]
    store.close()
    assert kept.startswith("$argon2id$")
    assert (tmp_path / "plain").stat().st_mode & 0o077 == 0


def test_a_file_that_has_permits_beside_its_version_is_brought_up_to_date(tmp_path: Path) -> None:
    """So the signer made them before permits were a version of their own."""
    here = Path(accounts.__file__).parent
    old = sqlite3.connect(tmp_path / accounts.FILE_NAME)
    for number, name in enumerate(accounts.SCRIPTS[:2], 1):
        old.executescript((here / name).read_text())
        old.execute("INSERT INTO version VALUES (?, ?)", (number, "2026-03-01T00:00:00.000000Z"))
    old.executescript((here / "migration_3.sql").read_text())
    old.execute("INSERT INTO standing_rule VALUES ('r', 'signed', '2026-03-01', NULL)")
    old.commit()
    old.close()
    store = accounts.SignerStore(tmp_path)
    with store.transaction() as run:
        assert run.execute("SELECT max(number) FROM version").fetchone()[0] == 3
        assert run.execute("SELECT document FROM standing_rule").fetchone()[0] == "signed"
    store.close()
