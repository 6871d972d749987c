"""Signing in, grants and WHEP over HTTP: real signer, real collector, a pole that answers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest

from collector.signer.accounts import Account, SignerStore
from provisioning.authority import Authority
from tests.support.answering_pole import AnsweringPole
from tests.support.broker import BrokerHandle, make_broker, make_city
from tests.support.centre import Centre, permit_officers
from tests.support.device import SimDevice, finding
from tests.support.wait import wait_until
from wire.command import Command
from wire.grant import verify_grant
from wire.identity import Identity

PASSWORD = "correct horse battery"
OURS = {"X-Polewatch": "1"}
SDP = "v=0\r\na=ice-ufrag:abcd\r\na=fingerprint:sha-256 " + ":".join(["AA"] * 32) + "\r\n"
COMMAND_S = 4.0
TRICKLE = {"Content-Type": "application/trickle-ice-sdpfrag"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Authority, BrokerHandle]]:
    """One city and one broker for all tests of this file."""
    folder = tmp_path_factory.mktemp("people")
    city = make_city(folder / "authority")
    handle = make_broker("nats", city, folder / "broker")
    try:
        handle.start()
        yield city, handle
    finally:
        handle.stop()


@pytest.fixture(scope="module")
def open_centre(
    tmp_path_factory: pytest.TempPathFactory, place: tuple[Authority, BrokerHandle]
) -> Iterator[Centre]:
    folder = tmp_path_factory.mktemp("centre")
    centre = Centre(folder, *place, {"command_timeout_s": COMMAND_S})
    centre.add_person("kim", PASSWORD, "police", "officer")
    store = SignerStore(folder / "signer-data")
    others = {"tech": "technician", "oper": "operator", "lee": "officer", "choi": "officer"}
    for name, role in others.items():
        store.add(Account(name, "centre", (role,)), PASSWORD, datetime.now(UTC))
    permit_officers(store, place[0], "police", "centre")
    store.close()
    try:
        centre.signer.start()
        centre.collector.start()
        yield centre
    finally:
        centre.stop()


@pytest.fixture
def answering(
    place: tuple[Authority, BrokerHandle], open_centre: Centre
) -> Iterator[AnsweringPole]:
    city, broker = place
    device = SimDevice.load(city.register_file, city.identity("pole-001-1"))
    pole = AnsweringPole(device, broker, city)
    yield pole
    _gone(pole, open_centre)
    pole.close()


def _gone(pole: AnsweringPole, centre: Centre) -> None:
    """Have it go, and wait until the collector knows."""
    pole.go()
    there = "SELECT 1 FROM device WHERE device = ? AND state = 'online'"
    wait_until(lambda: not centre.rows(there, pole.device.identity.name), 30, "its absence")


@contextmanager
def _client(centre: Centre, name: str | None = None) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=centre.collector.url, headers=OURS, timeout=30) as client:
        if name is not None:
            answer = client.post("/api/sign-in", json={"name": name, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
        yield client


def _ledger(centre: Centre, after: int = 0) -> list[str]:
    rows = centre.rows("SELECT kind FROM ledger WHERE number > ? ORDER BY number", after)
    return [row["kind"] for row in rows]


def _wanted(**changed: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "device": "pole-001-1",
        "camera": "cam-1",
        "rights": ["recorded"],
        "start_at": (now - timedelta(seconds=20)).isoformat(),
        "end_at": now.isoformat(),
        "case": "2026-1",
        "basis": "PIPA 18(2)3",
        "purpose": "search",
        "fingerprint": ":".join(["AA"] * 32),
        **changed,
    }


def _grant(client: httpx.Client, **changed: Any) -> str:
    answer = client.post("/api/grants", json=_wanted(**changed))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["grant"])


def _is(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["number"].startswith("PW-")
    assert answer.json()["remedy"]


def test_signing_in_and_out(open_centre: Centre) -> None:
    with _client(open_centre) as client:
        _is(client.get("/api/me"), 401, "auth.required")
        right = {"name": "kim", "password": PASSWORD}
        wrong = {"name": "kim", "password": "wrong horse battery"}
        _is(client.post("/api/sign-in", json=wrong), 401, "auth.refused")
        _is(client.post("/api/sign-in", json={**wrong, "name": "nobody"}), 401, "auth.refused")
        # A foreign page can set no header of ours, and cannot hide its origin.
        bare = httpx.post(f"{open_centre.collector.url}/api/sign-in", json=right)
        _is(bare, 403, "auth.forbidden")
        evil = client.post("/api/sign-in", json=right, headers={"Origin": "https://evil.example"})
        _is(evil, 403, "auth.forbidden")
        answer = client.post("/api/sign-in", json=right)
        assert answer.json()["person"] == "kim"
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert client.get("/api/me").json()["roles"] == ["officer"]
        held = dict(client.cookies)
        assert client.post("/api/sign-out").status_code == 204
        # The signer has revoked the token; keeping the cookie does not help.
        client.cookies.update(held)
        _is(client.post("/api/grants", json=_wanted()), 401, "auth.required")


def test_a_guesser_is_locked_out(open_centre: Centre) -> None:
    with _client(open_centre) as client:
        wrong = {"name": "lee", "password": "wrong horse battery"}
        answers = [client.post("/api/sign-in", json=wrong) for _ in range(5)]
        _is(answers[-1], 429, "auth.locked")
        assert int(answers[-1].headers["retry-after"]) > 0
        right = client.post("/api/sign-in", json={"name": "lee", "password": PASSWORD})
        _is(right, 429, "auth.locked")


def test_grants_are_given_for_good_reasons_only(
    open_centre: Centre, place: tuple[Authority, BrokerHandle]
) -> None:
    before = len(_ledger(open_centre))
    with _client(open_centre, "kim") as client:
        token = _grant(client)
        key = Identity.load(place[0].identity("signer")).key
        grant = verify_grant(token.encode(), lambda kid: key if kid == "signer" else None)
        assert (grant.person, grant.agency, grant.case) == ("kim", "police", "2026-1")
        assert grant.expires_at - grant.issued_at == timedelta(minutes=10)
        now = datetime.now(UTC)
        day = (now - timedelta(days=1)).isoformat()
        tomorrow = (now + timedelta(days=1)).isoformat()
        _is(client.post("/api/grants", json=_wanted(start_at=day)), 400, "request.invalid")
        _is(client.post("/api/grants", json=_wanted(end_at=tomorrow)), 400, "request.invalid")
        _is(client.post("/api/grants", json=_wanted(basis=" ")), 400, "request.invalid")
        _is(client.post("/api/grants", json=_wanted(device="pole-9")), 404, "device.unknown")
        _is(client.post("/api/grants", json=_wanted(fingerprint="x")), 400, "request.invalid")
    with _client(open_centre, "tech") as client:
        _is(client.post("/api/grants", json=_wanted()), 403, "auth.forbidden")
    open_centre.signer.stop()
    with _client(open_centre) as client:
        right = {"name": "kim", "password": PASSWORD}
        _is(client.post("/api/sign-in", json=right), 503, "signer.unreachable")
    open_centre.signer.start()
    # What is malformed never reaches the signer, and is no refusal of a grant.
    kinds = _ledger(open_centre, before)
    assert kinds == ["grant.issued", *["grant.refused"] * 5]


def test_a_viewer_is_answered_by_the_pole(open_centre: Centre, answering: AnsweringPole) -> None:
    before = len(_ledger(open_centre))
    answering.come()
    with _client(open_centre, "kim") as client:
        token = _grant(client)
        bearer = {"Authorization": f"Bearer {token}"}
        offer = {**bearer, "Content-Type": "application/sdp"}
        start, end = "2026-03-01T21:30:00+09:00", "2026-03-01T21:30:10+09:00"
        span = {"from": start, "to": end}
        path = "/whep/pole-001-1/cam-1"

        def opened() -> httpx.Response | None:
            answer = client.post(path, params=span, content=SDP, headers=offer)
            return answer if answer.status_code != 503 else None

        answer = wait_until(opened, 30, "the pole's presence at the collector")
        assert answer is not None
        assert answer.status_code == 201, answer.text
        assert answer.text == "v=0\r\nanswer\r\n"
        assert answer.headers["content-type"] == "application/sdp"
        assert datetime.fromisoformat(answer.headers["polewatch-start"]) == datetime.fromisoformat(
            start
        )
        command = answering.seen[-1]
        assert command.action.name == "whep.offer"
        assert command.action.offer.grant == token
        assert command.action.offer.mode == "recorded"
        assert command.window_id == answering.window.window_id
        # On the pole's own monotonic clock, and soon.
        assert 5000 < command.expires_monotonic_s < 5060
        session = answer.headers["location"]

        patched = client.patch(session, content="a=candidate:1", headers={**bearer, **TRICKLE})
        assert patched.status_code == 204
        restart = client.patch(
            session, content="a=ice-ufrag:other\r\n", headers={**bearer, **TRICKLE}
        )
        _is(restart, 422, "clip.bad-offer")
        control = f"{session}/control"
        seek = {"action": "seek", "at": start}
        shown = client.post(control, json=seek, headers=bearer)
        assert shown.status_code == 200, shown.text
        assert (shown.json()["mode"], shown.json()["transcoded"]) == ("recorded", False)
        assert answering.seen[-1].action.name == "whep.control"
        assert client.get(control, headers=bearer).json() == shown.json()
        assert answering.seen[-1].action.control.action == "status"
        _is(client.post(control, json={"action": "seek"}, headers=bearer), 422, "request.invalid")
        kept = client.post(f"{session}/snapshot", params={"at": start}, headers=bearer)
        assert kept.status_code == 204
        # Another's grant opens nothing that is open.
        stranger = {"Authorization": f"Bearer {_grant(client)}"}
        _is(client.post(control, json=seek, headers=stranger), 404, "clip.unknown-session")
        assert client.delete(session, headers=bearer).status_code == 200
        _is(client.delete(session, headers=bearer), 404, "clip.unknown-session")
    kinds = _ledger(open_centre, before)
    for kind in ("view.opened", "view.snapshot", "view.ended"):
        assert kinds.count(kind) == 1
    fields = json.loads(
        open_centre.rows(
            "SELECT fields FROM ledger JOIN ledger_fields USING (number) WHERE kind = 'view.opened'"
        )[0]["fields"]
    )
    assert (fields["person"], fields["case"], fields["camera"]) == ("kim", "2026-1", "cam-1")


def test_what_is_recorded_is_asked_of_the_pole(
    open_centre: Centre, answering: AnsweringPole
) -> None:
    now = datetime.now(UTC)
    span = {"from": (now - timedelta(minutes=5)).isoformat(), "to": now.isoformat()}
    path = "/api/recordings/pole-001-1/cam-1"
    with _client(open_centre) as client:
        _is(client.get(path, params=span), 401, "auth.required")
    with _client(open_centre, "choi") as client:
        # No incident of his agency is open there.
        _is(client.get(path, params=span), 403, "auth.forbidden")
    with _client(open_centre, "oper") as client:
        away = client.get(path, params=span).json()
        assert away["recording"] is None
        assert away["problem"]["code"] == "device.offline"
        answering.come()

        def shown() -> Any:
            return client.get(path, params=span).json()["recording"]

        found = wait_until(shown, 30, "the pole's presence at the collector")
        assert [datetime.fromisoformat(one) for one in found["spans"][0].values()] == [
            datetime.fromisoformat(span["from"]),
            datetime.fromisoformat(span["to"]),
        ]
        back = {"from": span["to"], "to": span["from"]}
        _is(client.get(path, params=back), 400, "request.invalid")
        _is(client.get(path, params={**span, "from": "yesterday"}), 400, "request.invalid")


def test_what_the_pole_refuses_is_said_with_its_remedy(
    open_centre: Centre, answering: AnsweringPole
) -> None:
    with _client(open_centre, "kim") as client:
        headers = {
            "Authorization": f"Bearer {_grant(client)}",
            "Content-Type": "application/sdp",
        }

        def post(device: str = "pole-001-1") -> httpx.Response:
            return client.post(f"/whep/{device}/cam-1", content=SDP, headers=headers)

        _is(post(), 503, "device.offline")
        _is(post("pole-009-1"), 404, "device.unknown")
        answering.come()
        for code, status in (
            ("grant.in-use", 409),
            ("grant.fingerprint", 403),
            ("clip.not-recorded", 404),
            ("clip.busy", 503),
            ("something.new", 502),
        ):
            answering.reply = partial(_refuse, code)
            wait_until(lambda: post().json()["code"] != "device.offline", 30, "presence")
            answer = post()
            assert (answer.status_code, answer.json()["code"]) == (status, code)
        # A nonce that was used before a restart of ours: tried again with another one.
        answering.seen.clear()
        answering.reply = lambda command: (
            {"ok": False, "code": "command.replayed"}
            if len(answering.seen) < 3
            else answering.accept(command)
        )
        assert post().status_code == 201
        assert len({command.nonce for command in answering.seen}) == 3
        answering.reply = lambda _: None
        began = time.monotonic()
        _is(post(), 504, "device.silent")
        assert COMMAND_S <= time.monotonic() - began < 4 * COMMAND_S
        plain = client.post("/whep/pole-001-1/cam-1", content=SDP)
        _is(plain, 401, "auth.required")
        _is(
            client.post(
                "/whep/pole-001-1/cam-1",
                content=SDP,
                headers={**headers, "Content-Type": "text/plain"},
            ),
            415,
            "request.invalid",
        )
        _is(
            client.post("/whep/pole-001-1/cam-1", content="x" * 200_000, headers=headers),
            413,
            "request.invalid",
        )


def test_decisions_are_made_by_the_right_people(
    open_centre: Centre, answering: AnsweringPole
) -> None:
    answering.wired.send(answering.device.put(finding()))
    wait_until(lambda: open_centre.rows("SELECT 1 FROM incident"), 30, "the incident")
    incident = open_centre.rows("SELECT incident_id FROM incident")[0]["incident_id"]
    path = f"/api/incidents/{incident}/decision"
    with _client(open_centre, "kim") as client:
        _is(client.post(path, json={"decision": "confirmed"}), 403, "auth.forbidden")
        notes = f"/api/incidents/{incident}/notes"
        _is(client.post(notes, json={"note": "x"}), 403, "auth.forbidden")
    with _client(open_centre, "oper") as client:
        assert client.post(path, json={"decision": "confirmed", "note": "봤음"}).status_code == 204
        _is(client.post(path, json={"decision": "acknowledged"}), 409, "request.invalid")
        notes = f"/api/incidents/{incident}/notes"
        assert client.post(notes, json={"note": "우산을 든 사람"}).status_code == 204
        _is(client.post(notes, json={"note": ""}), 400, "request.invalid")
        nowhere = "/api/incidents/01a00000-0000-7000-8000-000000000009/notes"
        _is(client.post(nowhere, json={"note": "x"}), 404, "incident.unknown")
        last = client.get(f"/api/incidents/{incident}").json()["steps"][-1]
        assert (last["state"], last["note"]) == ("confirmed", "우산을 든 사람")
    row = open_centre.rows("SELECT state, certainty, revision FROM incident")[0]
    assert tuple(row) == ("confirmed", "observed", 2)
    steps = open_centre.rows("SELECT state, person FROM incident_step ORDER BY number")
    assert tuple(steps[-1]) == ("confirmed", "oper")


def test_a_recording_is_held_for_a_case_and_let_go_even_when_the_pole_is_away(
    open_centre: Centre, answering: AnsweringPole
) -> None:
    now = datetime.now(UTC)
    asked = {
        "device": "pole-001-1",
        "camera": "cam-1",
        "start_at": (now - timedelta(hours=1)).isoformat(),
        "end_at": now.isoformat(),
        "case": "2026-1187", "reason": "a fall at the gate",
    }  # fmt: skip
    before = len(_ledger(open_centre))
    with _client(open_centre, "tech") as client:
        _is(client.post("/api/holds", json=asked), 403, "auth.forbidden")
    with _client(open_centre, "kim") as client:
        _is(client.post("/api/holds", json=asked), 503, "device.offline")
        answering.come()
        wait_until(
            lambda: client.post("/api/holds", json=asked).is_success, 30, "the pole to be asked"
        )
        (placed,) = client.get("/api/holds").json()
        assert [placed[one] for one in ("state", "person", "bytes")] == ["placed", "kim", None]
        action = answering.seen[-1].action
        assert action.name == "hold.place"
        assert (action.hold.hold_id, action.hold.case) == (placed["hold_id"], "2026-1187")
        answering.reply = partial(_refuse, "ring.held")
        _is(client.post("/api/holds", json=asked), 409, "ring.held")
        assert [one["hold_id"] for one in client.get("/api/holds").json()] == [placed["hold_id"]]
        answering.reply = lambda _: None
        path, why = f"/api/holds/{placed['hold_id']}/release", {"reason": "the case is over"}
        with _client(open_centre, "choi") as other:
            _is(other.post(path, json=why), 403, "auth.forbidden")
        _gone(answering, open_centre)
        _is(client.post(path, json={"reason": ""}), 400, "request.invalid")
        assert client.post(path, json=why).status_code == 204
        _is(client.post(path, json=why), 409, "ring.no-hold")
        assert client.get("/api/holds").json() == []
    answering.seen.clear()
    answering.reply = answering.accept
    answering.come()
    wait_until(lambda: answering.seen, 60, "the order that waited")
    action = answering.seen[0].action
    assert action.name == "hold.release"
    assert (action.release.hold_id, action.release.person) == (placed["hold_id"], "kim")
    wait_until(lambda: not open_centre.rows("SELECT 1 FROM device_order"), 30, "its end")
    kinds = _ledger(open_centre, before)
    assert kinds.count("hold.released") == 1
    assert kinds.count("hold.asked") >= 3


def test_closing_an_incident_ends_what_was_held_around_its_findings(
    open_centre: Centre, answering: AnsweringPole
) -> None:
    answering.come()
    event = finding(type="loitering")
    answering.wired.send(answering.device.put(event))
    query = "SELECT incident_id FROM incident WHERE type = 'loitering'"
    wait_until(lambda: open_centre.rows(query), 30, "the incident")
    incident = open_centre.rows(query)[0]["incident_id"]
    with _client(open_centre, "oper") as client:
        path = f"/api/incidents/{incident}/decision"
        assert client.post(path, json={"decision": "closed"}).status_code == 204
    wait_until(lambda: [one.action.name for one in answering.seen] == ["hold.end"], 60, "the order")
    action = answering.seen[0].action
    assert action.name == "hold.end"
    assert (action.events.camera, action.events.finding_ids) == ("cam-1", (event.finding_id,))


def _refuse(code: str, _command: Command) -> dict[str, Any]:
    return {"ok": False, "code": code}
