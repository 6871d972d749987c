"""A box's first boot: from the files of its image to an enrolled pole."""

from __future__ import annotations

import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_agent.config import load_agent_settings
from provisioning.enrol import online
from provisioning.problems import ProvisionError
from tests.provisioning.enrol.counter import Counter
from tests.provisioning.enrol.ladder import centre
from tests.support.provision import program
from wire import faultpoint
from wire.clock import SimulatedClock
from wire.identity import Identity
from wire.register import Trust

DAY_S = 86_400.0


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter.make(tmp_path, SimulatedClock(datetime.now(UTC)))


def never(problem: ProvisionError, pause_s: float) -> None:
    raise AssertionError(f"it had to wait {pause_s} s: {problem}")


def refusal(counter: Counter, home: Path, patience_s: float = 0) -> ProvisionError:
    with pytest.raises(ProvisionError) as raised:
        online.enrol(home, counter.clock, patience_s, lambda *_: None)
    return raised.value


def test_a_blank_box_becomes_a_pole_that_the_register_names(counter: Counter) -> None:
    with counter.door() as door:
        home = counter.seed("gy-001", counter.claim("gy-001"), door.url)
        assert online.enrol(home, counter.clock, 0, never) == "gy-001-1"
    assert Identity.load(home / "identity").name == "gy-001-1"
    assert load_agent_settings(home / "agent.yaml").cameras[0].url == "rtsp://10.0.0.1/a"
    assert not (home / "claim").exists(), "a claim that is spent is nobody's to find"
    assert [one.state for one in counter.keeper.step()] == ["taken"]
    trust = Trust(counter.city.register_file, now=counter.clock.now())
    assert trust.devices() == ("gy-001-1",)
    assert online.enrol(home, counter.clock, 0, never) is None


@pytest.mark.parametrize("point", ["box.keyed", "desk.signed", "box.answered", "box.installed"])
def test_killed_at_each_step_it_comes_through_as_the_same_box(counter: Counter, point: str) -> None:
    """At `desk.signed` the desk dies before its answer is on the way."""
    claim = counter.claim("gy-001")
    with counter.door() as door:
        home = counter.seed("gy-001", claim, door.url)
        if point == "desk.signed":
            faultpoint.watch(lambda here: _lose(here, point))
            assert refusal(counter, home).code == "desk.unreachable"
            faultpoint.watch(None)
        else:
            child = os.fork()
            if child == 0:
                faultpoint.watch(lambda here: os._exit(9) if here == point else None)
                online.enrol(home, counter.clock, 0, never)
                os._exit(0)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        counter.keeper.step()
        key = (home / "identity" / "key.pem").read_bytes()
        assert online.enrol(home, counter.clock, 0, never) == "gy-001-1"
    counter.keeper.step()
    assert (home / "identity" / "key.pem").read_bytes() == key
    assert Identity.load(home / "identity").name == "gy-001-1"
    assert [one.name for one in counter.city.register.devices] == ["gy-001-1"]
    assert not (home / "claim").exists()


def _lose(here: str, point: str) -> None:
    if here == point:
        raise ConnectionResetError("as if the desk had died")


def test_it_goes_on_while_nobody_answers_and_says_so(counter: Counter) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    told: list[str] = []
    home = counter.seed("gy-001", counter.claim("gy-001"), f"https://127.0.0.1:{port}")
    with pytest.raises(ProvisionError, match="PW-544"):
        online.enrol(home, counter.clock, 20, lambda problem, _: told.append(problem.code))
    assert told == ["desk.unreachable"] * 3, "after 2, 4 and 8 s; the next would be too late"
    assert (home / "claim").exists()
    assert (home / "identity" / "key.pem").exists()


def test_a_desk_that_is_not_ready_is_asked_again_and_a_refusal_ends_it(counter: Counter) -> None:
    with counter.door() as door:
        (counter.folder / "keys" / "prepared.json").unlink()
        home = counter.seed("gy-001", "aaaa", door.url)
        told: list[str] = []
        with pytest.raises(ProvisionError, match="PW-542"):
            online.enrol(home, counter.clock, 5, lambda problem, _: told.append(problem.code))
        assert told == ["desk.not-ready"]
        counter.claim("gy-001")
        assert refusal(counter, home, 600).code == "claim.invalid"


def test_another_citys_desk_and_another_citys_answer_are_not_believed(counter: Counter) -> None:
    claim = counter.claim("gy-001")
    with counter.door() as door:
        home = counter.seed("gy-001", claim, door.url)
        stranger = centre(counter.folder / "stranger", counter.clock)
        (home / "identity" / "ca.pem").write_bytes(stranger.ca_file.read_bytes())
        assert refusal(counter, home).code == "desk.untrusted"
        (home / "identity" / "ca.pem").unlink()
        assert refusal(counter, home).code == "desk.untrusted"
        elsewhere = door.url.replace("127.0.0.1", "localhost")
        assert refusal(counter, counter.seed("gy-001", claim, elsewhere)).code == "desk.untrusted"
    assert not list((counter.folder / "data").glob("desk-*.jsonl")), "the claim was not told"


def test_a_box_that_does_not_know_the_time_is_enrolled_all_the_same(counter: Counter) -> None:
    claim = counter.claim("gy-001")
    with counter.door() as door:
        home = counter.seed("gy-001", claim, door.url)
        past = SimulatedClock(datetime(2001, 1, 1, tzinfo=UTC))
        assert online.enrol(home, past, 0, never) == "gy-001-1"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("pole: GY 1\ndesk: https://x:1\n", "pole"),
        ("pole: gy-001\ndesk: http://x:1\n", "https://host:port"),
        ("pole: gy-001\ndesk: https://x:1\nclaim: geheim\n", "unknown key"),
        ("pole: gy-001\n", "desk: is missing"),
    ],
)
def test_a_seed_with_mistakes_is_told_by_key(counter: Counter, change: str, says: str) -> None:
    home = counter.seed("gy-001", "aaaa", "https://127.0.0.1:1")
    (home / online.SEED).write_text(change)
    problem = refusal(counter, home)
    assert problem.code == "request.invalid"
    assert says in problem.detail
    assert "geheim" not in problem.detail


def test_a_claim_that_is_not_there_or_cannot_be_read(counter: Counter) -> None:
    home = counter.seed("gy-001", "aaaa", "https://127.0.0.1:1")
    (home / "claim").write_bytes(b"\xff\xfe")
    assert refusal(counter, home).code == "claim.invalid"
    (home / "claim").unlink()
    assert "is not there" in refusal(counter, home).detail


def test_the_command_at_first_boot_in_both_languages(counter: Counter) -> None:
    with counter.door() as door:
        home = counter.seed("gy-001", counter.claim("gy-001"), door.url)
        line = ["enrol", "online", "--folder", str(home), "--patience", "0"]
        done = program([*line, "--json"])
        # The desk of this test logs here too.
        assert json.loads(done.stdout.splitlines()[-1]) == {
            "ok": True,
            "name": "gy-001-1",
            "folder": str(home),
        }
        assert "이미 등록되어" in program(["--lang", "ko", *line]).stdout
        bad = counter.seed("gy-002", "aaaa", door.url)
        line[3] = str(bad)
        refused = program(["--lang", "ko", *line])
        assert refused.exit_code == 1
        assert "PW-531 이 폴의 등록 코드가 아님" in refused.stderr
        told = program([*line, "--json"]).stdout.splitlines()[-1]
        assert json.loads(told)["code"] == "claim.invalid"
