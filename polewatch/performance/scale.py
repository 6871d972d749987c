"""Writes docs/reference/scale.md, the plan for larger cities, from the kept results.

`python -m polewatch.performance.scale`, which `make docs` runs. Every number is either measured
(and says by which command), a fact of the field, or an assumption that is named as one.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collector.broker.nats import MAX_STORE_BYTES
from polewatch.bench.centre_command import DEVICES
from polewatch.performance.result import Result, read_all

PAGE: Final = Path("docs/reference/scale.md")
CENTRE, UPLINK = "centre-nats", "uplink"
CITIES: Final = (2_067, 16_000, 100_000)
"""Gyeyang-gu, Incheon's ten districts, and beyond."""
CAMERAS_A_BOX: Final = 4
FINDINGS_DAY: Final = 20
PEAK: Final = 10
HEALTH_S: Final = 30
"""The agent's default."""
KEPT_DAYS: Final = 30
INCIDENT_DAYS: Final = 365
BUSY_CORE: Final = 0.5
WATCHED: Final = 0.01
RELAYED: Final = 0.3
STREAM_MBIT: Final = 4
DAY_S: Final = 86_400
SHARDS: Final = 256


class MissingError(Exception):
    """A measurement that the plan rests on and that nobody has kept."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the plan rests on, out of kept results."""

    drained_per_s: float
    message_cpu_ms: float
    health_cpu_ms: float
    connects_per_s: float
    broker_mb: float
    """For each device."""
    message_bytes: float
    """In the collector's database."""
    incident_bytes: float | None
    """Of it what outlives the messages, for each finding; None in a result of before."""
    finding_kb: float
    idle_day_mb: float
    commands: dict[str, str]

    @classmethod
    def of(cls, results: Sequence[Result]) -> Measured:
        """Raises MissingError naming what to run."""
        centre, uplink = _Figures(results, CENTRE), _Figures(results, UPLINK)
        message_ms = centre.value("storm: collector's CPU a message")
        cores = centre.value("steady: cores that the collector takes")
        health_s = centre.value("steady: reports of figures")
        events = centre.value("steady: messages") * message_ms / 1000
        return cls(
            drained_per_s=centre.value("storm: messages receipted"),
            message_cpu_ms=message_ms,
            health_cpu_ms=max(0.0, cores - events) / health_s * 1000,
            connects_per_s=DEVICES / centre.value("all connected, mutual TLS"),
            broker_mb=centre.value("memory of the broker") / DEVICES,
            message_bytes=centre.value("database a message"),
            incident_bytes=centre.found("database a finding, for a year"),
            finding_kb=uplink.value("a finding"),
            idle_day_mb=uplink.value("uplink, a day without findings"),
            commands={CENTRE: centre.command, UPLINK: uplink.command},
        )


class _Figures:
    def __init__(self, results: Sequence[Result], name: str) -> None:
        self._name = name
        self._found = next((one for one in results if one.name == name), None)

    @property
    def command(self) -> str:
        return "" if self._found is None else self._found.command

    def found(self, label: str) -> float | None:
        figures = () if self._found is None else self._found.figures
        return next((one.value for one in figures if one.label == label), None)

    def value(self, label: str) -> float:
        value = self.found(label)
        if not value:
            raise MissingError(
                f"{label!r} of {self._name} was not kept; run 'polewatch bench"
                f" {self._name.partition('-')[0]} --keep'"
            )
        return value


@dataclass(frozen=True, slots=True)
class City:
    """The plan for one size."""

    cameras: int
    measured: Measured

    @property
    def boxes(self) -> int:
        return math.ceil(self.cameras / CAMERAS_A_BOX)

    @property
    def messages_per_s(self) -> float:
        """Openings and ends, over the whole day."""
        return self.cameras * FINDINGS_DAY * 2 / DAY_S

    @property
    def health_per_s(self) -> float:
        return self.boxes / HEALTH_S

    @property
    def peak_cores(self) -> float:
        """Of collectors, in the busiest hour."""
        events = self.messages_per_s * PEAK * self.measured.message_cpu_ms
        return (events + self.health_per_s * self.measured.health_cpu_ms) / 1000

    @property
    def collectors(self) -> int:
        return max(1, math.ceil(self.peak_cores / BUSY_CORE))

    @property
    def broker_gb(self) -> float:
        return self.boxes * self.measured.broker_mb / 1000

    @property
    def reconnect_s(self) -> float:
        """Until all are connected again, on one broker as it was measured."""
        return self.boxes / self.measured.connects_per_s

    @property
    def outage_s(self) -> float:
        """Until an hour's backlog of the busiest hour is drained."""
        backlog = self.messages_per_s * PEAK * 3600
        return backlog / (self.measured.drained_per_s * self.collectors)

    @property
    def database_gb(self) -> float:
        return self.cameras * FINDINGS_DAY * 2 * KEPT_DAYS * self.measured.message_bytes / 1e9

    @property
    def incidents_gb(self) -> float | None:
        """Of what is older than the messages."""
        a_finding = self.measured.incident_bytes
        if a_finding is None:
            return None
        return self.cameras * FINDINGS_DAY * (INCIDENT_DAYS - KEPT_DAYS) * a_finding / 1e9

    @property
    def broker_store_gb(self) -> float:
        """What the broker keeps when no collector reads for a day."""
        return self.cameras * FINDINGS_DAY * self.measured.finding_kb / 1e6

    @property
    def poles_tb(self) -> float:
        """Of recordings, on the disks of all poles together."""
        return self.cameras * STREAM_MBIT / 8 * DAY_S * KEPT_DAYS / 1e6

    @property
    def pictures_gb(self) -> float:
        """At most: what a finding takes on the line, nearly all of it its picture."""
        return self.cameras * FINDINGS_DAY * KEPT_DAYS * self.measured.finding_kb / 1e6

    @property
    def uplink_mbit(self) -> float:
        """Into the centre, over the whole day."""
        idle = self.boxes * self.measured.idle_day_mb
        return (idle + self.cameras * FINDINGS_DAY * self.measured.finding_kb / 1000) * 8 / DAY_S

    @property
    def peak_mbit(self) -> float:
        """Into the centre, in the busiest hour."""
        findings_s = self.cameras * FINDINGS_DAY * PEAK / DAY_S
        idle = self.boxes * self.measured.idle_day_mb * 8 / DAY_S
        return idle + findings_s * self.measured.finding_kb * 8 / 1000

    @property
    def video_gbit(self) -> float:
        """What streaming every camera would take."""
        return self.cameras * STREAM_MBIT / 1000

    @property
    def turn_mbit(self) -> float:
        """Through the relay, in and out."""
        return self.cameras * WATCHED * RELAYED * STREAM_MBIT * 2


ROWS: Final = (
    ("boxes, each one connection", "boxes", "{:,.0f}", "4 cameras a box (3 to 5 in the field)"),
    (
        "messages of findings a second", "messages_per_s", "{:,.2f}",
        "20 findings a camera and day, two messages each",
    ),
    (
        "reports of figures a second", "health_per_s", "{:,.0f}",
        f"every {HEALTH_S} s, the agent's default",
    ),
    (
        "collector cores, busiest hour", "peak_cores", "{:,.2f}",
        "measured CPU a message and a report; the busiest hour ten times the mean (assumed)",
    ),
    ("collectors", "collectors", "{:,.0f}", "each at most half a core busy (assumed)"),
    ("broker's memory, GB", "broker_gb", "{:,.2f}", "measured memory a device"),
    ("all connected again, s", "reconnect_s", "{:,.0f}", "measured, one broker on two cores"),
    (
        "an hour's backlog drained, s", "outage_s", "{:,.0f}",
        "measured drain of one collector, times the collectors",
    ),
    ("database: messages, 30 days, GB", "database_gb", "{:,.1f}", "measured bytes a message"),
    (
        "and their incidents, the rest of a year, GB", "incidents_gb", "{:,.1f}",
        "measured bytes a finding of what outlives its messages",
    ),
    ("pictures, 30 days, GB", "pictures_gb", "{:,.0f}", "measured bytes a finding"),
    (
        "broker's disk, a day without a collector, GB", "broker_store_gb", "{:,.1f}",
        f"measured bytes a finding; nats-server keeps {MAX_STORE_BYTES // 1024**3} GiB at most",
    ),
    (
        "recordings on all poles, 30 days, TB", "poles_tb", "{:,.0f}",
        "4 Mbit/s a camera, day and night: on the poles' own disks",
    ),
    ("into the centre, Mbit/s", "uplink_mbit", "{:,.1f}", "measured bytes of a day"),
    (
        "the same, busiest hour, Mbit/s", "peak_mbit", "{:,.1f}",
        "ten times the findings (assumed)",
    ),
    ("instead of video, Gbit/s", "video_gbit", "{:,.1f}", "4 Mbit/s a camera"),
    (
        "TURN, Mbit/s", "turn_mbit", "{:,.0f}",
        "one camera in 100 watched, three in ten relayed (assumed), in and out",
    ),
)  # fmt: skip

HEAD = """# Larger cities

*Status: written by `make docs` from the results of [performance](performance.md); do not edit.*

What 2,067, 16,000 and 100,000 cameras need, reckoned from what was measured with 2,067 devices on
one two-core machine. A number is as good as its last column: measured ones name what they were
measured by below, the others are facts of the field or assumptions, and say so. Nothing larger
than the measured size was run.
"""

PLAIN = """
## What follows

* **Connections** come first: a broker's cost is its connections, not its messages. Spread them over
  a cluster of nats-servers once one machine is too small; `polewatch bench centre --broker cluster`
  measures that form, with a node killed in the storm.
* **Reports of figures** outnumber findings by far. Where collectors or the line run short, a longer
  `health_interval_s` is the first and cheapest step: twice as long is half the cost, and a state
  that changes is told at once all the same.
* **More than one collector** needs what is not built: each would subscribe to its share of the 256
  shards that every topic carries (`pw/up/+/{shard}/…`), with a database of its own, and the
  console would have to ask all of them. One collector carries the cameras named above at half a
  core; beyond that, this page is a plan, not a promise.
* **TURN** relays bytes and decodes nothing. Its bandwidth stands above; its CPU was not measured.
* **Storage** of the centre is pictures and messages for 30 days (longer where a case holds them),
  and a year of incidents; buy twice the sum of the three, for a backup is as large. Recordings
  never leave the poles: a pole's disk that is to reach 30 days back holds 1.3 TB a camera.
* **The broker's disk** matters while no collector reads. When it is full, poles keep what is
  theirs and send it later: nothing is lost, and it comes late.
* **Descriptors**: a broker needs one a box and those to spare; its unit asks for 65,536.
"""


def page(results: Sequence[Result]) -> str:
    """The page as Markdown."""
    try:
        measured = Measured.of(results)
    except MissingError as error:
        return f"{HEAD}\nNot measured yet: {error}.\n"
    cities = [City(cameras, measured) for cameras in CITIES]
    head = "| cameras | " + " | ".join(f"{one.cameras:,}" for one in cities) + " | from |"
    rows = [head, "|---|" + "---|" * (len(cities) + 1)]
    for title, name, form, basis in ROWS:
        found = [getattr(one, name) for one in cities]
        values = " | ".join("not measured yet" if v is None else form.format(v) for v in found)
        rows.append(f"| {title} | {values} | {basis} |")
    one = cities[0]
    most = one.cameras * BUSY_CORE / one.peak_cores
    facts = [
        f"one collector at half a core carries about {most:,.0f} cameras in their busiest hour",
        f"a message of a finding takes the collector {measured.message_cpu_ms:.2f} ms of CPU, "
        f"incidents and deliveries included, and {measured.message_bytes:,.0f} bytes of its "
        f"database; a report of figures {measured.health_cpu_ms:.2f} ms",
        f"one collector drains {measured.drained_per_s:,.0f} messages a second",
        f"{measured.connects_per_s:,.0f} devices connect a second, and each takes the broker "
        f"{measured.broker_mb:.2f} MB",
        f"measured by `{measured.commands[CENTRE]}`",
        f"a finding takes {measured.finding_kb:.1f} kB on the line with its picture, a box without "
        f"findings {measured.idle_day_mb:.1f} MB a day: measured by "
        f"`{measured.commands[UPLINK]}`",
        f"{SHARDS // max(1, cities[-1].collectors)} shards a collector at "
        f"{cities[-1].cameras:,} cameras",
    ]
    told = "\n".join(f"* {fact}" for fact in facts)
    return HEAD + "\n" + "\n".join(rows) + f"\n\n## Measured\n\n{told}\n" + PLAIN


def main(root: Path | None = None) -> int:
    """Write the page below `root` (the working folder); 0, or 1 with the reason on stderr."""
    root = Path.cwd() if root is None else root
    try:
        results = read_all(root)
    except (OSError, ValueError) as error:
        print(f"scale: {error}", file=sys.stderr)
        return 1
    (root / PAGE).write_text(page(results), encoding="utf-8")
    print(f"written: {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
