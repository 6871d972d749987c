"""The laptop: a folder with a short-lived issuing key, its limits, and a journal of what it did.

key.pem cert.pem   its authority; the certificate itself holds the limits
ca.pem             what boxes trust
collector.pem signer.pem
limits.json        poles, names, claims
journal.jsonl      what was issued, written before it is handed out

The desk of the centre holds such folders too; its journals lie elsewhere.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from provisioning import certificates
from provisioning.enrol.claims import Claim, check, claim_hash
from provisioning.enrol.messages import Answer, Entry, Limits, PoleLimit, Request, read
from provisioning.problems import ProvisionError
from wire import faultpoint

JOURNAL = "journal.jsonl"
MAX_JOURNAL_BYTES = 20_000_000
"""A line has some 4 kB, and a key enrols a hundred poles."""


class Laptop:
    """Opened from its folder; raises ProvisionError when that is none."""

    def __init__(self, folder: Path, journal: Path | None = None) -> None:
        """`journal` is the file of what was issued, in the folder when left out."""
        self.folder = folder
        self.journal = journal or folder / JOURNAL
        self.limits = read(folder / "limits.json", Limits)
        try:
            chain = x509.load_pem_x509_certificates((folder / "cert.pem").read_bytes())
            key = load_pem_private_key((folder / "key.pem").read_bytes(), password=None)
            self._texts = {
                name: (folder / f"{name}.pem").read_text()
                for name in ("ca", "collector", "signer", "cert")
            }
        except (OSError, ValueError) as error:
            detail = f"{folder}: {getattr(error, 'strerror', None) or error}"
            raise ProvisionError("identity.invalid", detail) from error
        if not isinstance(key, Ed25519PrivateKey) or key.public_key() != chain[0].public_key():
            raise ProvisionError("identity.invalid", f"{folder}: key and certificate differ")
        self._signer = certificates.Signer(chain[0], key)

    @property
    def ends(self) -> datetime:
        return self._signer.certificate.not_valid_after_utc

    def limit_of(self, pole: str) -> PoleLimit | None:
        return next((one for one in self.limits.poles if one.pole == pole), None)

    def sign(
        self,
        request: Request,
        now: datetime,
        agent: str | None = None,
        claims: tuple[Claim, ...] | None = None,
    ) -> Answer:
        """Certify a box, once; raises ProvisionError with the reason of a refusal.

        `claims` are those that count, where they are newer than what came with the key.
        """
        limit = self.limit_of(request.pole)
        if limit is None:
            raise ProvisionError("issuer.foreign", request.pole)
        if not self._signer.certificate.not_valid_before_utc <= now <= self.ends:
            raise ProvisionError("issuer.expired", f"{self.limits.laptop}, now {now:%Y-%m-%d}")
        sha256 = claim_hash(request.claim)
        key = request_key(request)
        with self._locked():
            for entry in entries(self.journal):
                if entry.name != limit.name:
                    continue
                if again(entry, key, sha256):
                    return self._answer(entry.name, entry.certificate, agent)
                raise ProvisionError("claim.used", f"{request.pole}, by {entry.name}")
            check(limit.claims if claims is None else claims, sha256, request.pole, now)
            subject = certificates.Subject(limit.name, "device")
            leaf = certificates.make_leaf(subject, key, self._signer, now)
            pem = leaf.public_bytes(Encoding.PEM).decode() + self._texts["cert"]
            entry = Entry(
                pole=request.pole, name=limit.name, claim_sha256=sha256, csr=request.csr,
                certificate=pem, at=now,
            )  # fmt: skip
            faultpoint.reach("enrol.signed")
            self._note(entry)
        faultpoint.reach("enrol.noted")
        return self._answer(limit.name, pem, agent)

    def _answer(self, name: str, pem: str, agent: str | None) -> Answer:
        texts = self._texts
        return Answer(
            name=name, certificate=pem, ca=texts["ca"], collector=texts["collector"],
            signer=texts["signer"], agent=agent,
        )  # fmt: skip

    def answer_again(self, entry: Entry, agent: str | None) -> Answer:
        """The answer that was given for this line of the journal."""
        return self._answer(entry.name, entry.certificate, agent)

    def _note(self, entry: Entry) -> None:
        with self.journal.open("ab") as file:
            # A line that was cut off was never handed out.
            file.truncate(_whole(self.journal.read_bytes()))
            file.write(f"{entry.model_dump_json()}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(self.journal.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self.journal.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def request_key(request: Request) -> Ed25519PublicKey:
    """The key of a request that proves itself; raises ProvisionError."""
    try:
        return certificates.public_key_of(request.csr.encode())
    except ValueError as error:
        raise ProvisionError("request.invalid", f"{request.pole}: {error}") from error


def again(entry: Entry, key: Ed25519PublicKey, sha256: str) -> bool:
    """Whether the same box asks again, because the answer was lost on the way."""
    same = certificates.public_key_of(entry.csr.encode()) == key
    return same and entry.claim_sha256 == sha256


def entries(path: Path) -> tuple[Entry, ...]:
    """A journal's lines; raises ProvisionError for one that is none.

    What stands behind the last line's end was cut off while it was written, and does not count.
    """
    found = []
    data = _journal(path)
    for number, line in enumerate(data[: _whole(data)].split(b"\n")[:-1], 1):
        try:
            found.append(Entry.model_validate_json(line))
        except ValueError as error:
            raise ProvisionError("issuer.invalid", f"{path}, line {number}") from error
    return tuple(found)


def _journal(path: Path) -> bytes:
    """A journal as it came back; whoever wrote it may have put something else in its place."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise ProvisionError("issuer.invalid", f"{path}: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ProvisionError("issuer.invalid", f"{path} is no file")
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(MAX_JOURNAL_BYTES + 1)
    if len(data) > MAX_JOURNAL_BYTES:
        raise ProvisionError("issuer.invalid", f"{path}: over {MAX_JOURNAL_BYTES:,} bytes")
    return data


def _whole(data: bytes) -> int:
    """How many bytes whole lines take."""
    return data.rfind(b"\n") + 1
