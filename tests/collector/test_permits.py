"""What officers may see: nothing without a permit, by a person or by a signed rule."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from collector.problems import ProblemError
from collector.signer.accounts import Account, AccountError, SignerStore, verify_log
from collector.signer.config import SignerSettings
from collector.signer.desk import SignerDesk
from collector.signer.permit import PermitRequest, StandingRule
from collector.signer.permits import Permits
from provisioning.authority import Authority
from wire.clock import SimulatedClock
from wire.envelope import sign_bytes
from wire.grant import GrantRequest
from wire.identity import Identity
from wire.names import new_id
from wire.register import Trust

PASSWORD = "correct horse battery"
BASIS = "PIPA 18(2)3"
HOUR = timedelta(hours=1)


class Bench:
    def __init__(self, folder: Path, town: Authority) -> None:
        self.clock = SimulatedClock()
        hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        self.store = SignerStore(folder, hasher)
        identity = Identity.load(town.identity("signer"))
        settings = SignerSettings(
            identity=town.identity("signer"), register_file=town.register_file, data=folder
        )
        trust = Trust(town.register_file, now=datetime.now(UTC))
        self.desk = SignerDesk(
            settings, identity, self.store, self.clock, lambda: ("pole-1",), trust.collector_key
        )
        self.permits = Permits(self.store, identity)
        self.tokens = {
            name: self._person(name, agency, role)
            for name, agency, role in (
                ("kim", "police", "officer"),
                ("lee", "fire", "officer"),
                ("oper", "centre", "operator"),
                ("tech", "centre", "technician"),
            )
        }

    def _person(self, name: str, agency: str, role: str) -> str:
        self.store.add(Account(name, agency, (role,)), PASSWORD, self.clock.now())
        return self.desk.sign_in(name, PASSWORD)[0]

    def ask(self, who: str, **changed: Any) -> str:
        request = {
            "service": "emergency-video",
            "agency": "police",
            "cameras": [{"device": "pole-1", "camera": "gate"}],
            "start_at": self.clock.now() - timedelta(minutes=10),
            "case": "112-7",
            "basis": BASIS,
            "purpose": "a call",
            **changed,
        }
        return self.desk.permit(self.tokens[who], PermitRequest.model_validate(request)).permit_id

    def grant(self, who: str, **changed: Any) -> None:
        now = self.clock.now()
        request = {
            "device": "pole-1",
            "camera": "gate",
            "rights": ["live", "recorded"],
            "start_at": now - timedelta(minutes=5),
            "end_at": now,
            "case": "112-7",
            "basis": BASIS,
            "purpose": "a call",
            "fingerprint": ":".join(["AB"] * 32),
            **changed,
        }
        self.desk.grant(self.tokens[who], GrantRequest.model_validate(request))

    def rule(self, **changed: Any) -> StandingRule:
        now = self.clock.now()
        return StandingRule.model_validate(
            {
                "rule": "violent-crime",
                "agency": "police",
                "services": ["emergency-video"],
                "bases": [BASIS],
                "valid_from": now - HOUR,
                "valid_until": now + 24 * HOUR,
                "document": "2026-11",
                "decided_by": ["Park, privacy officer"],
                **changed,
            }
        )

    def log(self) -> list[str]:
        with self.store.transaction() as run:
            assert verify_log(run) is None
            return [row["what"] for row in run.execute("SELECT what FROM log ORDER BY number")]


@pytest.fixture
def bench(tmp_path: Path, town: Authority) -> Iterator[Bench]:
    made = Bench(tmp_path, town)
    yield made
    made.store.close()


def refused(code: str, said: str = "") -> Any:
    return pytest.raises(ProblemError, match=f"{code}.*{said}")


def test_an_officer_sees_nothing_without_a_permit(bench: Bench) -> None:
    with refused("permit.needed", "no permit of police covers pole-1/gate"):
        bench.grant("kim")
    bench.grant("oper")


def test_an_operator_permits_it_and_only_that(bench: Bench) -> None:
    bench.ask("oper")
    bench.grant("kim")
    bench.grant("kim", rights=["live"], start_at=None, end_at=None)
    before = bench.clock.now() - timedelta(minutes=30)
    for changed in ({"camera": "yard"}, {"case": "112-8"}, {"start_at": before}):
        with refused("permit.needed"):
            bench.grant("kim", **changed)
    with refused("permit.needed", "no permit of fire"):
        bench.grant("lee")
    assert [one for one in bench.log() if one.startswith("permit")] == ["permit.given"]


def test_a_permit_ends_by_time_and_when_it_is_withdrawn(bench: Bench) -> None:
    bench.ask("oper", hours=1)
    other = bench.ask("oper", cameras=[{"device": "pole-1", "camera": "yard"}])
    bench.clock.advance(3601)
    with refused("permit.needed"):
        bench.grant("kim")
    bench.grant("kim", camera="yard", rights=["live"])
    with refused("auth.forbidden", "the permit is police's"):
        bench.desk.withdraw(bench.tokens["lee"], other)
    bench.desk.withdraw(bench.tokens["kim"], other)
    with refused("permit.needed"):
        bench.grant("kim", camera="yard", rights=["live"])
    with refused("permit.unknown"):
        bench.desk.withdraw(bench.tokens["kim"], new_id())


def test_without_a_rule_an_operator_must_approve(bench: Bench) -> None:
    with refused("permit.needed", "there is no standing rule"):
        bench.ask("kim")
    for who, changed in (("lee", {}), ("tech", {}), ("kim", {"agency": "fire"})):
        with refused("auth.forbidden"):
            bench.ask(who, **changed)
    with refused("device.unknown", "pole-9"):
        bench.ask("oper", cameras=[{"device": "pole-9", "camera": "gate"}])
    assert bench.log()[-1] == "permit.refused"


def test_a_standing_rule_permits_at_once_what_it_covers(bench: Bench) -> None:
    bench.permits.add_rule(bench.rule(), bench.clock.now())
    bench.ask("kim")
    bench.grant("kim")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"basis": "none"}, "does not name the basis none"),
        ({"service": "disaster"}, "is not for disaster"),
        ({"hours": 5}, "permits 4 hours at most"),
        (
            {"cameras": [{"device": "pole-1", "camera": f"c{n}"} for n in range(6)]},
            "permits 5 cameras at most",
        ),
        ({"minutes": 31}, "reaches 30 minutes back"),
    ],
)
def test_what_a_rule_does_not_cover_needs_a_person(
    bench: Bench, changed: dict[str, Any], said: str
) -> None:
    bench.permits.add_rule(bench.rule(), bench.clock.now())
    minutes = changed.pop("minutes", None)
    if minutes is not None:
        changed = {"start_at": bench.clock.now() - timedelta(minutes=minutes)}
    with refused("permit.needed", said):
        bench.ask("kim", **changed)


def test_a_rule_ends_by_time_or_when_withdrawn_and_its_permits_with_it(bench: Bench) -> None:
    bench.permits.add_rule(bench.rule(valid_until=bench.clock.now() + HOUR), bench.clock.now())
    bench.ask("kim")
    bench.permits.withdraw_rule("violent-crime", bench.clock.now())
    with refused("permit.needed"):
        bench.grant("kim")
    with pytest.raises(AccountError, match="no rule violent-crime in force"):
        bench.permits.withdraw_rule("violent-crime", bench.clock.now())
    bench.permits.add_rule(
        bench.rule(rule="short", valid_until=bench.clock.now() + HOUR), bench.clock.now()
    )
    bench.clock.advance(3601)
    with refused("permit.needed", "short: is not in force now"):
        bench.ask("kim")


def test_a_rule_that_somebody_altered_permits_nothing(bench: Bench) -> None:
    bench.permits.add_rule(bench.rule(), bench.clock.now())
    with pytest.raises(AccountError, match="known already"):
        bench.permits.add_rule(bench.rule(), bench.clock.now())
    with bench.store.transaction() as run:
        document = run.execute("SELECT document FROM standing_rule").fetchone()[0]
        head, body, signature = document.split(".")
        run.execute(
            "UPDATE standing_rule SET document = ?", (f"{head}.{body[:-4]}AAAA.{signature}",)
        )
    assert bench.permits.rules() == ()
    with refused("permit.needed"):
        bench.ask("kim")


def test_a_request_that_gives_no_reason_is_none(bench: Bench) -> None:
    for name in ("case", "basis", "purpose"):
        with pytest.raises(ValueError, match=name):
            bench.ask("oper", **{name: " "})
    with pytest.raises(ValueError, match="valid_from must be before"):
        bench.rule(valid_until=bench.clock.now() - 2 * HOUR)


def ending(town: Authority, permit_id: str, by: str = "collector", **changed: Any) -> str:
    body = {"act": "permit.end", "permit_id": permit_id, "case": "112-7", "why": "over", **changed}
    key = Identity.load(town.identity(by)).key
    return sign_bytes(json.dumps(body).encode(), by, key).decode()


def test_a_collector_ends_a_permit_and_only_ends_it(bench: Bench, town: Authority) -> None:
    permit = bench.ask(
        "oper", cameras=[{"device": "pole-1", "camera": c} for c in ("gate", "yard")]
    )
    bench.grant("kim")
    # Of two cameras one: the other stays permitted.
    bench.desk.end(ending(town, permit, cameras=[{"device": "pole-1", "camera": "gate"}]))
    with pytest.raises(ProblemError, match=r"permit\.needed"):
        bench.grant("kim")
    bench.grant("kim", camera="yard")
    for _ in range(2):
        bench.desk.end(ending(town, permit))
    with pytest.raises(ProblemError, match=r"permit\.needed"):
        bench.grant("kim", camera="yard")
    assert bench.log().count("permit.ended") == 3


@pytest.mark.parametrize(
    ("by", "changed"),
    [
        ("signer", {}),
        ("pole-001-1", {}),
        ("collector", {"act": "permit.give"}),
        ("collector", {"why": ""}),
    ],
)
def test_nobody_else_ends_permits_and_nothing_else_is_heard(
    bench: Bench, town: Authority, by: str, changed: dict[str, Any]
) -> None:
    permit = bench.ask("oper")
    signed = ending(town, permit, by, **changed)
    for attempt in (signed, signed[:-4] + "AAAA", "no token", "é"):
        with pytest.raises(ProblemError, match=r"auth\.refused"):
            bench.desk.end(attempt)
    bench.grant("kim")
    with pytest.raises(ProblemError, match=r"permit\.unknown"):
        bench.desk.end(ending(town, new_id()))
