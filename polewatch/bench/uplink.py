"""What a pole sends, beside what its camera would: a real agent over real footage, twice.

Once with nothing to look for, which leaves presence and figures, and once with rules that somebody
meets all the time, which tells what one finding costs.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from polewatch.demo.processes import ProcessError
from polewatch.demo.run import Demo
from polewatch.demo.site import Asked
from polewatch.fleet.city_day import PER_CAMERA_DAY
from polewatch.performance.result import Figure, Peer, Result, result
from wire.health import Health

DAY_S = 86_400
HEALTH_S = 30.0
"""The agent's own default."""
CITY_BITS_PER_S = 4_000_000
"""Of a city's 1080p camera (DOMAIN, section 1)."""
ZONES: tuple[Asked, ...] = (
    {"id": "street", "polygon": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]},
)
RULES: tuple[Asked, ...] = (
    {"id": "anybody", "type": "intrusion", "zone": "street", "cooldown_s": 5},
    {"id": "stays", "type": "loitering", "zone": "street", "seconds": 3, "cooldown_s": 5},
)


WARM_UP_S = 15.0
"""Connecting, presence and the first states are over: they come once, not once a minute."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One run of the agent, in bytes, between a look after its start and its end."""

    seconds: float
    messages: int
    """Numbered: openings, updates and ends of findings."""
    mqtt_bytes: int
    """Acknowledged by the broker's TCP, TLS and MQTT framing included."""
    camera_bytes: int
    """What the camera sent to the agent."""


@dataclass(frozen=True, slots=True)
class UplinkBench:
    """Both runs, and what follows from them."""

    video: str
    idle: Sent
    busy: Sent

    @property
    def camera_day(self) -> float:
        """Bytes of this camera's video in a day."""
        return self.busy.camera_bytes / self.busy.seconds * DAY_S

    @property
    def idle_day(self) -> float:
        """Bytes of a day in which nothing happens."""
        return self.idle.mqtt_bytes / self.idle.seconds * DAY_S

    @property
    def finding(self) -> float | None:
        """Bytes of one finding: opening, picture, end; None when there was none."""
        if not self.busy.messages:
            return None
        spent = self.busy.mqtt_bytes - self.idle_day / DAY_S * self.busy.seconds
        # Of a finding that goes on there may be more than its opening and its end.
        return spent / self.busy.messages * 2

    @property
    def day(self) -> float | None:
        """Bytes of a day with as many findings as a city's camera has."""
        return None if self.finding is None else self.idle_day + PER_CAMERA_DAY * self.finding


def measure(video: Path, seconds: float) -> UplinkBench:
    """Both runs, of `seconds` each; raises ProcessError."""
    return UplinkBench(video.name, _run(video, seconds, ()), _run(video, seconds, RULES))


def _run(video: Path, seconds: float, rules: Sequence[Asked]) -> Sent:
    with (
        tempfile.TemporaryDirectory(prefix="polewatch-uplink-") as folder,
        Demo(Path(folder), zones=ZONES, rules=rules, clip_file=video, health_s=HEALTH_S) as demo,
    ):
        began = _watch(demo, WARM_UP_S)
        _watch(demo, seconds)
        demo.finish()
        ended = demo.books.health()
    if began is None or ended is None or ended.uptime_s <= began.uptime_s:
        raise ProcessError("the agent left no figures")
    return Sent(
        seconds=round(ended.uptime_s - began.uptime_s, 1),
        messages=ended.outbox.committed - began.outbox.committed,
        mqtt_bytes=ended.mqtt_bytes - began.mqtt_bytes,
        camera_bytes=_camera_bytes(ended) - _camera_bytes(began),
    )


def _watch(demo: Demo, seconds: float) -> Health | None:
    """The newest figures after so long; raises ProcessError."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        demo.tick()
        time.sleep(0.2)
    return demo.books.health()


def _camera_bytes(health: Health) -> int:
    return sum(camera.bytes_received for camera in health.cameras)


def kept(found: UplinkBench, command: str) -> Result:
    """For the page of performance."""
    busy = found.busy
    busy_day = busy.mqtt_bytes / busy.seconds * DAY_S
    video = Peer(name="streaming this camera", value=round(found.camera_day / 1e6, 1))
    city = CITY_BITS_PER_S / 8 * DAY_S
    return result(
        "uplink",
        "pole",
        "What leaves the pole",
        command=command,
        condition=(
            f"A real agent, {found.idle.seconds:.0f} s of {found.video} with nothing to look for"
            f" and {busy.seconds:.0f} s with rules that somebody meets all the time; figures every"
            f" {HEALTH_S:g} s; bytes that the broker's TCP acknowledged, TLS included"
        ),
        figures=(
            Figure(
                label="uplink, a day without findings", value=round(found.idle_day / 1e6, 2),
                unit="MB", peer=video, basis="presence and figures",
            ),
            Figure(
                label="uplink, a day like the busy run", value=round(busy_day / 1e6, 1),
                unit="MB", peer=video, basis=f"{busy.messages} messages in {busy.seconds:.0f} s",
            ),
            Figure(
                label="a finding", value=None if found.finding is None
                else round(found.finding / 1e3, 1), unit="kB", basis="opening, picture and end",
            ),
            Figure(
                label="uplink, a day of a city's camera",
                value=None if found.day is None else round(found.day / 1e6, 2), unit="MB",
                peer=Peer(name="streaming 4 Mbit/s", value=round(city / 1e6)),
                basis=f"reckoned from the above: {PER_CAMERA_DAY} findings",
            ),
        ),
    )  # fmt: skip
