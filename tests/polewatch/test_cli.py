"""The command line's own behaviour: exit codes, errors in one line, traceback on request."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.broker.runner import BrokerError
from polewatch import __version__
from polewatch.cli import PROGRAMS, MissingExtraError, explain, main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    captured = capsys.readouterr()
    code = end.value.code
    assert isinstance(code, int)
    return code, captured.out, captured.err


def test_help_lists_every_program(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    for program in PROGRAMS:
        assert f" {program.name} " in out


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--version") == (0, f"{__version__}\n", "")


def test_an_unknown_program_is_wrong_use_and_the_nearest_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, _, err = run(capsys, "provison")
    assert code == 2
    assert "'provision'" in err


def test_a_failure_is_one_line_with_its_remedy(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, err = run(
        capsys, "provision", "authority", "list", "--folder", str(tmp_path / "none")
    )
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert "authority init" in err


def test_debug_shows_where_it_happened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ["broker", "run", "--config", str(tmp_path / "none")]
    with pytest.raises(BrokerError):
        main(["--debug", *command])
    monkeypatch.setenv("POLEWATCH_DEBUG", "1")
    with pytest.raises(BrokerError):
        main(command)


def test_a_defect_says_how_to_learn_more() -> None:
    assert "run again with --debug" in explain(KeyError("x"))


def test_the_systems_errors_name_the_file() -> None:
    error = PermissionError(13, "Permission denied", "/etc/secret")
    assert explain(error) == "/etc/secret: Permission denied"


def test_a_missing_extra_is_named_with_its_installation() -> None:
    agent = next(program for program in PROGRAMS if program.name == "agent")
    assert str(MissingExtraError(agent, "cv2")).endswith("pip install 'polewatch[agent]'")
