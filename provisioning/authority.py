"""The city's small certificate authority: a folder of files, no server.

root/key.pem         signs the issuing authority once; move it to an offline medium
root/cert.pem
issuing/key.pem      signs everybody
issuing/cert.pem
ca.pem               what everybody trusts: issuing and root certificate
crl.pem              revoked serial numbers
register.yaml        who is enrolled; brokers' rights and the collector's trust come from it
issued.json          every certificate ever issued
certs/NAME.pem       the newest certificate of each
identities/NAME/     what is handed out: key.pem (unless made by its owner), cert.pem, ca.pem
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter

from provisioning import certificates as x
from provisioning.files import write_private, write_public
from provisioning.problems import ProvisionError
from wire.clock import Clock, SystemClock
from wire.names import is_name
from wire.register import (
    AgencyEntry,
    DeviceEntry,
    Register,
    ServiceEntry,
    ServiceRole,
    load_register,
    save_register,
    shard_of,
)

RESERVED = {"localhost"}
"""Names that a certificate's SAN must not claim: a client would take its owner for this machine."""


class AuthorityError(ProvisionError):
    """What the authority refuses to do."""


class Issued(BaseModel):
    """One certificate as the authority remembers it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: x.Kind
    serial: str
    """Hexadecimal, because JSON readers round large numbers."""
    hosts: tuple[str, ...] = ()
    not_before: AwareDatetime
    not_after: AwareDatetime
    revoked_at: AwareDatetime | None = None


_ISSUED = TypeAdapter(list[Issued])


class Authority:
    """Issues, renews and revokes; each change is on disk, whole, before the call returns."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        """Open the authority in `folder`; raises AuthorityError when there is none."""
        self.folder = folder
        self._clock = clock or SystemClock()
        if not self.register_file.is_file():
            raise AuthorityError("authority.none", str(folder))
        self._depth = 0
        self._signer: x.Signer | None = None
        self._register: Register
        self._issued: list[Issued]
        self._pending: dict[Path, tuple[bytes, bool]]
        self._read()

    @classmethod
    def init(cls, folder: Path, site: str, clock: Clock | None = None) -> Authority:
        """Make a new authority for `site`; raises AuthorityError when one is there already."""
        _check_name("site", site)
        if (folder / "register.yaml").exists() or (folder / "root").exists():
            raise AuthorityError("authority.there", str(folder))
        now = (clock or SystemClock()).now()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        root = x.make_root(site, now)
        issuing = x.make_issuing(site, root, now)
        for name, signer in (("root", root), ("issuing", issuing)):
            (folder / name).mkdir(mode=0o700)
            write_private(folder / name / "key.pem", _key_pem(signer.key))
            write_public(folder / name / "cert.pem", _cert_pem(signer.certificate))
        write_public(
            folder / "ca.pem", _cert_pem(issuing.certificate) + _cert_pem(root.certificate)
        )
        write_public(folder / "issued.json", b"[]")
        crl = x.make_revocations([], issuing, now)
        write_public(folder / "crl.pem", crl.public_bytes(Encoding.PEM))
        save_register(folder / "register.yaml", Register(site=site))
        return cls(folder, clock)

    @property
    def register_file(self) -> Path:
        return self.folder / "register.yaml"

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def crl_file(self) -> Path:
        return self.folder / "crl.pem"

    @property
    def register(self) -> Register:
        return self._register

    def identity(self, name: str) -> Path:
        """The identity folder of `name`, whether it exists or not."""
        return self.folder / "identities" / name

    def issue_device(
        self,
        pole: str,
        *,
        csr: bytes | None = None,
        generation: int | None = None,
        replace: bool = False,
    ) -> Path:
        """Enrol the next board of a pole as `{pole}-{generation}`; `replace` revokes earlier ones.

        `csr` is a PEM signing request made on the box; without it the key is made here. Returns the
        identity folder. Raises AuthorityError.
        """
        _check_name("pole", pole)
        with self.batch():
            earlier = [entry for entry in self._register.devices if entry.pole == pole]
            if generation is None:
                generation = max((entry.generation for entry in earlier), default=0) + 1
            name = f"{pole}-{generation}"
            folder = self._issue(x.Subject(name, "device"), csr)
            entry = DeviceEntry(
                name=name,
                certificate=_relative(name),
                pole=pole,
                generation=generation,
                shard=earlier[-1].shard if earlier else shard_of(pole),
            )
            self._update(devices=(*self._register.devices, entry))
            if replace:
                for old in earlier:
                    if not old.revoked:
                        self.revoke(old.name)
        return folder

    def issue_agency(self, name: str, *, csr: bytes | None = None) -> Path:
        """Enrol an agency; returns its identity folder. Raises AuthorityError."""
        with self.batch():
            folder = self._issue(x.Subject(name, "agency"), csr)
            entry = AgencyEntry(name=name, certificate=_relative(name))
            self._update(agencies=(*self._register.agencies, entry))
        return folder

    def issue_service(
        self, name: str, role: ServiceRole, *, hosts: tuple[str, ...] = (), csr: bytes | None = None
    ) -> Path:
        """Enrol a process of the centre that clients reach at `hosts`. Raises AuthorityError."""
        with self.batch():
            folder = self._issue(x.Subject(name, "service", hosts), csr)
            entry = ServiceEntry(name=name, certificate=_relative(name), role=role)
            self._update(services=(*self._register.services, entry))
        return folder

    def issue_operator(self, name: str, *, csr: bytes | None = None) -> Path:
        """Certify a person of the centre; no broker right comes with it. Raises AuthorityError."""
        with self.batch():
            return self._issue(x.Subject(name, "operator"), csr)

    def renew(self, name: str) -> Path:
        """A new term for the same name and key; needs no private key but the authority's.

        Returns the identity folder with the new certificate. Raises AuthorityError.
        """
        with self.batch():
            current = self._current(name)
            key = self.certificate(name).public_key()
            if not isinstance(key, Ed25519PublicKey):
                raise AuthorityError("identity.invalid", f"{name}'s key is not Ed25519")
            return self._certify(x.Subject(name, current.kind, current.hosts), key)

    def revoke(self, name: str) -> None:
        """Take every right from `name` for good: its name is never issued again.

        Brokers hear of it when their configuration is made anew. Raises AuthorityError.
        """
        with self.batch():
            self._current(name)
            now = self._clock.now()
            self._issued = [
                item.model_copy(update={"revoked_at": now})
                if item.name == name and item.revoked_at is None
                else item
                for item in self._issued
            ]
            self._update(
                devices=tuple(_revoked(e, name) for e in self._register.devices),
                agencies=tuple(_revoked(e, name) for e in self._register.agencies),
                services=tuple(_revoked(e, name) for e in self._register.services),
            )

    def certificate(self, name: str) -> x509.Certificate:
        """The newest certificate of that name, also one that is not written yet."""
        path = self.folder / _relative(name)
        waiting = self._pending.get(path)
        return x509.load_pem_x509_certificate(waiting[0] if waiting else path.read_bytes())

    def issued(self) -> tuple[Issued, ...]:
        """Every certificate ever issued, oldest first."""
        return tuple(self._issued)

    @contextmanager
    def batch(self, *, anyway: bool = False) -> Iterator[None]:
        """Several changes written as one: the register is locked, read, changed and saved once.

        Where nothing changed nothing is written, unless `anyway`. Identity folders are filled when
        the block ends; when it raises, the files stay as they were.
        """
        if self._depth:
            yield
            return
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._read()
            self._depth += 1
            register, issued = self._register, list(self._issued)
            try:
                yield
                changed = self._register is not register or self._issued != issued
                if changed or self._pending or anyway:
                    self._write()
            except BaseException:
                self._read()
                raise
            finally:
                self._depth -= 1

    def _read(self) -> None:
        self._register = load_register(self.register_file)
        self._issued = _ISSUED.validate_json((self.folder / "issued.json").read_bytes())
        self._pending = {}

    def _write(self) -> None:
        signer = self.issuing()
        crl = x.make_revocations(
            [(int(i.serial, 16), i.revoked_at) for i in self._issued if i.revoked_at is not None],
            signer,
            self._clock.now(),
        )
        # What was issued is remembered before it exists, so that whatever exists can be revoked;
        # the register, which gives rights, comes last.
        write_public(self.folder / "issued.json", _ISSUED.dump_json(self._issued, indent=1))
        # Each laptop's own list stands with it: brokers look for one of every issuer.
        now = self._clock.now()
        laptops = [path.read_bytes() for path in sorted(self.folder.glob("laptops/*/crl.pem"))]
        lists = [crl.public_bytes(Encoding.PEM), *(pem for pem in laptops if _lasts(pem, now))]
        write_public(self.crl_file, b"".join(lists))
        for path, (content, private) in self._pending.items():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            (write_private if private else write_public)(path, content)
        self._pending = {}
        save_register(self.register_file, self._register)

    def _update(self, **parts: tuple[BaseModel, ...]) -> None:
        self._register = self._register.model_copy(update=parts)

    def issuing(self) -> x.Signer:
        """The issuing authority, to certify laptops with. Raises AuthorityError."""
        if self._signer is None:
            folder = self.folder / "issuing"
            try:
                key = load_pem_private_key((folder / "key.pem").read_bytes(), password=None)
                certificate = x509.load_pem_x509_certificate((folder / "cert.pem").read_bytes())
            except (OSError, ValueError) as error:
                raise AuthorityError("authority.key", f"{folder} ({error})") from error
            if not isinstance(key, Ed25519PrivateKey):
                raise AuthorityError("authority.key", f"{folder / 'key.pem'} is not Ed25519")
            self._signer = x.Signer(certificate, key)
        return self._signer

    def _current(self, name: str) -> Issued:
        known = [item for item in self._issued if item.name == name]
        if not known:
            raise AuthorityError("name.unknown", name)
        if known[-1].revoked_at is not None:
            raise AuthorityError("name.revoked", name)
        return known[-1]

    def _issue(self, subject: x.Subject, csr: bytes | None) -> Path:
        _check_name("name", subject.name)
        if any(item.name == subject.name for item in self._issued) and not self._cut_off(subject):
            raise AuthorityError("name.taken", subject.name)
        folder = self.identity(subject.name)
        if csr is None:
            key = Ed25519PrivateKey.generate()
            self._pending[folder / "key.pem"] = (_key_pem(key), True)
            return self._certify(subject, key.public_key())
        try:
            public_key = x.public_key_of(csr)
        except ValueError as error:
            raise AuthorityError("request.invalid", f"{subject.name}: {error}") from error
        return self._certify(subject, public_key)

    def _cut_off(self, subject: x.Subject) -> bool:
        """Whether the name was remembered and never reached the register, by a power cut between.

        What may exist of such a certificate is revoked; the name is free.
        """
        known, name = self._register, subject.name
        registered = (*known.devices, *known.agencies, *known.services)
        issued = [item for item in self._issued if item.name == name]
        if any(item.kind == "operator" for item in issued):
            return False
        if any(entry.name == name for entry in registered):
            return False
        now = self._clock.now()
        self._issued = [
            item.model_copy(update={"revoked_at": now})
            if item.name == name and item.revoked_at is None
            else item
            for item in self._issued
        ]
        return True

    def _certify(self, subject: x.Subject, key: Ed25519PublicKey) -> Path:
        signer = self.issuing()
        certificate = x.make_leaf(subject, key, signer, self._clock.now())
        chain = _cert_pem(certificate) + _cert_pem(signer.certificate)
        folder = self.identity(subject.name)
        self._pending[self.folder / _relative(subject.name)] = (chain, False)
        self._pending[folder / "cert.pem"] = (chain, False)
        self._pending[folder / "ca.pem"] = (self.ca_file.read_bytes(), False)
        self._issued.append(_remember(subject, certificate))
        return folder


def _lasts(revocations: bytes, now: datetime) -> bool:
    ends = x509.load_pem_x509_crl(revocations).next_update_utc
    return ends is None or ends >= now


def days_left(item: Issued, now: datetime) -> int:
    """Whole days until a certificate runs out; negative afterwards."""
    return (item.not_after - now).days


def _remember(subject: x.Subject, certificate: x509.Certificate) -> Issued:
    return Issued(
        name=subject.name,
        kind=subject.kind,
        serial=f"{certificate.serial_number:x}",
        hosts=subject.hosts,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def _check_name(what: str, name: str) -> None:
    if not is_name(name) or name in RESERVED:
        raise AuthorityError("name.invalid", f"{what} {name!r}")


def _relative(name: str) -> Path:
    return Path("certs") / f"{name}.pem"


Entry = TypeVar("Entry", DeviceEntry, AgencyEntry, ServiceEntry)


def _revoked(entry: Entry, name: str) -> Entry:
    if entry.name != name:
        return entry
    return entry.model_copy(update={"revoked": True})


def _cert_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _key_pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
