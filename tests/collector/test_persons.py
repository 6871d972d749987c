"""Who a token of the signer is for, when its clock and the collector's differ."""

from __future__ import annotations

from datetime import timedelta

import pytest

from collector.persons import Persons
from provisioning.authority import Authority
from wire.clock import SimulatedClock, SystemClock
from wire.envelope import sign_bytes
from wire.grant import PersonToken
from wire.identity import Identity
from wire.names import new_id

CLOCK = SimulatedClock(SystemClock().now())


def token(town: Authority, by: str, ahead_s: float) -> str:
    """A session of eight hours, given by a signer whose clock is so far ahead."""
    at = CLOCK.now() + timedelta(seconds=ahead_s)
    person = PersonToken(
        token_id=new_id(), person="kim", agency="police", roles=("officer",), issued_at=at,
        expires_at=at + timedelta(hours=8),
    )  # fmt: skip
    identity = Identity.load(town.identity(by))
    return sign_bytes(person.model_dump_json().encode(), "signer", identity.key).decode()


@pytest.fixture
def persons(town: Authority) -> Persons:
    return Persons(town.identity("signer") / "cert.pem", town.ca_file, CLOCK)


@pytest.mark.parametrize("ahead_s", [29, -3600])
def test_a_little_difference_is_none(town: Authority, persons: Persons, ahead_s: float) -> None:
    found = persons.of_token(token(town, "signer", ahead_s))
    assert found is not None
    assert found.person == "kim"


@pytest.mark.parametrize(
    ("ahead_s", "said"),
    [
        (600, "the signer's clock is 600 s ahead of the collector's; set both by NTP"),
        (-9 * 3600, "the signer's clock is 32400 s behind the collector's; set both by NTP"),
    ],
)
def test_a_large_one_is_named(town: Authority, persons: Persons, ahead_s: float, said: str) -> None:
    given = token(town, "signer", ahead_s)
    assert persons.of_token(given) is None
    assert persons.why_not(given) == said


def test_another_s_token_is_no_matter_of_clocks(town: Authority, persons: Persons) -> None:
    assert "check signer.certificate" in persons.why_not(token(town, "collector", 0))
