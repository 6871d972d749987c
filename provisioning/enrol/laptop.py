"""The laptop: a folder with a short-lived issuing key, its limits, and a journal of what it did.

key.pem cert.pem   its authority; the certificate itself holds the limits
ca.pem             what boxes trust
collector.pem signer.pem
limits.json        poles, names, claims
journal.jsonl      what was issued, written before it is handed out
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from provisioning import certificates
from provisioning.enrol.claims import check, claim_hash
from provisioning.enrol.messages import Answer, Entry, Limits, Request, read
from provisioning.problems import ProvisionError

JOURNAL = "journal.jsonl"


class Laptop:
    """Opened from its folder; raises ProvisionError when that is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
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

    def sign(self, request: Request, now: datetime, agent: str | None = None) -> Answer:
        """Certify a box, once; raises ProvisionError with the reason of a refusal."""
        limit = next((one for one in self.limits.poles if one.pole == request.pole), None)
        if limit is None:
            raise ProvisionError("issuer.foreign", request.pole)
        begins = self._signer.certificate.not_valid_before_utc
        if not begins <= now <= self._signer.certificate.not_valid_after_utc:
            raise ProvisionError("issuer.expired", f"{self.limits.laptop}, now {now:%Y-%m-%d}")
        sha256 = claim_hash(request.claim)
        try:
            key = certificates.public_key_of(request.csr.encode())
        except ValueError as error:
            raise ProvisionError("request.invalid", f"{request.pole}: {error}") from error
        with self._locked():
            for entry in entries(self.folder):
                if entry.name != limit.name:
                    continue
                if certificates.public_key_of(entry.csr.encode()) == key:
                    # The same box asks again, because the answer was lost on the way.
                    return self._answer(entry.name, entry.certificate, agent)
                raise ProvisionError("claim.used", f"{request.pole}, by {entry.name}")
            check(limit.claims, sha256, request.pole, now)
            subject = certificates.Subject(limit.name, "device")
            leaf = certificates.make_leaf(subject, key, self._signer, now)
            pem = leaf.public_bytes(Encoding.PEM).decode() + self._texts["cert"]
            entry = Entry(
                pole=request.pole, name=limit.name, claim_sha256=sha256, csr=request.csr,
                certificate=pem, at=now,
            )  # fmt: skip
            self._note(entry)
        return self._answer(limit.name, pem, agent)

    def _answer(self, name: str, pem: str, agent: str | None) -> Answer:
        texts = self._texts
        return Answer(
            name=name, certificate=pem, ca=texts["ca"], collector=texts["collector"],
            signer=texts["signer"], agent=agent,
        )  # fmt: skip

    def _note(self, entry: Entry) -> None:
        with (self.folder / JOURNAL).open("a", encoding="utf-8") as file:
            file.write(f"{entry.model_dump_json()}\n")
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def entries(folder: Path) -> tuple[Entry, ...]:
    """A journal's lines; raises ProvisionError for one that is none."""
    path = folder / JOURNAL
    if not path.is_file():
        return ()
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            found.append(Entry.model_validate_json(line))
        except ValueError as error:
            raise ProvisionError("issuer.invalid", f"{path}, line {number}") from error
    return tuple(found)
