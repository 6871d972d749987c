"""The register of all who were enrolled: brokers' rights and the collector's trust come from it.

One YAML file beside the authority; certificate paths are relative to it.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import yaml
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wire.identity import IdentityError, load_authorities, load_certificate, signing_key_of
from wire.names import Name, Shard
from wire.topics import DeviceAddress

# Two thousand boxes take libyaml a tenth of what they take Python.
_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: type[Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


ServiceRole = Literal["collector", "words", "signer", "broker", "web", "desk"]
"""`words` is the collector's second session, which hears what agencies say."""


class RegisterError(Exception):
    """A register that cannot be used; names the file and the entry."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Entry(_Strict):
    name: Name
    certificate: Path
    revoked: bool = False


class DeviceEntry(_Entry):
    """One box: its certificate's name is `{pole}-{generation}`."""

    pole: Name
    generation: int = Field(ge=1, le=9999)
    shard: Shard


class AgencyEntry(_Entry):
    """Police, fire, a department, the control centre itself."""


class ServiceEntry(_Entry):
    """A process of the centre."""

    role: ServiceRole


class Register(_Strict):
    """Everybody, of one site."""

    site: Name
    authority: Path = Path("ca.pem")
    devices: tuple[DeviceEntry, ...] = ()
    agencies: tuple[AgencyEntry, ...] = ()
    services: tuple[ServiceEntry, ...] = ()

    def address(self, device: DeviceEntry) -> DeviceAddress:
        return DeviceAddress(self.site, device.shard, device.name)


def shard_of(pole: str) -> str:
    """The shard of a pole, fixed at enrolment: first byte of SHA-256 of its name."""
    return hashlib.sha256(pole.encode()).hexdigest()[:2]


def load_register(path: Path) -> Register:
    """Read a register; raises RegisterError naming file, entry and what is allowed."""
    try:
        register = Register.model_validate(yaml.load(path.read_text(), Loader=_LOADER))
    except (OSError, yaml.YAMLError) as error:
        raise RegisterError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RegisterError(f"{path}: {where}: {first['msg']}") from error
    names = [e.name for e in (*register.devices, *register.agencies, *register.services)]
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles:
        raise RegisterError(f"{path}: names stand twice: {', '.join(doubles)}")
    return register


def save_register(path: Path, register: Register) -> None:
    """Write a register, whole or not at all."""
    values = register.model_dump(mode="json")
    text = yaml.dump(values, Dumper=_DUMPER, sort_keys=False, allow_unicode=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


class Trust:
    """Whose signatures count: every enrolled principal that is not revoked."""

    def __init__(self, path: Path, *, now: datetime) -> None:
        """Load the register at `path`; unusable certificates are kept in `refused` by name."""
        self.register = load_register(path)
        authorities = load_authorities(path.parent / self.register.authority)
        self.refused: dict[str, str] = {}
        self._devices: dict[str, tuple[DeviceEntry, OKPKey]] = {}
        self._services: dict[str, OKPKey] = {}
        self._folder = path.parent
        self._fingerprints: dict[str, str] = {}
        self.ends: dict[str, datetime] = {}
        """Until when each believed certificate counts, by name."""
        for entry in (*self.register.devices, *self.register.services):
            if entry.revoked:
                self.refused[entry.name] = "revoked"
                continue
            try:
                certificate = load_certificate(path.parent / entry.certificate)
                key = signing_key_of(certificate, authorities, now=now)
            except IdentityError as error:
                self.refused[entry.name] = str(error)
                continue
            self.ends[entry.name] = certificate.not_valid_after_utc
            if isinstance(entry, DeviceEntry):
                self._devices[entry.name] = (entry, key)
                self._fingerprints[entry.name] = certificate.fingerprint(SHA256()).hex()
            else:
                self._services[entry.name] = key

    def device_key(self, name: str) -> OKPKey | None:
        found = self._devices.get(name)
        return None if found is None else found[1]

    def service_key(self, name: str) -> OKPKey | None:
        return self._services.get(name)

    def collector_key(self, name: str) -> OKPKey | None:
        """The key of a service that is a collector."""
        collectors = {one.name for one in self.register.services if one.role == "collector"}
        return self._services.get(name) if name in collectors else None

    def device_address(self, name: str) -> DeviceAddress | None:
        found = self._devices.get(name)
        return None if found is None else self.register.address(found[0])

    def device_certificate(self, name: str) -> tuple[str, Path] | None:
        """SHA-256 of a device's certificate, and the file with its chain."""
        found = self._devices.get(name)
        if found is None:
            return None
        return self._fingerprints[name], self._folder / found[0].certificate

    def devices(self) -> tuple[str, ...]:
        return tuple(self._devices)
