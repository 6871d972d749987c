"""One-use claims: which box may be enrolled as which pole. Only their hashes are kept."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter

from provisioning.files import write_private
from provisioning.problems import ProvisionError

FILE = "claims.json"


class Claim(BaseModel):
    """What the authority remembers of a claim."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    pole: str
    expires_at: AwareDatetime
    used_by: str | None = None
    """The certificate's name that was made with it."""
    revoked: bool = False

    @property
    def usable(self) -> bool:
        return not self.revoked and self.used_by is None


_CLAIMS = TypeAdapter(tuple[Claim, ...])


class Claims:
    """The claims of one folder; every change is on disk before the call returns."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._lock = folder / ".claims.lock"
        self.all: tuple[Claim, ...] = ()
        self._read()

    def issue(self, pole: str, now: datetime, life: timedelta) -> str:
        """A new claim's text; it is shown once and kept nowhere."""
        text = base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()
        claim = Claim(sha256=claim_hash(text), pole=pole, expires_at=now + life)
        with self._locked():
            self._save((*self.all, claim))
        return text

    def check(self, sha256: str, pole: str, now: datetime) -> Claim:
        """The claim, if it may be used for `pole` now; raises ProvisionError."""
        return check(self.all, sha256, pole, now)

    def use(self, sha256: str, name: str) -> None:
        """Spend it on a certificate's name."""
        self.use_all({sha256: name})

    def use_all(self, spent: Mapping[str, str]) -> None:
        """Spend many, each on its certificate's name, with one write."""
        with self._locked():
            after = tuple(
                one.model_copy(update={"used_by": spent[one.sha256]})
                if one.sha256 in spent
                else one
                for one in self.all
            )
            if after != self.all:
                self._save(after)

    def revoke(self, pole: str) -> int:
        """Revoke what is unused of a pole; how many."""
        with self._locked():
            waiting = {one.sha256 for one in self.all if one.pole == pole and not one.used_by}
            self._save(
                tuple(
                    one.model_copy(update={"revoked": True}) if one.sha256 in waiting else one
                    for one in self.all
                )
            )
        return len(waiting)

    def all_of(self, sha256: str) -> tuple[Claim, ...]:
        return tuple(one for one in self.all if one.sha256 == sha256)

    def of(self, pole: str) -> tuple[Claim, ...]:
        return tuple(one for one in self.all if one.pole == pole)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone with the file, and knowing what others wrote meanwhile."""
        with self._lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._read()
            yield

    def _read(self) -> None:
        if self._path.is_file():
            self.all = _CLAIMS.validate_json(self._path.read_bytes())

    def _save(self, claims: tuple[Claim, ...]) -> None:
        write_private(self._path, _CLAIMS.dump_json(claims, indent=1))
        self.all = claims


def check(claims: tuple[Claim, ...], sha256: str, pole: str, now: datetime) -> Claim:
    """The claim of that hash, if it may be used for `pole` now; raises ProvisionError."""
    found = next((one for one in claims if one.sha256 == sha256 and one.pole == pole), None)
    if found is None:
        raise ProvisionError("claim.invalid", pole)
    if found.revoked:
        raise ProvisionError("claim.revoked", pole)
    if found.used_by is not None:
        raise ProvisionError("claim.used", f"{pole}, by {found.used_by}")
    if now > found.expires_at:
        raise ProvisionError("claim.expired", f"{pole}, on {found.expires_at:%Y-%m-%d}")
    return found


def claim_hash(text: str) -> str:
    """What is kept of a claim; letters' case and dashes typed by people do not matter."""
    plain = text.strip().lower().replace("-", "").replace(" ", "")
    return hashlib.sha256(plain.encode()).hexdigest()
