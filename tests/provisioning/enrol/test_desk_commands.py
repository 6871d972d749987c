"""Enrolment over the network as the centre types it, in both languages."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from provisioning.enrol.claims import Claims
from provisioning.enrol.desk_config import DeskSettings
from provisioning.enrol.refusals import Refusals
from tests.provisioning.enrol.counter import Counter
from tests.provisioning.enrol.test_desk import forged
from tests.support.provision import Result, program
from wire.clock import SimulatedClock
from wire.settings import load_settings


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter.make(tmp_path, SimulatedClock(datetime.now(UTC)))


def run(*arguments: object, lang: str = "en") -> Result:
    return program(["--lang", lang, *map(str, arguments)])


def desk_yaml(counter: Counter, **changes: object) -> Path:
    values = json.loads(counter.settings().model_dump_json()) | changes
    path = counter.folder / "desk.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


def test_the_guides_example_is_a_configuration() -> None:
    guide = Path(__file__).resolve().parents[3] / "docs" / "guide" / "desk.yaml"
    settings = load_settings(guide, DeskSettings)
    assert (settings.http.host, settings.http.port) == ("0.0.0.0", 8444)


def test_the_keeper_once_prepares_takes_in_and_says_so(counter: Counter) -> None:
    line = (
        "authority", "keep", "--folder", counter.city.folder, "--keys", counter.folder / "keys",
        "--journals", counter.folder / "data", "--publish", counter.folder / "public", "--once",
    )  # fmt: skip
    claim = Claims(counter.city.folder).issue("gy-001", counter.clock.now(), timedelta(days=1))
    assert run(*line).exit_code == 0
    counter.ask("gy-001", claim)
    taken = run(*line, "--json")
    assert json.loads(taken.stdout) == {"pole": "gy-001", "name": "gy-001-1", "state": "taken"}
    again = counter.claim("gy-001")
    counter.ask("gy-001", again, "new board")
    assert "gy-001-2" in run(*line, lang="ko").stdout
    assert (counter.folder / "public" / "register.yaml").is_file()
    nowhere = run("authority", "keep", "--folder", counter.folder / "none", *line[4:], "--json")
    assert (nowhere.exit_code, json.loads(nowhere.stdout)["number"]) == (1, "PW-551")


def test_what_the_desk_refused_is_shown(counter: Counter) -> None:
    config = desk_yaml(counter)
    assert json.loads(run("enrol", "refused", "--config", config, "--json").stdout) == []
    refusals = Refusals(counter.folder / "data", 100)
    refusals.note(counter.clock.now(), "10.0.0.9", "gy-001", "claim.used", "gy-001, by gy-001-1")
    (line,) = json.loads(run("enrol", "refused", "--config", config, "--json").stdout)
    assert (line["address"], line["code"]) == ("10.0.0.9", "claim.used")
    shown = run("enrol", "refused", "--config", config, lang="ko").stdout
    for word in ("거부한 이유", "10.0.0.9", "PW-532"):
        assert word in shown


def test_what_the_keeper_refused_is_shown(counter: Counter) -> None:
    counter.claim("gy-001")
    forged(counter, "gy-001", "gy-001-1", "guessed")
    counter.keeper.step()
    at = ("--folder", counter.city.folder)
    (line,) = json.loads(run("authority", "refused", *at, "--json").stdout)
    assert (line["key"], line["name"], line["number"]) == ("desk-1", "gy-001-1", "PW-531")
    shown = run("authority", "refused", *at, lang="ko").stdout
    for word in ("창구 키", "desk-1", "PW-531"):
        assert word in shown


@pytest.mark.parametrize(
    ("changes", "number", "says"),
    [
        ({"identity": "/nowhere"}, "PW-503", "/nowhere"),
        ({"port": 1}, "PW-511", "unknown key"),
        ({"limits": {"connections": 0}}, "PW-511", "limits.connections"),
    ],
)
def test_a_desk_that_cannot_start_says_why(
    counter: Counter, changes: dict[str, object], number: str, says: str
) -> None:
    done = run("enrol", "serve", "--config", desk_yaml(counter, **changes))
    assert done.exit_code == 1
    assert number in done.stderr
    assert says in done.stderr


def test_a_port_that_is_taken_is_named(counter: Counter) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = desk_yaml(counter, http={"port": port})
        done = run("enrol", "serve", "--config", config, lang="ko")
    assert done.exit_code == 1
    assert f"127.0.0.1:{port}" in done.stderr


def test_the_authority_in_korean_and_by_number(tmp_path: Path) -> None:
    at = ("--folder", tmp_path / "authority")
    made = run("authority", "init", "--site", "gyeyang", *at, lang="ko")
    assert "오프라인 매체로 옮기십시오" in made.stdout
    issued = run("authority", "issue", "device", "gy-001", *at, lang="ko")
    assert "gy-001-1(장비)" in issued.stdout
    assert "연장했습니다" in run("authority", "renew", "gy-001-1", *at, lang="ko").stdout
    assert "취소했습니다" in run("authority", "revoke", "gy-001-1", *at, lang="ko").stdout
    listed = run("authority", "list", *at, lang="ko").stdout
    for word in ("이름", "장비", "취소됨"):
        assert word in listed
    for line, number, says in (
        (("init", "--site", "gyeyang"), "PW-552", "이미 인증 기관이 있는 폴더"),
        (("renew", "gy-001-1"), "PW-557", "취소된 이름"),
        (("revoke", "nobody"), "PW-556", "발급된 적 없는 이름"),
        (("issue", "agency", "Police"), "PW-554", "쓸 수 없는 이름"),
        (("issue", "device", "gy-2", "--csr", tmp_path / "no"), "PW-511", "No such file"),
        (("claim", "GY 1"), "PW-554", "쓸 수 없는 이름"),
        (("lost", "kim"), "PW-556", "kim"),
        (("laptop", "kim", "--pole", "gy-001", "--out", tmp_path / "l"), "PW-558", "collector"),
    ):
        refused = run("authority", *line, *at, lang="ko")
        assert refused.exit_code == 1, line
        assert number in refused.stderr, line
        assert says in refused.stderr, line
        told = json.loads(run("authority", *line, *at, "--json").stdout)
        assert (told["ok"], told["number"]) == (False, number)
    wrong = run("authority", "issue", "agency", "police", "--replace", *at, lang="ko")
    assert (wrong.exit_code, "장비에만" in wrong.stderr) == (2, True)
