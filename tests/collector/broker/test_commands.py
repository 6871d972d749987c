"""`polewatch broker config` from an authority's own folder."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from typer.testing import CliRunner

from collector.broker.commands import app
from collector.broker.runner import BrokerError, server_program
from provisioning.authority import Authority


def test_nats_accepts_the_file_that_is_written(tmp_path: Path) -> None:
    city = Authority.init(tmp_path / "authority", "here")
    city.issue_device("pole-001")
    city.issue_service("broker", "broker", hosts=("127.0.0.1",))
    out = tmp_path / "nats.conf"
    result = CliRunner().invoke(app, ["config", "nats", *options(city, tmp_path, out), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"files": [str(out)]}
    checked = subprocess.run(
        [server_program(), "-t", "-c", out], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


def test_mosquitto_gets_its_rights_beside_its_configuration(tmp_path: Path) -> None:
    city = Authority.init(tmp_path / "authority", "here")
    city.issue_service("broker", "broker")
    out = tmp_path / "mosquitto.conf"
    result = CliRunner().invoke(app, ["config", "mosquitto", *options(city, tmp_path, out)])
    assert result.exit_code == 0, result.output
    assert f"plugin_opt_config_file {tmp_path / 'mosquitto.json'}" in out.read_text()
    assert f"crlfile {city.crl_file}" in out.read_text()
    assert (tmp_path / "mosquitto.json").exists()


def test_a_missing_identity_names_the_command_that_makes_it(
    tmp_path: Path,
) -> None:
    city = Authority.init(tmp_path / "authority", "here")
    out = tmp_path / "nats.conf"
    result = CliRunner().invoke(app, ["config", "nats", *options(city, tmp_path, out)])
    assert isinstance(result.exception, BrokerError)
    assert "provision authority issue" in str(result.exception)
    assert not out.exists()


def options(city: Authority, folder: Path, out: Path) -> list[str]:
    return [
        *("--register", str(city.register_file)),
        *("--identity", str(city.identity("broker"))),
        *("--store", str(folder / "store")),
        *("--out", str(out)),
    ]


def test_a_node_of_a_cluster_is_accepted_and_half_a_cluster_is_not(tmp_path: Path) -> None:
    city = Authority.init(tmp_path / "authority", "here")
    city.issue_service("broker", "broker", hosts=("127.0.0.1",))
    out = tmp_path / "a.conf"
    given = ["config", "nats", *options(city, tmp_path, out), "--node", "a"]
    nodes = [f"--cluster={name}=127.0.0.1:{port}" for name, port in (("a", 1), ("b", 2), ("c", 3))]
    assert CliRunner().invoke(app, [*given, *nodes]).exit_code == 0
    checked = subprocess.run([server_program(), "-t", "-c", out], capture_output=True, check=False)
    assert checked.returncode == 0
    half = CliRunner().invoke(app, [*given, *nodes[:2]])
    assert isinstance(half.exception, BrokerError)
