"""What prevents the agent's start is said in one message with its remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml
from typer.testing import CliRunner

from edge_agent.__main__ import serve
from edge_agent.check import check_model, check_ring, run_checks
from edge_agent.commands import app
from edge_agent.config import load_agent_settings
from models.registry import Registry
from provisioning.authority import Authority
from wire.clock import SystemClock
from wire.register import load_register


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    yield
    # `serve` is a program: it sets up logging for its whole process.
    structlog.reset_defaults()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    authority = Authority.init(tmp_path / "authority", "city")
    with authority.batch():
        device = authority.issue_device("pole-001")
        authority.issue_service("collector", "collector")
        authority.issue_service("signer", "signer", hosts=("localhost",))
    path = tmp_path / "agent.yaml"
    _write(
        path,
        {
            "site": "city",
            "shard": load_register(authority.register_file).devices[0].shard,
            "identity": str(device),
            "trust": {
                "collector": str(authority.identity("collector") / "cert.pem"),
                "signer": str(authority.identity("signer") / "cert.pem"),
            },
            "cameras": [{"id": "cam-1", "url": "rtsp://127.0.0.1:9/none"}],
            "broker": {"host": "localhost", "port": 9},
        },
    )
    return path


def _write(path: Path, values: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(values))


def _with(path: Path, **changes: object) -> Path:
    _write(path, {**yaml.safe_load(path.read_text()), **changes})
    return path


def _said(config: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert serve(config) == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said


def test_an_unknown_key_is_named(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "camerras: unknown key" in _said(_with(config, camerras=[]), capsys)


def test_a_missing_model_is_named(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no-such-model" in _said(_with(config, model="no-such-model"), capsys)


def test_a_missing_identity_is_named(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = _said(_with(config, identity=str(tmp_path / "nowhere")), capsys)
    assert "nowhere/key.pem is missing; enrol again" in said


def test_a_key_that_others_may_read_is_refused(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = Path(yaml.safe_load(config.read_text())["identity"]) / "key.pem"
    key.chmod(0o644)
    assert f"chmod 600 {key}" in _said(config, capsys)


def test_a_foreign_signer_is_refused(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = Authority.init(tmp_path / "foreign", "elsewhere")
    with foreign.batch():
        foreign.issue_service("signer", "signer", hosts=("localhost",))
    trust = yaml.safe_load(config.read_text())["trust"]
    changed = {**trust, "signer": str(foreign.identity("signer") / "cert.pem")}
    assert "not issued by a trusted authority" in _said(_with(config, trust=changed), capsys)


def test_the_checks_name_what_is_wrong_with_number_and_remedy(config: Path) -> None:
    results = {result.name: result for result in run_checks(config, SystemClock())}
    for name in ("config", "identity", "trust", "model", "disk"):
        assert results[name].ok, results[name].detail
    assert results["broker"].code == "broker.unreachable"
    assert results["broker"].number == "PW-401"
    assert results["camera cam-1"].code == "camera.unreachable"
    assert results["camera cam-1"].remedy


@pytest.mark.parametrize(("least_hours", "code"), [(0, None), (720, "ring.short")])
def test_what_the_disk_holds_is_said_and_too_little_is_a_fault(
    config: Path, least_hours: int, code: str | None
) -> None:
    ring = {"megabytes": 900, "least_hours": least_hours}
    settings = load_agent_settings(_with(config, ring=ring, data=str(config.parent)))
    result = check_ring(settings)
    assert result.code == code
    # Less where this machine's own disk is nearly full.
    assert re.match(r"cam-1: 0\.\d GB hold 0\.\d h of 30\.0 days at 4\.0 Mbit/s", result.detail)


def test_the_models_of_every_rule_are_checked(config: Path) -> None:
    rules = [{"id": "wanted", "type": "plate"}, {"id": "fallen", "type": "fall"}]
    camera = {"id": "cam-1", "url": "rtsp://127.0.0.1:9/none", "rules": rules}
    settings = load_agent_settings(_with(config, cameras=[camera]))
    result = check_model(settings)
    for name in ("nanodet", "movenet", "plate-locator", "plate-reader"):
        assert name in result.detail


def test_a_model_that_was_altered_or_is_missing_fails_its_check(
    config: Path, tmp_path: Path
) -> None:
    settings = load_agent_settings(config)
    shipped = Registry.default()
    copied = Registry(tmp_path / "models", shipped.manifest)
    assert check_model(settings, copied).code == "model.missing"
    copied.folder.mkdir()
    (copied.folder / shipped.entry(settings.model).file).write_bytes(b"altered")
    assert check_model(settings, copied).code == "model.hash"
    assert check_model(settings, shipped).ok


@pytest.mark.parametrize(
    ("language", "says"),
    [("ko", "PW-501 설정 오류. 알려 준 항목을"), ("en", "PW-501 The configuration is wrong. Mend")],
)
def test_a_person_is_told_in_his_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, says: str
) -> None:
    monkeypatch.setenv("POLEWATCH_LANG", language)
    done = CliRunner().invoke(app, ["check", "--config", str(tmp_path / "none.yaml")])
    assert done.exit_code == 1
    assert says in done.stdout


def test_a_broken_configuration_is_the_only_finding(tmp_path: Path) -> None:
    path = tmp_path / "agent.yaml"
    path.write_text("site: [")
    results = list(run_checks(path, SystemClock()))
    assert [result.code for result in results] == ["config.invalid"]
