"""The desk's door: what a stranger gets there, and what is kept of him."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from provisioning.enrol import door as at_the_door
from provisioning.enrol.desk_config import DeskLimits
from provisioning.enrol.door import MAX_BODY_BYTES, Door
from provisioning.enrol.refusals import Refusals, Throttle, kept
from tests.provisioning.enrol.counter import Counter
from tests.support.wait import wait_until
from wire.clock import SimulatedClock


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter.make(tmp_path, SimulatedClock(datetime.now(UTC)))


@contextmanager
def connected(counter: Counter, door: Door) -> Iterator[http.client.HTTPSConnection]:
    port = door.socket.getsockname()[1]
    tls = ssl.create_default_context(cafile=str(counter.city.ca_file))
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=tls)
    try:
        yield connection
    finally:
        connection.close()


def send(
    counter: Counter, door: Door, body: bytes, method: str = "POST", path: str = "/enrol"
) -> tuple[int, dict[str, str], Any]:
    with connected(counter, door) as connection:
        connection.request(method, path, body)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), json.loads(response.read())


def asked(counter: Counter, claim: str, pole: str = "gy-001") -> bytes:
    return counter.request(pole, claim).model_dump_json().encode()


def test_an_answer_and_a_refusal_with_number_and_remedy_in_both_languages(
    counter: Counter,
) -> None:
    claim = counter.claim("gy-001")
    with counter.door() as door:
        status, _, answer = send(counter, door, asked(counter, claim))
        assert (status, answer["name"]) == (200, "gy-001-1")
        status, headers, told = send(counter, door, asked(counter, "aaaa", "gy-002"))
        assert (status, told["number"]) == (403, "PW-531")
        assert (bool(told["remedy_ko"]), bool(told["remedy_en"])) == (True, True)
        assert "Retry-After" not in headers
        assert send(counter, door, b"", "GET", "/health")[2] == {"refused": {"claim.invalid": 1}}
    (line,) = kept(counter.folder / "data")
    assert (line["address"], line["pole"], line["code"]) == ("127.0.0.1", "gy-002", "claim.invalid")
    assert "aaaa" not in json.dumps(line)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"\xff\xfe", b'{"pole": "GY 1", "claim": "x", "csr": "y"}', b"{" * 5000],
)
def test_what_is_no_request_is_refused_without_its_content(counter: Counter, body: bytes) -> None:
    with counter.door() as door:
        status, _, told = send(counter, door, body)
    assert (status, told["number"]) == (403, "PW-511")


def test_a_large_body_is_not_read_and_other_paths_are_none(counter: Counter) -> None:
    with counter.door() as door:
        with connected(counter, door) as connection:
            connection.putrequest("POST", "/enrol")
            connection.putheader("Content-Length", str(MAX_BODY_BYTES + 1))
            connection.endheaders()
            assert connection.getresponse().status == 403
        assert send(counter, door, b"{}", path="/other")[0] == 404
        assert send(counter, door, b"", "GET", "/enrol")[0] == 404
        with connected(counter, door) as connection:
            connection.request("DELETE", "/enrol")
            assert connection.getresponse().status == 501


def test_an_address_that_is_refused_often_waits_then_may_ask_again(counter: Counter) -> None:
    claim = counter.claim("gy-001")
    limits = DeskLimits(refusals_per_address=3, refusal_minutes=1)
    with counter.door(limits) as door:
        for _ in range(3):
            assert send(counter, door, asked(counter, "aaaa"))[0] == 403
        status, headers, told = send(counter, door, asked(counter, claim))
        assert (status, told["number"], headers["Retry-After"]) == (429, "PW-543", "60")
        counter.clock.advance(61)
        assert send(counter, door, asked(counter, claim))[0] == 200
    codes = [line["code"] for line in kept(counter.folder / "data")]
    assert codes == ["claim.invalid"] * 3 + ["desk.busy"]


def test_all_together_ask_no_more_than_so_many_times_a_minute(counter: Counter) -> None:
    with counter.door(DeskLimits(requests_per_minute=2)) as door:
        assert [send(counter, door, b"")[0] for _ in range(3)] == [403, 403, 429]


@pytest.mark.parametrize("bound", ["connections", "connections_per_address"])
def test_more_connections_than_allowed_are_turned_away_and_room_comes_back(
    counter: Counter, bound: str
) -> None:
    claim = counter.claim("gy-001")
    with counter.door(DeskLimits.model_validate({bound: 1})) as door:
        address = door.socket.getsockname()[:2]
        with socket.create_connection(address) as silent:
            silent.send(b"\x16")
            with socket.create_connection(address, timeout=10) as second:
                assert second.recv(1) == b"", "it is closed at once"
            assert door.refusals.counts == {"desk.busy": 1}
        wait_until(lambda: _taken(counter, door, claim), 20, "room after the silent one left")


def _taken(counter: Counter, door: Door, claim: str) -> bool:
    try:
        return send(counter, door, asked(counter, claim))[0] == 200
    except OSError:
        return False


def test_who_talks_slowly_or_in_plain_text_is_cut_off(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_the_door, "WHOLE_S", 0.3)
    claim = counter.claim("gy-001")
    with counter.door() as door:
        address = door.socket.getsockname()[:2]
        with socket.create_connection(address, timeout=10) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            with contextlib.suppress(ConnectionResetError):
                while data := plain.recv(1000):
                    assert b"HTTP" not in data
        # On a busy machine it may be cut off in the middle of the handshake.
        with connected(counter, door) as slow, contextlib.suppress(OSError):
            slow.connect()
            slow.sock.sendall(b"POST /enrol HTTP/1.1\r\nContent-Length: 10\r\n\r\n")
            assert slow.sock.recv(1000) == b"", "it was given a moment only"
        monkeypatch.undo()
        assert send(counter, door, asked(counter, claim))[0] == 200


def test_refusals_are_kept_within_bounds_and_a_full_disk_costs_none_of_them(
    tmp_path: Path,
) -> None:
    at = datetime.now(UTC)
    refusals = Refusals(tmp_path, kilobytes=10)
    for number in range(300):
        refusals.note(at, "10.0.0.1", f"gy-{number:03}", "claim.invalid", "x" * 1000)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 12_000
    lines = list(kept(tmp_path))
    assert lines[-1]["pole"] == "gy-299"
    assert 10 < len(lines) < 300
    assert refusals.counts["claim.invalid"] == 300
    with (tmp_path / "refused.jsonl").open("a") as file:
        file.write('{"cut off')
    assert list(kept(tmp_path)) == lines
    nowhere = Refusals(tmp_path / "none", kilobytes=10)
    nowhere.note(at, "10.0.0.1", "gy-001", "claim.invalid", "x")
    assert nowhere.counts == {"claim.invalid": 1, "not-noted": 1}


def test_a_flood_of_addresses_is_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioning.enrol.refusals.ADDRESSES", 10)
    throttle = Throttle(per_minute=10_000, refusals=1, forget_s=60)
    for number in range(100):
        throttle.refused(f"10.0.0.{number}", 0.0)
    waiting = [n for n in range(100) if throttle.wait_s(f"10.0.0.{n}", 1.0) > 0]
    assert waiting == list(range(90, 100))
