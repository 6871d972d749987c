"""Secrets planted everywhere on a box; none of them is in its support archive."""

from __future__ import annotations

import base64
import io
import json
import os
import stat
import subprocess
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

from provisioning.authority import Authority
from provisioning.bundle import Sources, fetch, gather
from provisioning.problems import ProvisionError
from tests.edge_agent.checks.settings import pole_settings
from tests.support.provision import program
from wire.names import new_id

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PASSWORD = "Gehe/im &7"
SECOND = "zweites-wort"
PLATE = "12가3456"


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A box's configuration; beside it everything that must not leave it."""
    city = Authority.init(tmp_path / "authority", "city")
    cameras = []
    for number, password in ((1, PASSWORD), (2, SECOND)):
        login = tmp_path / f"login-{number}"
        login.write_text(f"operator{number}:{password}\n")
        login.chmod(0o600)
        url = f"rtsp://10.0.0.{number}/s?pwd={SECOND}"
        cameras.append({"id": f"cam-{number}", "url": url, "credentials_file": str(login)})
    settings = pole_settings(city, tmp_path, cameras=cameras)
    data = settings.data
    (data / "stills").mkdir(parents=True)
    (data / f"{SECOND}.tmp").write_text("named after a secret")
    (data / "stills" / "a.jpg").write_bytes(b"JPEG-BYTES")
    (data / "outbox.sqlite").write_text(f"{PLATE} ROWS-OF-IT")
    faults = [f"rtsp://operator1:{PASSWORD}@10.0.0.1", key_lines(settings.identity)[0], PLATE]
    health = {"boot_id": new_id(), "faults": faults, "token": "T0kenT0ken", "rss_mb": 61.5}
    (data / "health.json").write_text(json.dumps(health, ensure_ascii=False))
    config = tmp_path / "agent.yaml"
    config.write_text(yaml.safe_dump(settings.model_dump(mode="json")))
    return config


def key_lines(identity: Path) -> list[str]:
    return (identity / "key.pem").read_text().splitlines()[1:-1]


def planted_log(box: Path, key: str) -> str:
    both = f"operator1:{PASSWORD}".encode()
    return "\n".join(
        [
            f"camera.state url=rtsp://operator1:{PASSWORD}@10.0.0.1/main",
            f"GET /onvif?u=operator1&p={quote(PASSWORD, safe='')}",
            f"Authorization: Basic {base64.b64encode(both).decode()}",
            json.dumps({"event": "x", "detail": f"tried {PASSWORD} and {SECOND}"}),
            json.dumps({"inner": json.dumps({"credential": "Turn-Geheim", "n": 1})}),
            f"ExecStart with POLEWATCH_TURN_SECRET=Umgebung99 {SECOND.upper()}",
            f"key {key}",
            f"-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----",
            f"a plate {PLATE} of 010-1234-5678",
            f"in hex {PASSWORD.encode().hex()}",
            "eyJhbGciOiJFZERTQSJ9.eyJjYXNlIjoiMjAyNi0xIn0.Z3JhbnRncmFudA",
            "link.down code=broker.untrusted",
        ]
    )


def test_no_planted_secret_is_in_the_archive(box: Path, tmp_path: Path) -> None:
    settings = yaml.safe_load(box.read_text())
    (key,) = key_lines(Path(settings["identity"]))
    log = tmp_path / "agent.log"
    log.write_text(planted_log(box, key))
    sources = Sources(
        box,
        (log,),
        checks=lambda: json.dumps({"name": "camera", "detail": f"{PASSWORD} refused"}),
        run=lambda line: planted_log(box, key) if line[0] == "journalctl" else f"eth0 UP {SECOND}",
    )
    archive = zipfile.ZipFile(io.BytesIO(gather(sources, NOW)))
    texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert set(texts) == {
        "manifest.json", "config.yaml", "certificates.json", "health.json", "files.txt",
        "checks.jsonl", "system.txt", "packages.txt", "network.txt", "journal.txt", "log-0.txt",
    }  # fmt: skip
    secret = [
        PASSWORD, SECOND, key, key[:24], quote(PASSWORD), PASSWORD.encode().hex(), "operator1",
        base64.b64encode(f"operator1:{PASSWORD}".encode()).decode(), "Turn-Geheim", "Umgebung99",
        "T0kenT0ken", "Z3JhbnRncmFudA", PLATE, "010-1234-5678", "PRIVATE KEY",
        "JPEG-BYTES", "ROWS-OF-IT",
    ]  # fmt: skip
    for name, text in texts.items():
        for word in secret:
            assert word.lower() not in text.lower(), (name, word)
            assert word.lower() not in name.lower()
    assert texts["journal.txt"].endswith("link.down code=broker.untrusted")
    assert "rss_mb" in texts["health.json"]
    assert yaml.safe_load(texts["config.yaml"])["cameras"][0]["id"] == "cam-1"
    assert "CN=pole-001-1" in texts["certificates.json"]
    assert json.loads(texts["manifest.json"])["absent"] == {}


def test_what_cannot_be_had_is_named_and_a_wrong_configuration_stays_out(tmp_path: Path) -> None:
    config = tmp_path / "agent.yaml"
    config.write_text(f"site: city\ncamera_password: {PASSWORD}\n# {SECOND}\n")

    def refuse(line: list[str]) -> str:
        raise subprocess.CalledProcessError(1, line)

    archive = zipfile.ZipFile(io.BytesIO(gather(Sources(config, run=refuse), NOW)))
    texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert "camera_password" in texts["config-error.txt"]
    assert "shard: is missing" in texts["config-error.txt"]
    assert PASSWORD not in "".join(texts.values())
    assert SECOND not in "".join(texts.values())
    assert set(json.loads(texts["manifest.json"])["absent"]) == {"network.txt", "journal.txt"}


def test_the_command_writes_a_file_for_its_owner_alone(box: Path, tmp_path: Path) -> None:
    out = tmp_path / "support.zip"
    options = ["--config", str(box), "--no-checks", "--out", str(out)]
    done = program(["--lang", "ko", "bundle", *options])
    assert done.exit_code == 0, done.output
    assert "들어 있지 않습니다" in done.stdout
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert zipfile.is_zipfile(out)
    nowhere = ["--config", str(box), "--no-checks", "--out", str(tmp_path / "no" / "x.zip")]
    failed = program(["--lang", "en", "bundle", *nowhere, "--json"])
    assert (failed.exit_code, json.loads(failed.stdout)["number"]) == (1, "PW-202")


def test_an_archive_from_another_machine_is_taken_only_whole(tmp_path: Path) -> None:
    good = tmp_path / "good.zip"
    with zipfile.ZipFile(good, "w") as archive:
        archive.writestr("manifest.json", "{}")
    assert fetch(["cat", str(good)], 10) == good.read_bytes()
    for line, number in (
        (["head", "-c", "20", str(good)], "PW-912"),
        (["sh", "-c", "echo no route >&2; exit 255"], "PW-911"),
        ([os.fspath(tmp_path / "no-such-program")], "PW-911"),
    ):
        with pytest.raises(ProvisionError, match=number):
            fetch(line, 10)
