"""The authority's side: makes laptops, and judges by its own memory what they bring back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from provisioning import certificates
from provisioning.authority import Authority, AuthorityError
from provisioning.enrol.claims import Claim, Claims
from provisioning.enrol.laptop import JOURNAL, entries
from provisioning.enrol.messages import Answer, Entry, Limits, PoleLimit, read
from provisioning.files import write_for_group, write_private, write_public
from provisioning.problems import ProvisionError
from wire import faultpoint
from wire.names import is_name
from wire.register import shard_of

MAX_DAYS = 14
LOST = "lost"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one line of a journal."""

    entry: Entry
    state: str
    """`taken`, `known` (taken before) or `refused`."""
    problem: ProvisionError | None = None

    def as_json(self) -> dict[str, object]:
        told = {"pole": self.entry.pole, "name": self.entry.name, "state": self.state}
        return {**told, **({} if self.problem is None else self.problem.as_json())}


def make_laptop(
    authority: Authority,
    name: str,
    poles: Sequence[str],
    out: Path,
    now: datetime,
    days: int,
    *,
    group: bool = False,
) -> Limits:
    """Fill `out` with a laptop's folder for the next board of each pole.

    With `group` the folder's group may read the key: the desk of the centre is no laptop that is
    handed over, but another account of the same machine. Raises ProvisionError, AuthorityError.
    """
    kept = authority.folder / "laptops" / name
    if not is_name(name):
        raise AuthorityError("name.invalid", f"laptop {name!r}")
    if kept.exists() or out.exists():
        there = kept if kept.exists() else out
        raise AuthorityError("laptop.invalid", f"{there} is there already")
    if not 1 <= days <= MAX_DAYS:
        raise AuthorityError("laptop.invalid", f"{days} days; it lives 1 to {MAX_DAYS} days")
    claims = Claims(authority.folder)
    limits = tuple(
        limit_of(authority, pole, tuple(one for one in claims.of(pole) if one.usable))
        for pole in dict.fromkeys(poles)
    )
    if not limits:
        raise AuthorityError("laptop.invalid", f"{name}: name the poles that it may enrol")
    issuing = authority.issuing()
    names = [limit.name for limit in limits]
    made = certificates.make_laptop(name, names, issuing, now, timedelta(days=days))
    site = authority.register.site
    ends = made.certificate.not_valid_after_utc
    whole = Limits(laptop=name, site=site, expires_at=ends, poles=limits)
    chain = b"".join(one.certificate.public_bytes(Encoding.PEM) for one in (made, issuing))
    own = {role: _service(authority, role) for role in ("collector", "signer")}
    kept.mkdir(parents=True, mode=0o700)
    write_public(kept / "cert.pem", chain)
    write_public(kept / "limits.json", whole.model_dump_json(indent=1).encode())
    revoked = certificates.make_revocations([], made, now)
    write_public(kept / "crl.pem", revoked.public_bytes(Encoding.PEM))
    with authority.batch(anyway=True):
        pass  # writes the revocation lists anew, with the laptop's
    out.mkdir(parents=True, mode=0o750 if group else 0o700)
    key = made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (write_for_group if group else write_private)(out / "key.pem", key)
    write_public(out / "cert.pem", chain)
    write_public(out / "ca.pem", authority.ca_file.read_bytes())
    for role, pem in own.items():
        write_public(out / f"{role}.pem", pem)
    write_public(out / "limits.json", whole.model_dump_json(indent=1).encode())
    return whole


def report_lost(authority: Authority, name: str, now: datetime) -> tuple[str, ...]:
    """From now on nothing that this laptop brings back is taken; gives the boards it was given.

    Those among them that are enrolled are to be revoked where it was stolen. Raises AuthorityError.
    """
    kept = authority.folder / "laptops" / name
    if not is_name(name) or not (kept / "limits.json").is_file():
        raise AuthorityError("name.unknown", f"laptop {name!r}")
    if not (kept / LOST).exists():
        write_public(kept / LOST, f"{now:%Y-%m-%d %H:%M} UTC\n".encode())
    return tuple(limit.name for limit in read(kept / "limits.json", Limits).poles)


def reconcile(authority: Authority, folder: Path) -> tuple[Outcome, ...]:
    """Take in a laptop's journal; what is misuse is refused and told, line by line.

    Raises ProvisionError when the journal as a whole cannot be believed.
    """
    claimed = read(folder / "limits.json", Limits)
    return take_in(authority, claimed.laptop, entries(folder / JOURNAL))


def take_in(authority: Authority, laptop: str, lines: Sequence[Entry]) -> tuple[Outcome, ...]:
    """Take in what `laptop` says that it enrolled; raises ProvisionError for a laptop of no trust.

    Cut off anywhere, it can be repeated: the register comes first, then the claims are spent.
    """
    kept = authority.folder / "laptops" / laptop
    if not is_name(laptop) or not (kept / "cert.pem").is_file():
        raise ProvisionError("issuer.invalid", f"no laptop {laptop} was ever made here")
    if (kept / LOST).exists():
        when = (kept / LOST).read_text().strip()
        raise ProvisionError("issuer.lost", f"{laptop}, since {when}")
    limits = read(kept / "limits.json", Limits)
    issuer = x509.load_pem_x509_certificates((kept / "cert.pem").read_bytes())[0]
    found: list[Outcome] = []
    claims = Claims(authority.folder)
    spent: dict[str, str] = {}
    with authority.batch():
        for entry in lines:
            try:
                state = _take(authority, claims, limits, issuer, entry)
                if any(one.pole == entry.pole for one in claims.all_of(entry.claim_sha256)):
                    spent[entry.claim_sha256] = entry.name
                found.append(Outcome(entry, state))
            except ProvisionError as problem:
                found.append(Outcome(entry, "refused", problem))
        faultpoint.reach("reconcile.judged")
    faultpoint.reach("reconcile.registered")
    claims.use_all(spent)
    return tuple(found)


def _take(
    authority: Authority,
    claims: Claims,
    limits: Limits,
    issuer: x509.Certificate,
    entry: Entry,
) -> str:
    limit = next((one for one in limits.poles if one.pole == entry.pole), None)
    if limit is None or limit.name != entry.name:
        raise ProvisionError("issuer.foreign", f"{limits.laptop}: {entry.name}")
    try:
        leaf = x509.load_pem_x509_certificate(entry.certificate.encode())
        leaf.verify_directly_issued_by(issuer)
        key = certificates.public_key_of(entry.csr.encode())
    except (ValueError, TypeError, InvalidSignature) as error:
        raise ProvisionError("issuer.invalid", f"{entry.name}: {error}") from error
    if leaf.public_key() != key:
        raise ProvisionError("issuer.invalid", f"{entry.name}: another key than it asked for")
    if not issuer.not_valid_before_utc <= entry.at <= issuer.not_valid_after_utc:
        raise ProvisionError("issuer.expired", f"{entry.name}, made {entry.at:%Y-%m-%d}")
    if leaf.not_valid_after_utc > issuer.not_valid_after_utc:
        raise ProvisionError("issuer.expired", f"{entry.name} outlives the laptop's key")
    if any(one.name == entry.name for one in authority.register.devices):
        if authority.certificate(entry.name).public_key() != key:
            raise ProvisionError("issuer.twice", entry.name)
        return "known"
    claims.check(entry.claim_sha256, entry.pole, entry.at)
    generation = int(entry.name.rpartition("-")[2])
    authority.issue_device(entry.pole, csr=entry.csr.encode(), generation=generation, replace=True)
    return "taken"


def answer_of(authority: Authority, name: str) -> Answer:
    """The ordinary certificate of a box that a laptop enrolled, to be installed on it."""
    return Answer(
        name=name,
        certificate=(authority.identity(name) / "cert.pem").read_text(),
        ca=authority.ca_file.read_text(),
        collector=_service(authority, "collector").decode(),
        signer=_service(authority, "signer").decode(),
        agent=None,
    )


def limit_of(authority: Authority, pole: str, claims: tuple[Claim, ...]) -> PoleLimit:
    """The next board of a pole and the claims that count for it; raises AuthorityError."""
    if not is_name(pole):
        raise AuthorityError("name.invalid", f"pole {pole!r}")
    boards = [entry for entry in authority.register.devices if entry.pole == pole]
    generation = max((entry.generation for entry in boards), default=0) + 1
    shard = boards[-1].shard if boards else shard_of(pole)
    return PoleLimit(pole=pole, name=f"{pole}-{generation}", shard=shard, claims=claims)


def _service(authority: Authority, role: str) -> bytes:
    for entry in authority.register.services:
        if entry.role == role and not entry.revoked:
            return (authority.folder / entry.certificate).read_bytes()
    raise AuthorityError("laptop.invalid", f"no {role} is enrolled yet")
