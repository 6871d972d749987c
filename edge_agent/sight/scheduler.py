"""One pool of threads that analyses the pictures of all cameras of a box."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

import structlog

from edge_agent.camera.learning import LearningTurns
from edge_agent.scene import Frame
from edge_agent.sight.fairness import Fairness
from wire.clock import Clock

STOP_S: Final = 5.0

SPARE_WAITING: Final = 8
"""Pieces of spare work that one camera may have waiting."""

log = structlog.get_logger()

Work = Callable[[Frame], None]
Job = Callable[[], None]


class Lane:
    """One camera's place in the queue: room for exactly one picture, the newest."""

    def __init__(
        self,
        camera: str,
        work: Work,
        offer: Callable[[str, Frame], None],
        wait: Callable[[str, float], None],
    ) -> None:
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
        self.spare_served = 0
        """Pieces of spare work that were done."""
        self.spare_dropped = 0
        """... and those that found no room."""
        self.spare_busy_s = 0.0
        self._offer = offer
        self._wait = wait

    def put(self, frame: Frame) -> None:
        """Leave `frame` for analysis, in place of one whose turn has not come. Never blocks."""
        self._offer(self.camera, frame)

    def wait(self, patience_s: float) -> None:
        """Wait up to `patience_s` for the turn of the picture that was left last."""
        self._wait(self.camera, patience_s)


class InferenceScheduler:
    """Fair between cameras, bounded to one waiting picture each; the newest picture wins.

    A camera's pictures are analysed one after the other, by whichever thread is free. Spare work is
    done while no picture's turn has come, one piece at a time, and never by the last free thread of
    several: a picture waits for one short piece of it at the most. `start` once, `stop` once.
    """

    def __init__(self, clock: Clock, workers: int = 1) -> None:
        """`workers` is how many pictures may be analysed at the same time."""
        self.learning = LearningTurns(
            clock.monotonic, behind=lambda: len(self._frames) > len(self._threads)
        )
        self._clock = clock
        self._fairness = Fairness()
        self._lanes: dict[str, Lane] = {}
        self._frames: dict[str, Frame] = {}
        self._spare: dict[str, deque[Job]] = {}
        self._spare_running = 0
        self._most_spare = max(1, workers - 1)
        lock = threading.RLock()
        self._changed = threading.Condition(lock)
        self._taken = threading.Condition(lock)
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._run, name=f"inference-{number}", daemon=True)
            for number in range(workers)
        ]

    def add(self, camera: str, per_second: float, work: Work) -> Lane:
        """A camera with its budget in analyses a second; `work` analyses one picture.

        An exception of `work` is logged and counted, and ends nothing.
        """
        lane = Lane(camera, work, self._offer, self._wait)
        with self._changed:
            self._lanes[camera] = lane
            self._fairness.add(camera, per_second)
        return lane

    def spare(self, camera: str, job: Job) -> bool:
        """Have `job` (some 10 ms) done for a camera when nothing is to be analysed.

        False, and counted, when too much of this camera's waits. Never blocks.
        """
        with self._changed:
            waiting = self._spare.setdefault(camera, deque())
            if len(waiting) >= SPARE_WAITING:
                self._lanes[camera].spare_dropped += 1
                return False
            waiting.append(job)
            self._changed.notify()
            return True

    def start(self) -> None:
        """Begin to analyse."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the pictures under way; what still waits is dropped."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
            self._taken.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(STOP_S)

    def _wait(self, camera: str, patience_s: float) -> None:
        with self._taken:
            self._taken.wait_for(lambda: camera not in self._frames or self._stopping, patience_s)

    def _offer(self, camera: str, frame: Frame) -> None:
        with self._changed:
            if camera in self._frames:
                self._lanes[camera].replaced += 1
            self._frames[camera] = frame
            self._fairness.wants(camera, self._clock.monotonic())
            self._changed.notify()

    def _run(self) -> None:
        while (turn := self._turn()) is not None:
            turn()

    def _turn(self) -> Job | None:
        """What to do next, waiting for it; None once stopped."""
        with self._changed:
            while not self._stopping:
                now_s = self._clock.monotonic()
                camera = self._fairness.next(now_s)
                if camera is not None:
                    self._taken.notify_all()
                    return partial(self._analyse, self._lanes[camera], self._frames.pop(camera))
                spare = self._next_spare()
                if spare is not None:
                    return spare
                self._changed.wait(self._fairness.wakes_in(now_s))
            return None

    def _analyse(self, lane: Lane, frame: Frame) -> None:
        done, took_s = self._timed(lane, lambda: lane.work(frame))
        with self._changed:
            lane.served += done
            lane.busy_s += took_s
            self._fairness.done(lane.camera, took_s, self._clock.monotonic())
            # Its next picture may have come meanwhile, for any free thread.
            self._changed.notify()

    def _next_spare(self) -> Job | None:
        """Spare work of the camera that has waited longest for its turn."""
        if self._spare_running >= self._most_spare:
            return None
        for camera in list(self._spare):
            waiting = self._spare.pop(camera)
            self._spare[camera] = waiting
            if waiting:
                self._spare_running += 1
                return partial(self._do_spare, self._lanes[camera], waiting.popleft())
        return None

    def _do_spare(self, lane: Lane, job: Job) -> None:
        done, took_s = self._timed(lane, job)
        with self._changed:
            self._spare_running -= 1
            lane.spare_served += done
            lane.spare_busy_s += took_s
            self._changed.notify()

    def _timed(self, lane: Lane, job: Job) -> tuple[bool, float]:
        """Whether `job` ended well, and the seconds it took."""
        began_s = self._clock.monotonic()
        done = True
        try:
            job()
        except Exception:
            # One bad picture must not end the watch of all cameras.
            done = False
            lane.failed += 1
            log.exception("analysis.failed", camera=lane.camera)
        return done, self._clock.monotonic() - began_s
