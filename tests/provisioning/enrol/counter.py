"""A city whose boxes are enrolled over the network, for tests: keeper, desk and its door."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

import yaml

from provisioning.authority import Authority
from provisioning.enrol import box, online
from provisioning.enrol.claims import Claims
from provisioning.enrol.desk import Desk
from provisioning.enrol.desk_config import DeskLimits, DeskSettings
from provisioning.enrol.door import Door
from provisioning.enrol.keeper import Keeper
from provisioning.enrol.messages import Answer, Request
from provisioning.problems import ProvisionError
from provisioning.site.model import site_text
from tests.provisioning.enrol.ladder import centre
from tests.provisioning.site.tables import imported
from wire.clock import SimulatedClock


@cache
def _site(pole: str, url: str) -> str:
    (site,) = imported({"pole": pole, "url": url}).sites
    return site_text(site)


@dataclass
class Counter:
    """Poles gy-001 and gy-002 have site files; whoever has a claim may come."""

    city: Authority
    folder: Path
    clock: SimulatedClock
    keeper: Keeper
    desk: Desk

    @classmethod
    def make(cls, folder: Path, clock: SimulatedClock) -> Counter:
        city = centre(folder / "authority", clock, desk=True)
        sites = folder / "sites"
        sites.mkdir()
        for pole, url in (("gy-001", "rtsp://10.0.0.1/a"), ("gy-002", "rtsp://10.0.0.2/a")):
            (sites / f"{pole}.yaml").write_text(_site(pole, url))
        keys, data = folder / "keys", folder / "data"
        keeper = Keeper(city, keys, data, clock)
        keeper.step()
        return cls(city, folder, clock, keeper, Desk(keys, sites, data))

    def claim(self, pole: str, days: float = 30) -> str:
        """A new claim, of which the keeper knows."""
        text = Claims(self.city.folder).issue(pole, self.clock.now(), timedelta(days=days))
        self.keeper.step()
        return text

    def request(self, pole: str, claim: str, box_name: str = "") -> Request:
        """What a box asks; each name is a box with a key of its own."""
        return box.request(self.box(box_name or pole), pole, claim)

    def ask(self, pole: str, claim: str, box_name: str = "") -> Answer:
        return self.desk.enrol(self.request(pole, claim, box_name), self.clock.now())

    def refusal(self, pole: str, claim: str, box_name: str = "") -> str:
        """The code with which the desk refuses."""
        try:
            self.ask(pole, claim, box_name)
        except ProvisionError as problem:
            return problem.code
        raise AssertionError("it was not refused")

    def box(self, name: str) -> Path:
        return self.folder / "boxes" / name

    def settings(self, limits: DeskLimits | None = None) -> DeskSettings:
        return DeskSettings.model_validate(
            {
                "identity": self.city.identity("desk"),
                "keys": self.folder / "keys",
                "sites": self.folder / "sites",
                "data": self.folder / "data",
                "http": {"port": 0},
                "limits": limits or DeskLimits(),
            }
        )

    @contextmanager
    def door(self, limits: DeskLimits | None = None) -> Iterator[Door]:
        """The desk behind its door on the loopback."""
        door = Door(self.settings(limits), self.desk, self.clock)
        thread = threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield door
        finally:
            door.shutdown()
            door.server_close()
            thread.join()

    def seed(self, pole: str, claim: str, desk: str, box_name: str = "") -> Path:
        """A box's folder as its image brings it."""
        home = self.box(box_name or pole)
        (home / "identity").mkdir(parents=True, exist_ok=True)
        (home / "identity" / "ca.pem").write_bytes(self.city.ca_file.read_bytes())
        (home / online.SEED).write_text(yaml.safe_dump({"pole": pole, "desk": desk}))
        (home / "claim").write_text(claim)
        return home
