"""What the laptop makes of a box's answer; the box itself is asked in tests/system."""

from __future__ import annotations

import json
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisioning import doctor
from provisioning.problems import ProvisionError
from tests.support.provision import Result, program

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = {"name": "disk", "ok": True, "detail": "20 GB free", "code": None, "seconds": 0.1}
BAD = {"name": "broker", "ok": False, "detail": "b:8883", "code": "broker.refused",
       "number": "PW-402", "remedy": "Enrol the box again"}  # fmt: skip
NEWER = {"name": "fan", "ok": False, "detail": "stands still", "code": "fan.stopped",
         "number": "PW-299", "remedy": "Replace it", "rpm": 0}  # fmt: skip


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An `ssh` of the test's own: notes its arguments and input, then does what `answer` says."""
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" >{tmp_path}/arguments\ncat >{tmp_path}/input\n'
        f". {tmp_path}/answer\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return tmp_path


def answer(ssh: Path, *lines: dict[str, object] | str, code: int = 0, complaint: str = "") -> None:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    said = "".join(f"echo {shlex.quote(text)}\n" for text in texts)
    (ssh / "answer").write_text(f"{said}echo {shlex.quote(complaint)} >&2\nexit {code}\n")


def run(*arguments: object, lang: str = "en") -> Result:
    return program(["--lang", lang, "doctor", *map(str, arguments)])


def test_a_well_box(ssh: Path) -> None:
    answer(ssh, "Welcome to pole-001!", GOOD)
    done = run("tech@10.0.0.2")
    assert done.exit_code == 0, done.output
    assert "disk: 20 GB free" in done.stdout
    assert "0 of 1 checks failed" in done.stdout
    arguments = (ssh / "arguments").read_text().splitlines()
    assert arguments[-2] == "tech@10.0.0.2"
    assert shlex.split(arguments[-1]) == [
        "/opt/polewatch/bin/polewatch", "agent", "check", "--config",
        "/etc/polewatch/agent.yaml", "--json",
    ]  # fmt: skip


def test_a_box_with_faults_in_both_languages_and_a_report(ssh: Path) -> None:
    answer(ssh, GOOD, BAD, NEWER, code=1)
    out = ssh / "report.json"
    done = run("tech@10.0.0.2", "--out", out, lang="ko")
    assert done.exit_code == 1
    assert "PW-402 중앙 서버가 인증서를 거부함. 장비를 다시 등록하십시오" in done.stdout
    assert "PW-299 fan.stopped. Replace it" in done.stdout
    assert "점검 3개 중 2개 이상" in done.stdout
    report = json.loads(out.read_text())
    assert [one["code"] for one in report["checks"]] == [None, "broker.refused", "fan.stopped"]
    assert json.loads(run("tech@10.0.0.2", "--json").stdout)["ok"] is False


def test_a_turn_server_is_handed_over_by_input_not_by_arguments(ssh: Path) -> None:
    answer(ssh, GOOD)
    turn = ssh / "turn.json"
    turn.write_text('{"urls": ["turn:t"], "username": "u", "credential": "geheim"}')
    assert run("tech@10.0.0.2", "--turn", turn).exit_code == 0
    assert "geheim" in (ssh / "input").read_text()
    assert "geheim" not in (ssh / "arguments").read_text()


@pytest.mark.parametrize(
    ("lines", "code", "complaint", "number"),
    [
        ((), 255, "ssh: connect to host 10.0.0.2 port 22: No route to host", "PW-911"),
        ((), 127, "polewatch: command not found", "PW-912"),
        (("garbage", '{"ok": true}'), 0, "", "PW-912"),
    ],
)
def test_a_box_that_cannot_be_asked(
    ssh: Path, lines: tuple[str, ...], code: int, complaint: str, number: str
) -> None:
    answer(ssh, *lines, code=code, complaint=complaint)
    done = run("tech@10.0.0.2", "--json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert found["number"] == number
    assert complaint in found["detail"]


def test_a_box_that_never_answers() -> None:
    line = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(ProvisionError, match=r"PW-912 .*within 0 s"):
        doctor.diagnose(line, "box", NOW, turn=None, timeout_s=0.05)


@pytest.mark.parametrize("host", ["-oProxyCommand=x", "a b", "", "a;b", "$(x)"])
def test_a_host_that_is_none_never_reaches_ssh(host: str) -> None:
    with pytest.raises(ProvisionError, match="PW-911"):
        doctor.command_line("/etc/c", host, "polewatch", turn=False)


def test_words_with_quotes_stay_one_word_on_the_other_side() -> None:
    line = doctor.command_line("/etc/it's; rm -rf x", "box", "polewatch", turn=False)
    assert shlex.split(line[-1])[4] == "/etc/it's; rm -rf x"


def test_a_report_that_cannot_be_written(ssh: Path) -> None:
    answer(ssh, GOOD)
    done = run("tech@10.0.0.2", "--out", ssh / "nowhere" / "report.json")
    assert done.exit_code == 1
    assert "PW-202" in done.stderr
