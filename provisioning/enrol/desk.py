"""The desk of the centre: enrols boxes over the network with keys that can do little.

It holds what a laptop holds, some days' keys for named boards; see docs/design/enrolment.md. The
keeper beside the authority hands them over in `keys` and takes the journals back from `data`.
"""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

from provisioning.enrol.claims import check, claim_hash
from provisioning.enrol.configuration import agent_text
from provisioning.enrol.laptop import Laptop, again, entries, request_key
from provisioning.enrol.messages import Answer, Entry, PoleLimit, Prepared, Request, read
from provisioning.problems import ProvisionError
from provisioning.site.model import load_site

PREPARED = "prepared.json"
MAX_PREPARED_BYTES = 64_000_000


class Desk:
    """Decides about requests; safe from any thread."""

    def __init__(self, keys: Path, sites: Path, data: Path) -> None:
        self._keys = keys
        self._sites = sites
        self._data = data
        self._lock = threading.Lock()
        self._stamp: tuple[int, tuple[str, ...]] | None = None
        self._prepared: dict[str, PoleLimit] = {}
        self._laptops: list[Laptop] = []
        self._lines: dict[str, tuple[Entry, ...]] = {}
        """Of each key's journal, which nobody else writes."""
        data.mkdir(parents=True, exist_ok=True, mode=0o700)

    def enrol(self, request: Request, now: datetime) -> Answer:
        """The answer for a box; raises ProvisionError with the reason of a refusal.

        The same box with the same claim gets the same answer again while its certificate lasts.
        """
        key, sha256 = request_key(request), claim_hash(request.claim)
        with self._lock:
            self._refresh()
            for laptop in self._laptops:
                for entry in self._lines[laptop.folder.name]:
                    if entry.pole == request.pole and again(entry, key, sha256):
                        if now > laptop.ends:
                            raise ProvisionError("claim.expired", f"{entry.name}'s answer")
                        agent = self._agent(request.pole, laptop)
                        return laptop.answer_again(entry, agent)
            prepared = self._prepared.get(request.pole)
            if prepared is None:
                raise ProvisionError("claim.invalid", request.pole)
            check(prepared.claims, sha256, request.pole, now)
            laptop = self._laptop_for(prepared, now)
            agent = self._agent(request.pole, laptop)
            try:
                return laptop.sign(request, now, agent, prepared.claims)
            finally:
                self._lines[laptop.folder.name] = entries(laptop.journal)

    def _laptop_for(self, prepared: PoleLimit, now: datetime) -> Laptop:
        for laptop in reversed(self._laptops):
            limit = laptop.limit_of(prepared.pole)
            if limit is not None and limit.name == prepared.name and now <= laptop.ends:
                return laptop
        raise ProvisionError("desk.not-ready", prepared.name)

    def _agent(self, pole: str, laptop: Laptop) -> str:
        limit = laptop.limit_of(pole)
        assert limit is not None
        path = self._sites / f"{pole}.yaml"
        site = load_site(path)
        if site.pole != pole:
            raise ProvisionError("enrol.mismatch", f"{path} is of {site.pole}")
        return agent_text(site, limit.shard)

    def _refresh(self) -> None:
        """Read what the keeper handed over, when it changed."""
        path = self._keys / PREPARED
        try:
            # Before the keys are looked at: the keeper writes them first and this file last.
            written = path.stat().st_mtime_ns
        except OSError:
            raise ProvisionError("desk.not-ready", f"{path} is not there") from None
        found = (one.parent.name for one in self._keys.glob("*/limits.json"))
        names = tuple(sorted(found, key=lambda name: (len(name), name)))
        stamp = (written, names)
        if stamp == self._stamp:
            return
        prepared = read(path, Prepared, MAX_PREPARED_BYTES)
        self._laptops = [Laptop(self._keys / name, self._data / f"{name}.jsonl") for name in names]
        self._lines = {one.folder.name: entries(one.journal) for one in self._laptops}
        self._prepared = {one.pole: one for one in prepared.poles}
        self._stamp = stamp
