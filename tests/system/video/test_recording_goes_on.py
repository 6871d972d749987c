"""Recording does not depend on the analysis: it may fail, hang or come back."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge_agent.clips.keeping import KeepingLimits
from edge_agent.clips.ring import Ring
from edge_agent.config import CameraSettings
from edge_agent.pipeline import Analysis, CameraPipeline
from edge_agent.scene import Detection, Image
from edge_agent.sight.camera_sight import CameraTracker
from edge_agent.sight.scheduler import InferenceScheduler
from tests.support.rtsp import demo_camera
from tests.support.wait import wait_until
from wire.clock import SystemClock


class _Troubled:
    """A detector that fails, then does not come back, then works."""

    def __init__(self) -> None:
        self.fails = True
        self.hangs = False
        self.hung = threading.Event()
        self.released = threading.Event()

    def detect(self, image: Image) -> tuple[Detection, ...]:
        if self.fails:
            raise RuntimeError("the network is spoiled")
        if self.hangs:
            self.hung.set()
            assert self.released.wait(60)
        return ()


def test_every_picture_is_recorded_while_the_analysis_fails_hangs_and_returns(
    tmp_path: Path,
) -> None:
    clock = SystemClock()
    began = datetime.now(UTC)
    ring = Ring(tmp_path, "yard", clock, limits=KeepingLimits(1 << 30))
    scheduler = InferenceScheduler(clock, 1)
    detector = _Troubled()
    with demo_camera() as camera:
        pipeline = CameraPipeline(
            CameraSettings(id="yard", url=camera.url),
            clock,
            Analysis(detector, CameraTracker(), []),
            scheduler,
            None,
            [ring],
            [],
            lambda seen: None,  # noqa: ARG005 -- nothing is found here
            lambda status: None,  # noqa: ARG005 -- the camera's state is another test's matter
        )
        ring.start()
        scheduler.start()
        pipeline.start()
        lane = pipeline.lane

        def recorded(more: int) -> None:
            due = ring.counters.written + more
            wait_until(lambda: ring.counters.written >= due, 30, f"{more} pictures more")

        wait_until(lambda: lane.failed >= 3, 30, "the analysis to fail")
        recorded(15)
        detector.fails, detector.hangs = False, True
        assert detector.hung.wait(30)
        recorded(30)
        detector.hangs = False
        detector.released.set()
        wait_until(lambda: lane.served >= 3, 30, "the analysis to work")
        recorded(5)
        pipeline.stop()
        scheduler.stop()
    given = pipeline.source.packets
    wait_until(lambda: ring.counters.written == given, 10, "all pictures to be written")
    assert ring.counters.dropped == 0
    assert ring.close()
    again = Ring(tmp_path, "yard", clock, limits=KeepingLimits(1 << 30))
    units = list(again.read(began, began + timedelta(hours=1)))
    again.start()
    assert again.close()
    assert len(units) == given
    times = [unit.dts_90k for unit in units]
    assert max(b - a for a, b in itertools.pairwise(times)) == 9_000
