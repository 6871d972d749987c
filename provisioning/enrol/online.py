"""On the box, at its first boot: asks the desk of the centre, until it is enrolled or refused."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

from cryptography import x509
from pydantic import Field, field_validator

from provisioning.enrol import box
from provisioning.enrol.messages import MAX_BYTES, Answer, Request, parse
from provisioning.problems import ProvisionError
from wire import faultpoint
from wire.clock import Clock
from wire.codes import FAULTS
from wire.names import Name
from wire.settings import Settings, SettingsError, SettingsPath, load_settings

SEED = "enrol.yaml"
TIMEOUT_S = 15.0
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 60.0
AGAIN = frozenset({"desk.not-ready", "desk.busy", "desk.unreachable", "internal"})
"""Of wire.codes: what may be well later; anything else is the desk's word."""
# OpenSSL's X509_V_FLAG_NO_CHECK_TIME; Python's ssl names it nowhere.
NO_CHECK_TIME = 0x200000


class Seed(Settings):
    """enrol.yaml, as the image brings it: which pole this is and whom it asks."""

    pole: Name = Field(description="The pole's asset number.")
    desk: str = Field(description="The enrolment desk, https://host:port.")
    claim_file: SettingsPath = Field(
        Path("claim"), description="File with the one-use claim, mode 0600; erased once it is used."
    )

    @field_validator("desk")
    @classmethod
    def _https(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            usable = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise ValueError("must be https://host:port")
        return url


def enrol(
    folder: Path,
    clock: Clock,
    patience_s: float,
    told: Callable[[ProvisionError, float], None],
) -> str | None:
    """Have the box of `folder` enrolled; the name that it got, None when nothing was to be done.

    What may be well later is tried again for `patience_s`; `told` hears of each pause. Cut off
    anywhere, it can be repeated. Raises ProvisionError for a refusal and when patience is over.
    """
    seed = _seed(folder)
    try:
        claim = seed.claim_file.read_text(encoding="utf-8")
    except FileNotFoundError:
        if (folder / "identity" / "cert.pem").is_file():
            return None
        detail = f"{seed.claim_file} is not there"
        raise ProvisionError("claim.invalid", detail) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ProvisionError("claim.invalid", f"{seed.claim_file}: {error}") from error
    asked = box.request(folder, seed.pole, claim)
    faultpoint.reach("box.keyed")
    deadline = clock.monotonic() + patience_s
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            answer = ask(seed.desk, folder / "identity" / "ca.pem", asked, clock.now())
            break
        except ProvisionError as problem:
            if problem.code not in AGAIN or clock.monotonic() + pause_s > deadline:
                raise
            told(problem, pause_s)
        clock.wait(Event(), pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
    faultpoint.reach("box.answered")
    box.install(folder, answer)
    faultpoint.reach("box.installed")
    seed.claim_file.unlink(missing_ok=True)
    return answer.name


def ask(desk: str, ca_file: Path, asked: Request, now: datetime) -> Answer:
    """One question to the desk; raises ProvisionError."""
    parts = urlsplit(desk)
    context = _tls(ca_file, now)
    connection = http.client.HTTPSConnection(
        str(parts.hostname), parts.port or 443, timeout=TIMEOUT_S, context=context
    )
    try:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/enrol", asked.model_dump_json().encode(), headers)
        response = connection.getresponse()
        data = response.read(MAX_BYTES + 1)
    except ssl.SSLCertVerificationError as error:
        raise ProvisionError("desk.untrusted", f"{desk} ({error.verify_message})") from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise ProvisionError("desk.unreachable", f"{desk} ({reason})") from error
    finally:
        connection.close()
    if response.status == 200:
        return parse(data, Answer, desk)
    raise _refusal(desk, response.status, data)


def _refusal(desk: str, status: int, data: bytes) -> ProvisionError:
    try:
        told = json.loads(data)
        code, detail = str(told["code"]), str(told["detail"])
    except (ValueError, KeyError, TypeError):
        code, detail = "", ""
    if code in FAULTS:
        return ProvisionError(code, detail[:500])
    return ProvisionError("desk.unreachable", f"{desk} (HTTP {status})")


def _seed(folder: Path) -> Seed:
    try:
        return load_settings(folder / SEED, Seed)
    except SettingsError as error:
        raise ProvisionError("request.invalid", str(error)) from error


def _tls(ca_file: Path, now: datetime) -> ssl.SSLContext:
    """Towards the city's own desk only.

    A box without a battery starts in the past: a clock before the authority was made is certainly
    wrong, and then certificates' times are not looked at.
    """
    try:
        context = ssl.create_default_context(cafile=str(ca_file))
        roots = x509.load_pem_x509_certificates(ca_file.read_bytes())
    except (OSError, ValueError) as error:
        raise ProvisionError("desk.untrusted", f"{ca_file}: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if now.astimezone(UTC) < max(root.not_valid_before_utc for root in roots):
        context.verify_flags |= NO_CHECK_TIME
    return context
