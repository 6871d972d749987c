"""A broker's files on the disk, and the running process that reads them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from collector.broker.mosquitto import mosquitto_config, mosquitto_rights
from collector.broker.nats import Cluster, nats_config
from collector.broker.runner import BrokerError
from collector.broker.settings import BrokerSettings
from wire.register import RegisterError, load_register

LOOK_EVERY_S = 2.0
"""A revoked certificate must be out within a minute of the register's change."""

log = structlog.get_logger()


def write_nats(
    out: Path,
    register: Path,
    settings: BrokerSettings,
    *,
    sync_always: bool,
    cluster: Cluster | None = None,
    log_file: Path | None = None,
) -> list[Path]:
    """Write nats-server's configuration; returns the files."""
    text = nats_config(
        load_register(register),
        settings,
        sync_always=sync_always,
        pid_file=pid_file(out),
        cluster=cluster,
        log_file=log_file.resolve() if log_file else None,
    )
    _write(out, text)
    return [out]


def write_mosquitto(
    out: Path, register: Path, settings: BrokerSettings, *, user: str | None, rights_too: bool
) -> list[Path]:
    """Write mosquitto's configuration, and its rights while it does not run; returns the files."""
    enrolled = load_register(register)
    revocations = register.resolve().parent / "crl.pem"
    rights = out.resolve().with_suffix(".json")
    text = mosquitto_config(
        enrolled,
        settings,
        rights=rights,
        revocations=revocations if revocations.exists() else None,
        user=user,
        pid_file=pid_file(out),
    )
    if rights_too:
        _write(rights, mosquitto_rights(enrolled))
    _write(out, text)
    return [out, rights] if rights_too else [out]


def pid_file(out: Path) -> Path:
    """Where the broker of the configuration `out` writes its process id."""
    return out.resolve().with_suffix(".pid")


def reload(file: Path) -> None:
    """Have the broker of that pid file read its configuration anew; raises BrokerError."""
    try:
        os.kill(int(file.read_text()), signal.SIGHUP)
    except (OSError, ValueError) as error:
        raise BrokerError(
            f"{file}: no running broker ({error}); start it with the configuration beside it"
        ) from error


def follow_file(file: Path, stop: threading.Event, changed: Callable[[], None]) -> None:
    """Call `changed` after every change of `file`, and again while it fails, until `stop`."""
    done = _stamp(file)
    while not stop.wait(LOOK_EVERY_S):
        found = _stamp(file)
        if found == done:
            continue
        try:
            changed()
        except (BrokerError, RegisterError, OSError) as error:
            log.error("broker.rights", error=str(error), again_s=LOOK_EVERY_S)
        else:
            done = found


def _stamp(file: Path) -> tuple[int, int, int] | None:
    """Two files written within one tick of the file system's clock differ by their inode."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text)
    fresh.replace(path)
