"""One pool of threads that analyses the pictures of all cameras of a box."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import structlog

from edge_agent.scene import Frame
from edge_agent.sight.fairness import Fairness
from wire.clock import Clock

STOP_S: Final = 5.0

log = structlog.get_logger()

Work = Callable[[Frame], None]


class Lane:
    """One camera's place in the queue: room for exactly one picture, the newest."""

    def __init__(self, camera: str, work: Work, offer: Callable[[str, Frame], None]) -> None:
        self.camera = camera
        self.work = work
        self.replaced = 0
        """Pictures that a newer one overtook before their turn came."""
        self.served = 0
        """Pictures that were analysed."""
        self.failed = 0
        """Pictures whose analysis raised."""
        self.busy_s = 0.0
        """Seconds that its analyses took."""
        self._offer = offer

    def put(self, frame: Frame) -> None:
        """Leave `frame` for analysis, in place of one whose turn has not come. Never blocks."""
        self._offer(self.camera, frame)


class InferenceScheduler:
    """Fair between cameras, bounded to one waiting picture each; the newest picture wins.

    A camera's pictures are analysed one after the other, by whichever thread is free. `start` once,
    `stop` once.
    """

    def __init__(self, clock: Clock, workers: int = 1) -> None:
        """`workers` is how many pictures may be analysed at the same time."""
        self._clock = clock
        self._fairness = Fairness()
        self._lanes: dict[str, Lane] = {}
        self._frames: dict[str, Frame] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._run, name=f"inference-{number}", daemon=True)
            for number in range(workers)
        ]

    def add(self, camera: str, per_second: float, work: Work) -> Lane:
        """A camera with its budget in analyses a second; `work` analyses one picture.

        An exception of `work` is logged and counted, and ends nothing.
        """
        lane = Lane(camera, work, self._offer)
        with self._changed:
            self._lanes[camera] = lane
            self._fairness.add(camera, per_second)
        return lane

    def start(self) -> None:
        """Begin to analyse."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the pictures under way; what still waits is dropped."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(STOP_S)

    def _offer(self, camera: str, frame: Frame) -> None:
        with self._changed:
            if camera in self._frames:
                self._lanes[camera].replaced += 1
            self._frames[camera] = frame
            self._fairness.wants(camera, self._clock.monotonic())
            self._changed.notify()

    def _run(self) -> None:
        while (turn := self._turn()) is not None:
            lane, frame = turn
            began_s = self._clock.monotonic()
            try:
                lane.work(frame)
                lane.served += 1
            except Exception:
                # One bad picture must not end the watch of all cameras.
                lane.failed += 1
                log.exception("analysis.failed", camera=lane.camera)
            ended_s = self._clock.monotonic()
            with self._changed:
                lane.busy_s += ended_s - began_s
                self._fairness.done(lane.camera, ended_s - began_s, ended_s)
                # Its next picture may have come meanwhile, for any free thread.
                self._changed.notify()

    def _turn(self) -> tuple[Lane, Frame] | None:
        """The next picture to analyse, waiting for it; None once stopped."""
        with self._changed:
            while not self._stopping:
                now_s = self._clock.monotonic()
                camera = self._fairness.next(now_s)
                if camera is not None:
                    return self._lanes[camera], self._frames.pop(camera)
                self._changed.wait(self._fairness.wakes_in(now_s))
            return None
