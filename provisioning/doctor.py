"""Asks a box for its own checks, here or over ssh, and makes of it a report to hand in."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from provisioning.problems import ProvisionError
from wire.codes import FAULTS
from wire.language import Language
from wire.names import utc_text

TIMEOUT_S = 600.0
"""A box with 64 dead cameras needs most of it."""
SSH_FAILED = 255
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@%-]{0,254}")


class Finding(BaseModel):
    """One line of `polewatch agent check --json`; a newer box may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    ok: bool
    detail: str
    code: str | None = None
    number: str | None = None
    remedy: str | None = None
    seconds: float = 0.0

    def title(self, language: Language) -> str:
        """What is wrong; a code that this version does not know is shown as it is."""
        known = FAULTS.get(self.code or "")
        if known is None:
            return self.code or ""
        return known.title_ko if language == "ko" else known.title_en

    def what_to_do(self, language: Language) -> str:
        known = FAULTS.get(self.code or "")
        if known is None:
            return self.remedy or ""
        return known.remedy_ko if language == "ko" else known.remedy_en


_FINDING = TypeAdapter(Finding)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that a box says of itself."""

    box: str
    at: datetime
    findings: tuple[Finding, ...]

    @property
    def well(self) -> bool:
        return all(finding.ok for finding in self.findings)

    def as_json(self) -> dict[str, object]:
        """The report to hand in."""
        return {
            "ok": self.well,
            "box": self.box,
            "at": utc_text(self.at),
            "checks": [finding.model_dump(mode="json") for finding in self.findings],
        }


def command_line(
    config: str, host: str | None, program: str, *, turn: bool, identity: Path | None = None
) -> list[str]:
    """What to run; raises ProvisionError for a host that ssh would take for an option."""
    check = ["agent", "check", "--config", config, "--json", *(["--turn", "-"] if turn else [])]
    if host is None:
        return [sys.executable, "-m", "polewatch", *check]
    return remote_line(host, [program, *check], identity=identity)


def remote_line(host: str, words: Sequence[str], *, identity: Path | None = None) -> list[str]:
    """What runs `words` on `host`; raises ProvisionError for what ssh would take for an option."""
    if not _HOST.fullmatch(host):
        raise ProvisionError("box.unreachable", f"{host!r} is no USER@HOST")
    key = ["-i", str(identity)] if identity is not None else []
    # Without a password prompt, because a script cannot answer; the shell of the other side
    # splits words, so each is quoted.
    options = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=10"]
    return ["ssh", *options, *key, "--", host, " ".join(map(_quoted, words))]


def diagnose(
    line: Sequence[str], box: str, at: datetime, *, turn: str | None, timeout_s: float = TIMEOUT_S
) -> Diagnosis:
    """Run the checks; raises ProvisionError when the box cannot be asked."""
    try:
        done = subprocess.run(
            list(line),
            input=turn or "",
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=timeout_s,
        )
    except FileNotFoundError as error:
        raise ProvisionError("box.unreachable", f"{error.filename} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise ProvisionError("box.no-answer", f"{box}: within {timeout_s:.0f} s") from error
    findings = read_findings(done.stdout)
    if findings:
        return Diagnosis(box, at, findings)
    said = (done.stderr.strip().splitlines() or ["nothing"])[-1][:300]
    if done.returncode == SSH_FAILED and line[0] == "ssh":
        raise ProvisionError("box.unreachable", f"{box}: {said}")
    raise ProvisionError("box.no-answer", f"{box} said: {said}")


def read_findings(text: str) -> tuple[Finding, ...]:
    """The findings among the lines; what a login greets with is passed over."""
    found = []
    for line in text.splitlines():
        try:
            found.append(_FINDING.validate_json(line))
        except ValidationError:
            continue
    return tuple(found)


def write_report(path: Path, diagnosis: Diagnosis) -> None:
    """The report as JSON, readable by people too."""
    text = json.dumps(diagnosis.as_json(), ensure_ascii=False, indent=2)
    try:
        path.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise ProvisionError("disk.read-only", f"{path}: {error.strerror}") from error


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"
