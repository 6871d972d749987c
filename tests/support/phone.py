"""The authenticator app of a person of the demo: one-time codes, each a new one."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pyotp

from polewatch.demo.run import Demo
from polewatch.demo.site import PERSON
from tests.support.wait import wait_until

STEP_S = 30


@dataclass
class Phone:
    """Made by `phone_of`."""

    totp: pyotp.TOTP
    _step: int = 0

    def shows(self) -> str:
        """A code that was not given out before, as soon as there is one that the signer takes."""
        # The signer takes the next step's code too, so that nobody here waits half a minute.
        wait_until(lambda: self._step < self._now() + 1, 40, "a new one-time code")
        self._step = max(self._step + 1, self._now())
        return self.totp.generate_otp(self._step)

    def wrong(self) -> str:
        """A code that the signer takes neither now nor soon."""
        near = {self.totp.generate_otp(self._now() + step) for step in range(-3, 6)}
        return next(one for one in map("{:06d}".format, range(20)) if one not in near)

    def _now(self) -> int:
        return self.totp.timecode(datetime.now(UTC))


def phone_of(demo: Demo, name: str = PERSON) -> Phone:
    """Give the person a secret, as the administrator does it."""
    command = [
        sys.executable, "-m", "polewatch", "collector", "user", "totp", name,
        "--config", str(demo.site.signer_config), "--json",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    query = parse_qs(urlsplit(json.loads(done.stdout)["address"]).query)
    return Phone(pyotp.TOTP(query["secret"][0]))
