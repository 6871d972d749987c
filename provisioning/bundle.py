"""A support archive of a box: what helps to find a fault, without secrets and personal data.

Only what is named here goes in: never keys, passwords, pictures, video, plates or the outbox.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from importlib import metadata
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from provisioning.problems import ProvisionError
from provisioning.redact import Redactor
from wire.names import utc_text

LOG_BYTES = 2_000_000
"""The newest part of a log that goes in."""
UNIT = "polewatch-agent"
COMMAND_TIMEOUT_S = 20.0
EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a box keeps what is asked for."""

    config: Path
    logs: tuple[Path, ...] = ()
    checks: Callable[[], str] | None = None
    """Gives the lines of `agent check --json`."""
    run: Callable[[list[str]], str] = field(default=lambda line: _run(line))


def gather(sources: Sources, at: datetime) -> bytes:
    """The archive's bytes."""
    settings, wrong = _settings(sources.config)
    redactor = Redactor(_secrets(settings))
    parts: dict[str, str] = {}
    absent: dict[str, str] = {}

    def add(name: str, make: Callable[[], str]) -> None:
        try:
            parts[name] = redactor.text(make())
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            absent[name] = redactor.text(f"{type(error).__name__}: {error}"[:300])

    if settings is None:
        parts["config-error.txt"] = redactor.text(wrong)
    else:
        parts["config.yaml"] = yaml.safe_dump(
            redactor.value(settings), sort_keys=False, allow_unicode=True
        )
        add("certificates.json", lambda: _certificates(settings))
        add("health.json", lambda: _health(Path(str(settings["data"])), redactor))
        add("files.txt", lambda: "\n".join(_files(Path(str(settings["data"])))))
    if sources.checks is not None:
        add("checks.jsonl", sources.checks)
    add("system.txt", _system)
    add("packages.txt", _packages)
    add("network.txt", lambda: sources.run(["ip", "-brief", "address"]))
    add("journal.txt", lambda: sources.run(_journal()))
    for number, log in enumerate(sources.logs):
        add(f"log-{number}.txt", lambda log=log: _tail(log))  # type: ignore[misc]  # bound here
    return _archive(parts, absent, at)


def fetch(line: list[str], timeout_s: float) -> bytes:
    """An archive that another machine's command writes to its output; raises ProvisionError."""
    try:
        done = subprocess.run(
            line, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=timeout_s
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProvisionError("box.unreachable", f"{type(error).__name__}") from error
    if done.returncode != 0 or not zipfile.is_zipfile(io.BytesIO(done.stdout)):
        said = (done.stderr.decode(errors="replace").strip().splitlines() or ["nothing"])[-1]
        code = "box.unreachable" if done.returncode == 255 else "box.no-answer"
        raise ProvisionError(code, f"it said: {said[:300]}")
    return done.stdout


def _settings(config: Path) -> tuple[dict[str, object], str] | tuple[None, str]:
    """The configuration's values. One with mistakes is left out: its text may hold anything."""
    from edge_agent.config import load_agent_settings
    from wire.settings import SettingsError

    try:
        return load_agent_settings(config).model_dump(mode="json"), ""
    except SettingsError as error:
        return None, str(error)


def _secrets(settings: dict[str, object] | None) -> Iterator[str]:
    """Everything on the box that is secret and that a log might repeat."""
    if settings is None:
        return
    key = Path(str(settings["identity"])) / "key.pem"
    for line in _lines(key):
        if not line.startswith("-----"):
            yield line
    cameras = settings["cameras"]
    assert isinstance(cameras, list)
    for camera in cameras:
        name = camera["credentials_file"]
        for line in _lines(Path(name)) if name else ():
            user, _, password = line.partition(":")
            yield line
            yield password
            yield user


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _certificates(settings: dict[str, object]) -> str:
    trust = settings["trust"]
    assert isinstance(trust, dict)
    folder = Path(str(settings["identity"]))
    found: dict[str, object] = {}
    for name, path in {
        "own": folder / "cert.pem", "authority": folder / "ca.pem", **trust
    }.items():  # fmt: skip
        try:
            each = x509.load_pem_x509_certificates(Path(path).read_bytes())
        except (OSError, ValueError) as error:
            found[name] = f"{type(error).__name__}"
            continue
        found[name] = [
            {
                "subject": one.subject.rfc4514_string(),
                "issuer": one.issuer.rfc4514_string(),
                "serial": f"{one.serial_number:x}",
                "from": utc_text(one.not_valid_before_utc),
                "to": utc_text(one.not_valid_after_utc),
                "sha256": one.fingerprint(SHA256()).hex(),
            }
            for one in each
        ]
    return json.dumps(found, indent=1)


def _health(data: Path, redactor: Redactor) -> str:
    found = json.loads((data / "health.json").read_text(encoding="utf-8"))
    return json.dumps(redactor.value(found), ensure_ascii=False, indent=1)


def _files(data: Path) -> Iterator[str]:
    """Sizes and names of what lies in the data folder, one level of each part deep."""
    usage = shutil.disk_usage(data)
    yield f"free {usage.free:,} of {usage.total:,} bytes"
    for path in sorted([*data.glob("*"), *data.glob("*/*")])[:2000]:
        size = path.stat().st_size if path.is_file() else 0
        kind = "folder" if path.is_dir() else f"{size:,}"
        yield f"{kind:>16}  {path.relative_to(data)}"


def _system() -> str:
    release = Path("/etc/os-release")
    named = release.read_text() if release.is_file() else ""
    uptime = Path("/proc/uptime").read_text().split()[0]
    memory = Path("/proc/meminfo").read_text().splitlines()[:3]
    return "\n".join([platform.platform(), f"up {uptime} s", *memory, named])


def _packages() -> str:
    found = {f"{one.metadata['Name']}=={one.version}" for one in metadata.distributions()}
    return "\n".join(sorted(found))


def _journal() -> list[str]:
    return ["journalctl", "--no-pager", "--output=short-iso", "--lines=5000", f"--unit={UNIT}"]


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LOG_BYTES))
        return file.read().decode(errors="replace")


def _run(line: list[str]) -> str:
    done = subprocess.run(
        line,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=True,
        timeout=COMMAND_TIMEOUT_S,
    )
    return done.stdout[-LOG_BYTES:]


def _archive(parts: dict[str, str], absent: dict[str, str], at: datetime) -> bytes:
    manifest = {
        "made_at": utc_text(at),
        "files": {n: hashlib.sha256(t.encode()).hexdigest() for n, t in sorted(parts.items())},
        "absent": absent,
        "left_out": "keys, passwords, video, pictures, plates, the outbox",
    }
    parts = {"manifest.json": json.dumps(manifest, ensure_ascii=False, indent=1), **parts}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
