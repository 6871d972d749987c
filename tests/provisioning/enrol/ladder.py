"""A city with a centre, a laptop and boxes, for tests of enrolment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from provisioning.authority import Authority
from provisioning.enrol import box
from provisioning.enrol.claims import Claims
from provisioning.enrol.laptop import Laptop
from provisioning.enrol.laptops import make_laptop
from provisioning.enrol.messages import Answer, Request
from wire.clock import SimulatedClock


@dataclass
class Ladder:
    """Poles gy-001 and gy-002 may be enrolled by the laptop `kim`; gy-003 may not."""

    city: Authority
    folder: Path
    clock: SimulatedClock
    claims: dict[str, str]
    laptop: Laptop

    @classmethod
    def make(cls, city: Authority, folder: Path, clock: SimulatedClock, days: int = 7) -> Ladder:
        book = Claims(city.folder)
        poles = ("gy-001", "gy-002", "gy-003")
        claims = {pole: book.issue(pole, clock.now(), timedelta(days=30)) for pole in poles}
        make_laptop(city, "kim", poles[:2], folder / "laptop", clock.now(), days)
        return cls(city, folder, clock, claims, Laptop(folder / "laptop"))

    def request(self, pole: str, *, box_name: str = "", claim: str | None = None) -> Request:
        """What a box asks; each name is a box with a key of its own."""
        return box.request(self.box(box_name or pole), pole, claim or self.claims[pole])

    def sign(self, request: Request) -> Answer:
        return self.laptop.sign(request, self.clock.now())

    def box(self, name: str) -> Path:
        return self.folder / "boxes" / name


def centre(folder: Path, clock: SimulatedClock, *, desk: bool = False) -> Authority:
    """An authority with what a laptop needs to hand on, and a desk where one is wanted."""
    city = Authority.init(folder, "gyeyang", clock)
    with city.batch():
        if desk:
            city.issue_service("desk", "desk", hosts=("127.0.0.1",))
        city.issue_service("collector", "collector")
        city.issue_service("signer", "signer", hosts=("localhost",))
    return city
