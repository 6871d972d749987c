"""The box's own checks, each with a bound on its time, a stable code and a remedy."""

from __future__ import annotations

import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryFile

from edge_agent.camera.source import CameraStatus, RtspSource
from edge_agent.config import AgentSettings, CameraSettings, load_agent_settings, stream_url
from edge_agent.plates import locate, reader
from edge_agent.ring_keeper import planned, too_short
from edge_agent.rules.base import wants_closer_look, wants_fire, wants_plates
from edge_agent.sight import fire, posture
from edge_agent.uplink.synchronised import time_quality
from models.registry import ModelError, Registry
from wire.clock import Clock
from wire.codes import fault
from wire.identity import Identity, IdentityError, load_certificate
from wire.settings import SettingsError

BROKER_TIMEOUT_S = 5.0
CAMERA_TIMEOUT_S = 12.0
LEAST_FREE_MB = 500
EXPIRY_WARNING = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found; `code` and `remedy` only when it is not ok."""

    name: str
    ok: bool
    detail: str
    code: str | None = None
    number: str | None = None
    remedy: str | None = None


def _good(name: str, detail: str) -> CheckResult:
    return CheckResult(name, True, detail)


def _bad(name: str, code: str, detail: str) -> CheckResult:
    known = fault(code)
    return CheckResult(name, False, detail, code, known.number, known.remedy_en)


def run_checks(config: Path, clock: Clock) -> Iterator[CheckResult]:
    """All checks in order; those that need the configuration are left out when it is unusable."""
    try:
        settings = load_agent_settings(config)
    except SettingsError as error:
        yield _bad("config", "config.invalid", str(error))
        return
    yield _good("config", f"{config}: {len(settings.cameras)} cameras")
    yield check_identity(settings, clock)
    yield check_trust(settings)
    yield check_model(settings)
    yield check_disk(settings.data)
    yield check_ring(settings)
    yield check_clock()
    yield check_broker(settings)
    for camera in settings.cameras:
        yield check_camera(camera, clock)


def check_identity(settings: AgentSettings, clock: Clock) -> CheckResult:
    """Key, certificate and CA fit each other, and the certificate is not about to expire."""
    try:
        identity = Identity.load(settings.identity)
        certificate = load_certificate(identity.cert_file)
    except IdentityError as error:
        return _bad("identity", "identity.invalid", str(error))
    left = certificate.not_valid_after_utc - clock.now()
    if left < EXPIRY_WARNING:
        return _bad("identity", "identity.invalid", f"{identity.name} expires in {left.days} days")
    return _good("identity", f"{identity.name}, valid for {left.days} days")


def check_trust(settings: AgentSettings) -> CheckResult:
    """The collector's and the signer's certificates can be read."""
    try:
        for path in (settings.trust.collector, settings.trust.signer):
            load_certificate(path)
    except IdentityError as error:
        return _bad("trust", "identity.invalid", str(error))
    return _good("trust", "collector and signer known")


def check_model(settings: AgentSettings) -> CheckResult:
    """The weights of every network that a camera asks for are the ones that the manifest names."""
    try:
        paths = [Registry.default().verified_path(name) for name in _models(settings)]
    except ModelError as error:
        code = "model.hash" if "sha" in str(error).lower() else "model.missing"
        return _bad("model", code, str(error))
    return _good("model", ", ".join(path.name for path in paths))


def _models(settings: AgentSettings) -> list[str]:
    names = [settings.model]
    names += [posture.DEFAULT_MODEL] if any(map(wants_closer_look, settings.cameras)) else []
    names += [fire.DEFAULT_MODEL] if any(map(wants_fire, settings.cameras)) else []
    if any(map(wants_plates, settings.cameras)):
        names += [locate.DEFAULT_MODEL, reader.DEFAULT_MODEL]
    return names


def check_disk(folder: Path) -> CheckResult:
    """The data folder can be written and has room."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder) as file:
            file.write(b"\0" * 4096)
            file.flush()
        free_mb = shutil.disk_usage(folder).free / 1e6
    except OSError as error:
        return _bad("disk", "disk.read-only", f"{folder}: {error.strerror}")
    if free_mb < LEAST_FREE_MB:
        return _bad("disk", "disk.full", f"{folder}: {free_mb:.0f} MB free")
    return _good("disk", f"{folder}: {free_mb / 1000:.1f} GB free")


def check_ring(settings: AgentSettings) -> CheckResult:
    """How many hours of each camera the disk holds, and whether that is enough."""
    try:
        shares = planned(settings)
    except OSError as error:
        return _bad("ring", "disk.read-only", f"{settings.data}: {error.strerror}")
    detail = "; ".join(map(str, shares))
    short = too_short(settings, shares)
    if short:
        return _bad("ring", "ring.short", f"{detail}; at least {settings.ring.least_hours:g} h")
    return _good("ring", detail)


def check_clock() -> CheckResult:
    """A time service keeps the clock. Events still go out without; their times are marked."""
    if time_quality() == "synchronised":
        return _good("clock", "synchronised")
    return _bad("clock", "clock.unsynchronised", "no time service keeps this clock")


def check_broker(settings: AgentSettings) -> CheckResult:
    """TCP, then mutual TLS, with the reason of a failure."""
    where = f"{settings.broker.host}:{settings.broker.port}"
    try:
        context = Identity.load(settings.identity).tls_client()
        with (
            socket.create_connection(
                (settings.broker.host, settings.broker.port), BROKER_TIMEOUT_S
            ) as plain,
            context.wrap_socket(plain, server_hostname=settings.broker.host) as secure,
        ):
            return _good("broker", f"{where}, {secure.version()}")
    except IdentityError as error:
        return _bad("broker", "identity.invalid", str(error))
    except ssl.SSLCertVerificationError as error:
        return _bad("broker", "broker.untrusted", f"{where}: {error.verify_message}")
    except ssl.SSLError as error:
        return _bad("broker", "broker.refused", f"{where}: {error.reason or error}")
    except OSError as error:
        return _bad("broker", "broker.unreachable", f"{where}: {error.strerror or error}")


def check_camera(camera: CameraSettings, clock: Clock) -> CheckResult:
    """The main stream opens and its first keyframe decodes."""
    name = f"camera {camera.id}"
    try:
        url = stream_url(camera, camera.url)
    except SettingsError as error:
        return _bad(name, "config.invalid", str(error))
    status = _first_status(camera.id, url, clock)
    if status is None:
        return _bad(name, "camera.unreachable", f"no answer within {CAMERA_TIMEOUT_S:.0f} s")
    if status.code is not None:
        return _bad(name, status.code, status.message)
    return _good(name, status.message)


def _first_status(camera: str, url: str, clock: Clock) -> CameraStatus | None:
    found: list[CameraStatus] = []
    known = threading.Event()

    def keep(status: CameraStatus) -> None:
        found.append(status)
        known.set()

    source = RtspSource(camera, url, clock, [], keep)
    source.start()
    clock.wait(known, CAMERA_TIMEOUT_S)
    source.stop()
    return found[0] if found else None
