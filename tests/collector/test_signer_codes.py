"""One-time codes: each once, over restarts too, and no guessing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
import yaml
from argon2 import PasswordHasher
from typer.testing import CliRunner

from collector.commands import app
from collector.problems import ProblemError
from collector.signer.accounts import FILE_NAME, AccountError, SignerStore, verify_log
from collector.signer.codes import new_secret, remove_secret
from collector.store.database import StoreError
from provisioning.authority import Authority
from tests.collector.test_signer import Bench, code
from wire.grant import GrantRequest

HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Phone:
    """The authenticator app of one person."""

    def __init__(self, bench: Bench, name: str = "kim") -> None:
        self._bench = bench
        parts = urlsplit(new_secret(bench.store, name, bench.clock.now()))
        assert (parts.scheme, parts.netloc, parts.path) == ("otpauth", "totp", f"/Polewatch:{name}")
        self.totp = pyotp.TOTP(parse_qs(parts.query)["secret"][0])

    def shows(self, steps_away: int = 0) -> str:
        return self.totp.at(self._bench.clock.now(), counter_offset=steps_away)

    def wrong(self) -> str:
        """A code that is none of those near now."""
        near = {self.shows(step) for step in range(-2, 3)}
        return next(one for one in map("{:06d}".format, range(10)) if one not in near)


@pytest.fixture
def bench(tmp_path: Path, town: Authority) -> Iterator[Bench]:
    made = Bench(tmp_path, town)
    yield made
    made.store.close()


@pytest.fixture
def phone(bench: Bench) -> Phone:
    return Phone(bench)


def wanted(bench: Bench, one_time: str | None) -> GrantRequest:
    return bench.wanted(rights=["recorded", "export"], code=one_time)


def refused(bench: Bench, token: str, one_time: str | None) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        bench.desk.grant(token, wanted(bench, one_time))
    return caught.value


def test_a_code_gives_the_right_once_and_stands_in_no_log(bench: Bench, phone: Phone) -> None:
    token, shown = bench.sign_in(), phone.shows()
    grant = bench.desk.grant(token, wanted(bench, shown))[1]
    assert grant.rights == ("recorded", "export")
    assert refused(bench, token, shown).code == "auth.code"
    assert refused(bench, bench.sign_in(), shown).code == "auth.code"
    with bench.store.transaction() as run:
        logged = [row["fields"] for row in run.execute("SELECT fields FROM log")]
        assert verify_log(run) is None
    assert not any(shown in json.loads(one).values() for one in logged)
    assert not any("code" in json.loads(one) and shown in one for one in logged)


def test_a_used_code_stays_used_over_a_restart(bench: Bench, phone: Phone, tmp_path: Path) -> None:
    shown = phone.shows()
    bench.desk.grant(bench.sign_in(), wanted(bench, shown))
    bench.store.close()
    bench.desk._store = bench.store = SignerStore(tmp_path, HASHER)
    assert refused(bench, bench.sign_in(), shown).code == "auth.code"
    bench.clock.advance(30)
    assert bench.desk.grant(bench.sign_in(), wanted(bench, phone.shows()))


@pytest.mark.parametrize(("away", "given"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_a_phone_s_clock_may_be_half_a_minute_off(
    bench: Bench, phone: Phone, away: int, given: bool
) -> None:
    token = bench.sign_in()
    if given:
        assert bench.desk.grant(token, wanted(bench, phone.shows(away)))
        # Those before it went with it: who looked over the shoulder has nothing.
        assert refused(bench, token, phone.shows(away - 1)).code == "auth.code"
    else:
        assert refused(bench, token, phone.shows(away)).code == "auth.code"


def test_guessing_locks_codes_ever_longer_and_the_right_one_too(bench: Bench, phone: Phone) -> None:
    token = bench.sign_in()
    codes = [refused(bench, token, phone.wrong()).code for _ in range(5)]
    assert codes == ["auth.code"] * 4 + ["auth.locked"]
    assert refused(bench, token, phone.shows()).headers["Retry-After"] == "30"
    # A new sign-in changes nothing; nor does it lock the person out of viewing.
    assert refused(bench, bench.sign_in(), phone.shows()).code == "auth.locked"
    assert bench.desk.grant(token, bench.wanted())
    bench.clock.advance(31)
    assert refused(bench, token, phone.wrong()).headers["Retry-After"] == "60"
    bench.clock.advance(61)
    assert bench.desk.grant(token, wanted(bench, phone.shows()))
    assert refused(bench, token, phone.wrong()).code == "auth.code"


@pytest.mark.parametrize("changed", [{"device": "pole-009-1"}, {"case": " "}, {"end_at": None}])
def test_what_is_refused_anyway_spends_no_code(
    bench: Bench, phone: Phone, changed: dict[str, object]
) -> None:
    token, shown = bench.sign_in(), phone.shows()
    asked = wanted(bench, shown).model_copy(update=changed)
    with pytest.raises(ProblemError) as caught:
        bench.desk.grant(token, asked)
    assert code(caught) in ("device.unknown", "request.invalid")
    assert bench.desk.grant(token, wanted(bench, shown))


def test_no_secret_or_no_code_is_no_right(bench: Bench) -> None:
    token = bench.sign_in()
    assert refused(bench, token, "123456").code == "auth.code"
    phone = Phone(bench)
    for _ in range(6):
        assert refused(bench, token, None).code == "auth.code"
    with pytest.raises(ProblemError) as caught:
        bench.desk.grant(token, bench.wanted(rights=["live", "export"], code=phone.shows()))
    assert code(caught) == "request.invalid"


def test_a_new_secret_ends_the_old_one_and_removal_the_right(bench: Bench, phone: Phone) -> None:
    token, newer = bench.sign_in(), Phone(bench)
    assert refused(bench, token, phone.shows()).code == "auth.code"
    assert bench.desk.grant(token, wanted(bench, newer.shows()))
    remove_secret(bench.store, "kim", bench.clock.now())
    bench.clock.advance(60)
    assert refused(bench, token, newer.shows()).code == "auth.code"
    with pytest.raises(AccountError, match="no one-time codes"):
        remove_secret(bench.store, "kim", bench.clock.now())
    with pytest.raises(AccountError, match="user add"):
        new_secret(bench.store, "lee", bench.clock.now())


def test_a_signer_of_before_takes_its_accounts_along(bench: Bench, tmp_path: Path) -> None:
    """A database of version 1, as it was before there were codes."""
    bench.store.close()
    with sqlite3.connect(tmp_path / FILE_NAME) as run:
        run.execute("DROP TABLE one_time_secret")
        run.execute("DELETE FROM version WHERE number >= 2")
    bench.desk._store = bench.store = SignerStore(tmp_path, HASHER)
    phone = Phone(bench)
    assert bench.desk.grant(bench.sign_in(), wanted(bench, phone.shows()))
    with bench.store.transaction() as run:
        run.execute("INSERT INTO version VALUES (99, '')")
    with pytest.raises(StoreError, match="newer version"):
        SignerStore(tmp_path, HASHER)


def test_the_command_shows_the_secret_once_and_takes_it_away(
    bench: Bench, town: Authority, tmp_path: Path
) -> None:
    config, picture = tmp_path / "signer.yaml", tmp_path / "kim.svg"
    config.write_text(
        yaml.safe_dump(
            {
                "identity": str(town.identity("signer")),
                "register_file": str(town.register_file),
                "data": str(tmp_path),
            }
        )
    )

    def totp(*more: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["user", "totp", "kim", "--config", str(config), *more])
        return done.exit_code, done.output

    code, said = totp("--json")
    assert code == 0
    secret = parse_qs(urlsplit(json.loads(said)["address"]).query)["secret"][0]
    shown = pyotp.TOTP(secret).at(bench.clock.now())
    assert bench.desk.grant(bench.sign_in(), wanted(bench, shown))
    code, said = totp("--svg", str(picture))
    assert code == 0
    assert "otpauth://totp/Polewatch:kim?secret=" in said
    assert secret not in said
    assert "<svg" in picture.read_text()
    assert picture.stat().st_mode & 0o077 == 0
    assert totp("--remove") == (0, "kim may not export any more\n")
    assert totp("--remove") == (1, "'kim' has no one-time codes\n")


def test_a_name_in_other_letters_is_the_same_person(bench: Bench) -> None:
    phone = Phone(bench)
    token = bench.desk.sign_in("KIM", "correct horse battery")[0]
    shown = phone.shows()
    grant = bench.desk.grant(token, wanted(bench, shown))[1]
    assert grant.person == "kim"
    assert grant.expires_at - grant.issued_at <= timedelta(minutes=10)
