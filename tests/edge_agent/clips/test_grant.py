"""Grants: whatever is not exactly permitted is refused, with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OKPKey

from edge_agent.clips.grant import MAX_SESSIONS, GrantDesk, GrantRefusedError, granted_sdp
from tests.support.media import START
from wire.clock import SimulatedClock
from wire.envelope import sign_bytes
from wire.grant import Grant
from wire.names import new_id
from wire.whep import WhepOffer, WhepWithdrawal

S = timedelta(seconds=1)
KEY = OKPKey.generate_key("Ed25519")
MINE = ":".join(["AB"] * 32)
OTHER = ":".join(["CD"] * 32)
SDP = "v=0\r\na=fingerprint:sha-256 {}\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[GrantDesk]:
    made = GrantDesk(tmp_path / "grants.sqlite", "pole-001-1", KEY, SimulatedClock(START))
    yield made
    made.close()


def _grant(**changes: Any) -> Grant:
    usual = {
        "grant_id": new_id(),
        "device": "pole-001-1",
        "camera": "yard",
        "rights": ("recorded", "live"),
        "start_at": START - 600 * S,
        "end_at": START - 60 * S,
        "case": "2026-17",
        "agency": "police",
        "person": "kim",
        "basis": "PIPA 18(2)3",
        "purpose": "a fall in the yard",
        "fingerprint": MINE,
        "issued_at": START - 1 * S,
        "expires_at": START + 300 * S,
    }
    return Grant(**{**usual, **changes})


def _token(grant: Grant, key: OKPKey = KEY, kid: str = "signer") -> str:
    return sign_bytes(grant.model_dump_json().encode(), kid, key).decode()


def _offer(grant: str, **changes: Any) -> WhepOffer:
    usual = {
        "session_id": new_id(),
        "camera": "yard",
        "mode": "recorded",
        "start_at": START - 300 * S,
        "end_at": START - 200 * S,
        "sdp": SDP.format(MINE),
        "grant": grant,
    }
    return WhepOffer(**{**usual, **changes})


def _refusal(desk: GrantDesk, offer: WhepOffer) -> GrantRefusedError:
    with pytest.raises(GrantRefusedError) as caught:
        desk.check(offer)
    return caught.value


def test_what_is_granted_is_permitted(desk: GrantDesk) -> None:
    grant = _grant()
    found, sdp = desk.check(_offer(_token(grant)))
    assert found == grant
    assert sdp == SDP.format(MINE)
    desk.check(_offer(_token(grant), mode="live", start_at=None, end_at=None))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"expires_at": START}, "grant.expired"),
        ({"issued_at": START + 120 * S}, "grant.expired"),
        ({"device": "pole-002-1"}, "grant.foreign"),
        ({"device": "pole-001-2"}, "grant.foreign"),
        ({"camera": "gate"}, "grant.foreign"),
        ({"rights": ("live",)}, "grant.foreign"),
        ({"start_at": START - 299 * S}, "grant.foreign"),
        ({"end_at": START - 201 * S}, "grant.foreign"),
        ({"fingerprint": OTHER}, "grant.fingerprint"),
    ],
)
def test_what_is_not_granted_is_refused(
    desk: GrantDesk, changes: dict[str, Any], code: str
) -> None:
    grant = _grant(**changes)
    refusal = _refusal(desk, _offer(_token(grant)))
    assert refusal.code == code
    assert refusal.grant == grant


@pytest.mark.parametrize(
    "changes",
    [
        {"start_at": START - 200 * S, "end_at": START - 300 * S},
        {"start_at": None},
        {"end_at": None},
    ],
)
def test_a_recorded_offer_needs_a_span(desk: GrantDesk, changes: dict[str, Any]) -> None:
    assert _refusal(desk, _offer(_token(_grant()), **changes)).code == "request.invalid"


def test_catching_up_needs_both_rights_and_a_range_that_reaches_the_grant(desk: GrantDesk) -> None:
    def refused(start: datetime, **changes: Any) -> str:
        token = _token(_grant(**changes))
        return _refusal(desk, _offer(token, mode="live", start_at=start, end_at=None)).code

    reaching = {"start_at": START - 60 * S, "end_at": START + 600 * S}
    assert refused(START - 30 * S, rights=("live",), **reaching) == "grant.foreign"
    assert refused(START - 30 * S, rights=("recorded",), **reaching) == "grant.foreign"
    assert refused(START - 90 * S, **reaching) == "grant.foreign"
    # Between the end of the range and the grant lies what nobody was permitted to see.
    gap = {"start_at": START - 600 * S, "end_at": START - 300 * S}
    assert refused(START - 400 * S, **gap) == "grant.foreign"
    offer = _offer(_token(_grant(**reaching)), mode="live", start_at=START - 30 * S, end_at=None)
    desk.check(offer)


def test_live_needs_the_right_to_live(desk: GrantDesk) -> None:
    offer = _offer(_token(_grant(rights=("recorded",))), mode="live")
    assert _refusal(desk, offer).code == "grant.foreign"


def test_a_little_difference_of_clocks_is_allowed_and_a_large_one_is_named(
    desk: GrantDesk,
) -> None:
    desk.check(_offer(_token(_grant(issued_at=START + 30 * S))))
    refusal = _refusal(desk, _offer(_token(_grant(issued_at=START + 120 * S))))
    assert "clock is 120 s ahead of this pole's; set both by NTP" in refusal.detail
    behind = _refusal(desk, _offer(_token(_grant(expires_at=START))))
    assert f"by this pole's clock it is {START}" in behind.detail


@pytest.mark.parametrize("forgery", ["other key", "other name", "altered", "unsigned", "garbage"])
def test_forgeries_are_refused(desk: GrantDesk, forgery: str) -> None:
    token = _token(_grant())
    head, body, signature = token.split(".")
    tokens = {
        "other key": _token(_grant(), OKPKey.generate_key("Ed25519")),
        # Even with the right key: the collector's name gives no right to sign grants.
        "other name": _token(_grant(), KEY, kid="collector"),
        "altered": ".".join([head, _token(_grant(camera="gate")).split(".")[1], signature]),
        "unsigned": f"eyJhbGciOiJub25lIiwia2lkIjoic2lnbmVyIn0.{body}.",
        "garbage": "not a token",
    }
    refusal = _refusal(desk, _offer(tokens[forgery]))
    assert refusal.code == "grant.invalid"
    assert refusal.grant is None


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [f"a=fingerprint:sha-256 {OTHER}"],
        [f"a=fingerprint:sha-256 {MINE}", f"a=fingerprint:sha-256 {OTHER}"],
        [f"a=fingerprint:sha-512 {MINE}"],
        [f"a=Fingerprint:sha-256 {MINE}"],
        [f"a=fingerprint:sha-256 {MINE}", f"a=x\x0ba=fingerprint:sha-256 {OTHER}"],
        [f"a=fingerprint:sha-256 {MINE}", f"a=x\u2028a=fingerprint:sha-256 {OTHER}"],
    ],
)
def test_an_offer_with_any_other_certificate_is_refused(lines: list[str]) -> None:
    with pytest.raises(GrantRefusedError) as caught:
        granted_sdp("\r\n".join(["v=0", *lines, ""]), MINE)
    assert caught.value.code == "grant.fingerprint"


def test_hashes_that_cannot_be_compared_are_taken_out() -> None:
    sdp = f"v=0\r\na=fingerprint:sha-256 {MINE.lower()}\r\na=fingerprint:sha-512 00:11\r\n"
    assert granted_sdp(sdp, MINE) == f"v=0\r\na=fingerprint:sha-256 {MINE.lower()}\r\n"


def test_one_id_never_stands_for_two_grants_even_after_a_restart(tmp_path: Path) -> None:
    clock = SimulatedClock(START)
    number = new_id()
    first = _offer(_token(_grant(grant_id=number)))
    desk = GrantDesk(tmp_path / "grants.sqlite", "pole-001-1", KEY, clock)
    desk.use(first, desk.check(first)[0])
    desk.close()
    again = GrantDesk(tmp_path / "grants.sqlite", "pole-001-1", KEY, clock)
    again.use(first, again.check(first)[0])
    other = _offer(_token(_grant(grant_id=number, purpose="another")))
    with pytest.raises(GrantRefusedError, match="another grant"):
        again.use(other, again.check(other)[0])
    again.close()


def test_a_grant_is_not_used_without_end(desk: GrantDesk) -> None:
    offer = _offer(_token(_grant()))
    grant, _ = desk.check(offer)
    for _ in range(MAX_SESSIONS):
        desk.use(offer, grant)
    with pytest.raises(GrantRefusedError, match="too often"):
        desk.use(offer, grant)


def test_a_withdrawn_case_s_grants_permit_nothing_after_a_restart_either(tmp_path: Path) -> None:
    said = WhepWithdrawal(agency="police", case="2026-17", cameras=("yard",), issued_until=START)
    first = GrantDesk(tmp_path / "grants.sqlite", "pole-001-1", KEY, SimulatedClock(START))
    first.withdraw(said)
    first.withdraw(said.model_copy(update={"issued_until": START - 60 * S}))
    first.close()
    desk = GrantDesk(tmp_path / "grants.sqlite", "pole-001-1", KEY, SimulatedClock(START))
    refusal = _refusal(desk, _offer(_token(_grant(issued_at=START))))
    assert refusal.code == "grant.withdrawn"
    for other in ({"agency": "fire"}, {"case": "2026-18"}, {"issued_at": START + 1 * S}):
        desk.check(_offer(_token(_grant(**other))))
    desk.close()
