"""The keeper: beside the authority, without a door; hands keys to the desk, takes boxes in.

Only here is the city's issuing key used. What comes back from the desk is judged as what a laptop
brings back, by the authority's own memory.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from provisioning.authority import Authority, days_left
from provisioning.enrol.claims import FILE as CLAIMS
from provisioning.enrol.claims import Claims
from provisioning.enrol.desk import PREPARED
from provisioning.enrol.laptop import Laptop, entries
from provisioning.enrol.laptops import Outcome, limit_of, make_laptop, take_in
from provisioning.enrol.messages import PoleLimit, Prepared
from provisioning.files import write_public
from provisioning.problems import ProvisionError
from wire import faultpoint
from wire.clock import Clock

POLES_A_KEY = 100
"""So that a certificate with all their names stays far below what TLS peers take."""
TERM_DAYS = 7
AFRESH = timedelta(days=2)
"""A key that ends sooner is no key for a box that waits."""
RENEW_DAYS = 60
LOOK = timedelta(hours=1)
"""Terms are looked at so often; files whenever they change."""
REFUSED = "refused.jsonl"
REGISTER = "register.yaml"
REFUSED_BYTES = 1_000_000

log = structlog.get_logger()


class Keeper:
    """`step` does all that is due; call it again and again, from one thread."""

    def __init__(
        self,
        authority: Authority,
        keys: Path,
        journals: Path,
        clock: Clock,
        publish: Path | None = None,
    ) -> None:
        """`keys` is written here and read by the desk, `journals` the other way round.

        `publish` is given what brokers, collector and signer read, and nothing that is secret.
        """
        self._authority = authority
        self._keys = keys
        self._journals = journals
        self._clock = clock
        self._published = publish
        self._stamps: dict[Path, tuple[int, int]] = {}
        self._looked_at: datetime | None = None
        keys.mkdir(parents=True, exist_ok=True, mode=0o750)

    def step(self) -> tuple[Outcome, ...]:
        """Take in what the desk enrolled, renew what ends soon, prepare what waits.

        Raises AuthorityError, ProvisionError or OSError when it cannot; it can be repeated.
        """
        found = [one for name in self._desk_keys() for one in self._take_back(name)]
        now = self._clock.now()
        watched = (self._authority.folder / CLAIMS, self._authority.register_file)
        stamps = {path: _stamp(path) for path in watched}
        due = self._looked_at is None or not timedelta(0) <= now - self._looked_at < LOOK
        if due or any(self._stamps.get(path) != stamp for path, stamp in stamps.items()):
            self._renew(now)
            self._prepare(now)
            self._publish()
            # Of before: what was written since, here or elsewhere, is looked at once more.
            self._stamps |= stamps
            self._looked_at = now
        return tuple(found)

    def _take_back(self, name: str) -> Sequence[Outcome]:
        journal = self._journals / f"{name}.jsonl"
        stamp = _stamp(journal)
        if stamp == self._stamps.get(journal, (0, 0)):
            return ()
        try:
            outcomes = take_in(self._authority, name, entries(journal))
        except ProvisionError as problem:
            log.error("keeper.refused", key=name, code=problem.code, detail=problem.detail)
            outcomes = ()
        for one in outcomes:
            if one.problem is not None:
                self._note(name, one, one.problem)
            elif one.state == "taken":
                log.info("keeper.taken", name=one.entry.name, key=name)
        self._stamps[journal] = stamp
        return [one for one in outcomes if one.state != "known"]

    def _note(self, key: str, one: Outcome, problem: ProvisionError) -> None:
        """Keep a refusal, once."""
        same = json.dumps({"key": key, **one.as_json()}, ensure_ascii=False)[1:-1]
        path = self._authority.folder / REFUSED
        known = path.read_text(encoding="utf-8") if path.is_file() else ""
        if same in known:
            return
        log.error("keeper.refused", name=one.entry.name, key=key, code=problem.code)
        if len(known) < REFUSED_BYTES:
            at = self._clock.now().isoformat()
            with path.open("a", encoding="utf-8") as file:
                file.write(f'{{"at": "{at}", {same}}}\n')

    def _renew(self, now: datetime) -> None:
        with self._authority.batch():
            newest = {item.name: item for item in self._authority.issued()}
            due = [
                entry.name
                for entry in self._authority.register.devices
                if not entry.revoked and days_left(newest[entry.name], now) < RENEW_DAYS
            ]
            for name in due:
                self._authority.renew(name)
        if due:
            log.info("keeper.renewed", devices=len(due))

    def _prepare(self, now: datetime) -> None:
        """Have a key for every pole that waits; the keys first, then the list that names them."""
        self._drop_ended(now)
        claims = Claims(self._authority.folder)
        poles = tuple(
            limit_of(self._authority, pole, claims.of(pole))
            for pole in dict.fromkeys(one.pole for one in claims.all)
        )
        lasting = [
            limit.name
            for name in self._desk_keys()
            if (laptop := Laptop(self._keys / name)).ends - now >= AFRESH
            for limit in laptop.limits.poles
        ]
        waiting = [one.pole for one in poles if _waits(one, now) and one.name not in lasting]
        for first in range(0, len(waiting), POLES_A_KEY):
            some = waiting[first : first + POLES_A_KEY]
            name = self._free_name()
            make_laptop(self._authority, name, some, self._keys / name, now, TERM_DAYS, group=True)
            log.info("keeper.key", key=name, poles=len(some))
            faultpoint.reach("keeper.key")
        text = Prepared(poles=poles).model_dump_json().encode()
        path = self._keys / PREPARED
        if not path.is_file() or path.read_bytes() != text:
            write_public(path, text)

    def _drop_ended(self, now: datetime) -> None:
        """Of keys whose term is over, and of such as were cut off while they were made."""
        for folder in self._keys.glob("desk-*"):
            whole = (folder / "limits.json").is_file()
            if not whole or Laptop(folder).ends < now:
                shutil.rmtree(folder)

    def _publish(self) -> None:
        """Certificates first and the register last: whom it names can then be checked."""
        if self._published is None:
            return
        source = self._authority.folder
        (self._published / "certs").mkdir(parents=True, exist_ok=True)
        (self._published / "certs").chmod(0o755)
        certificates = sorted(source.glob("certs/*.pem"))
        for path in (source / "ca.pem", source / "crl.pem", *certificates, source / REGISTER):
            target = self._published / path.relative_to(source)
            if _stamp(target) != _stamp(path):
                write_public(target, path.read_bytes())
                shutil.copystat(path, target)

    def _desk_keys(self) -> list[str]:
        return sorted(path.parent.name for path in self._keys.glob("desk-*/limits.json"))

    def _free_name(self) -> str:
        taken = {path.name for path in (self._authority.folder / "laptops").glob("desk-*")}
        return next(name for n in range(1, 1_000_000) if (name := f"desk-{n}") not in taken)


def _stamp(path: Path) -> tuple[int, int]:
    """Changes when the file does; (0, 0) while there is none."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return status.st_mtime_ns, status.st_size


def _waits(limit: PoleLimit, now: datetime) -> bool:
    return any(one.usable and one.expires_at >= now for one in limit.claims)


def refused(authority: Authority) -> Iterator[dict[str, str]]:
    """What was refused of what the desk brought back, oldest first."""
    path = authority.folder / REFUSED
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)
