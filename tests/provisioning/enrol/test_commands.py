"""From a claim to an enrolled box, as technician and office type it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_agent.config import load_agent_settings
from provisioning.authority import Authority
from provisioning.site.store import store
from tests.provisioning.enrol.ladder import centre
from tests.provisioning.site.tables import imported
from tests.support.provision import Result, program
from wire.clock import SimulatedClock, SystemClock


@pytest.fixture
def city(tmp_path: Path) -> Authority:
    return centre(tmp_path / "authority", SimulatedClock(SystemClock().now()))


def run(*arguments: object, lang: str = "en") -> Result:
    return program(["--lang", lang, *map(str, arguments)])


def test_a_blank_box_becomes_a_pole(city: Authority, tmp_path: Path) -> None:
    at = ("--folder", city.folder)
    store(imported({"credentials": "north", "uplink": "lte", "bytes_per_s": "50000"}).sites,
          tmp_path / "sites", None)  # fmt: skip
    (tmp_path / "claim").write_text(run("authority", "claim", "gy-001", *at).stdout)
    laptop, box = tmp_path / "laptop", tmp_path / "box"
    made = run("authority", "laptop", "kim", "--pole", "gy-001", "--out", laptop, *at, lang="ko")
    assert "폴 1개" in made.stdout
    steps = (
        ("request", "gy-001", "--claim-file", tmp_path / "claim", "--out", tmp_path / "box.json",
         "--folder", box),
        ("sign", tmp_path / "box.json", "--laptop", laptop, "--out", tmp_path / "answer.json",
         "--site", tmp_path / "sites" / "gy-001.yaml"),
        ("install", tmp_path / "answer.json", "--folder", box),
    )  # fmt: skip
    for step in steps:
        done = run("enrol", *step)
        assert done.exit_code == 0, done.output
    settings = load_agent_settings(box / "agent.yaml")
    assert settings.site == "gyeyang"
    assert settings.broker.uplink_bytes_per_s == 50_000
    assert str(settings.cameras[0].credentials_file) == "/etc/polewatch/cameras/north"
    back = run("authority", "reconcile", laptop, *at, "--out", tmp_path / "answers", "--json")
    assert json.loads(back.stdout) == {
        "ok": True,
        "entries": [{"pole": "gy-001", "name": "gy-001-1", "state": "taken"}],
    }
    entry = Authority(city.folder).register.devices[0]
    assert (entry.name, entry.shard) == ("gy-001-1", settings.shard)
    again = run("enrol", "install", tmp_path / "answers" / "gy-001-1.json", "--folder", box)
    assert again.exit_code == 0, again.output
    lost = json.loads(run("authority", "lost", "kim", "--json", *at).stdout)
    assert (lost["names"], lost["enrolled"]) == (["gy-001-1"], ["gy-001-1"])
    assert "authority revoke" in run("authority", "lost", "kim", *at, lang="ko").stdout
    refused = run("authority", "reconcile", laptop, *at, "--json")
    assert json.loads(refused.stdout)["number"] == "PW-541"


def test_refusals_have_numbers_and_wrong_use_is_told_apart(city: Authority, tmp_path: Path) -> None:
    at = ("--folder", city.folder)
    (tmp_path / "claim").write_text("aaaa")
    run("authority", "laptop", "kim", "--pole", "gy-001", "--out", tmp_path / "l", *at)
    asked = tmp_path / "box.json"
    files = ("--claim-file", tmp_path / "claim", "--out", asked, "--folder", tmp_path / "b")
    run("enrol", "request", "gy-001", *files)
    sign = ("enrol", "sign", asked, "--laptop", tmp_path / "l", "--out", tmp_path / "a")
    refused = run(*sign, "--json")
    assert (refused.exit_code, json.loads(refused.stdout)["number"]) == (1, "PW-531")
    assert "PW-531 이 폴의 등록 코드가 아님" in run(*sign, lang="ko").stderr
    assert not (tmp_path / "a").exists()
    assert run("enrol", "request", "GY 1", *files).exit_code == 1
    assert run("enrol", "sign", asked).exit_code == 2
    missing = run("enrol", "request", "gy-001", "--claim-file", tmp_path / "no", *files[2:])
    assert "No such file" in missing.stderr
    revoked = run("authority", "claim", "gy-001", "--revoke", "--json", *at)
    assert json.loads(revoked.stdout) == {"pole": "gy-001", "revoked": 0}
