"""What must happen once a box has power, in this order, each step timed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from polewatch.demo.clip import Sighting, view
from polewatch.demo.site import PERSON
from tests.system.boot.centre import DEVICE, Centre
from tests.system.boot.film import pictures_of
from tests.system.boot.machine import Machine
from tests.system.boot.story import Story

CLIP_S = 6.0
BEFORE, AFTER = timedelta(seconds=6), timedelta(seconds=2)
"""Of the sighting: the clip begins five seconds before it."""


def happens(
    centre: Centre, machine: Machine, story: Story, began: float, patience_s: float
) -> None:
    """From enrolment to a clip; raises AssertionError for what does not come in time."""

    def wait(what: str, condition: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + patience_s
        while not (value := condition()):
            centre.family.check()
            if not machine.running:
                raise AssertionError(f"the box ended before {what}: {machine.said()[-2000:]}")
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {patience_s:.0f} s in vain for {what}")
            time.sleep(0.2)
        story.note(f"power on → {what}", time.monotonic() - began)
        return value

    if machine.how != "plain processes":
        wait("the kernel speaks", lambda: "Linux version" in machine.said())
    wait("the centre enrolled it", lambda: _enrolled(centre))
    wait("the collector heard it", centre.box)
    wait("its camera is recorded", lambda: _recorded(centre))
    wait("the first event in the centre's database", lambda: centre.reader.summary().incidents)
    said = json.loads(wait("an agency acknowledged the incident", centre.acknowledged)[0])
    detail = centre.reader.incident(said["incident"])
    assert detail is not None
    row = detail.incident
    story.facts["incident"] = {"type": row.type, "rule": row.rule, "agency": said.get("agency")}
    began_at = max(row.opened_at, _span(centre)[0] + BEFORE)
    sighting = Sighting(row.device, row.camera, began_at, row.incident_id)
    wait("what the clip shows is recorded", lambda: _span(centre)[1] > began_at + AFTER)
    report = asyncio.run(view(centre.console, PERSON, centre.secret, sighting, CLIP_S))
    story.note("power on → a clip was served", time.monotonic() - began)
    foreign = report.transcoded_share(pictures_of(centre.film))
    first = None if report.first_frame_ms is None else round(report.first_frame_ms)
    clip = {"frames": report.frames, "first_frame_ms": first, "codec": report.codec}
    story.facts["clip"] = {**clip, "not_the_cameras_own": foreign}
    story.facts["box_cpu_s"] = round(machine.cpu_s(), 1)
    box = centre.box()
    if box is not None and box.health is not None:
        outbox, camera = box.health.outbox, box.health.cameras[0]
        story.facts["health"] = {
            "events": outbox.committed, "receipts": outbox.receipts, "fps": camera.fps,
            "rss_mb": round(box.health.rss_mb), "faults": list(box.health.faults),
        }  # fmt: skip
    story.write()
    if not report.frames or foreign:
        raise AssertionError(f"the clip is not the camera's own: {story.facts['clip']}")


def _enrolled(centre: Centre) -> bool:
    return (centre.authority / "identities" / DEVICE / "cert.pem").is_file()


def _recorded(centre: Centre) -> bool:
    box = centre.box()
    return box is not None and box.health is not None and any(
        camera.ring_bytes for camera in box.health.cameras
    )  # fmt: skip


def _span(centre: Centre) -> tuple[datetime, datetime]:
    """From when to when the camera is recorded, as the box told last."""
    box = centre.box()
    assert box is not None
    assert box.health is not None
    camera = box.health.cameras[0]
    never = datetime.min.replace(tzinfo=UTC) + BEFORE
    return camera.ring_start or never, camera.ring_end or never
