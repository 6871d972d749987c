"""Pictures for the analysis: a camera's packets through the gate, on a thread of its own."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from edge_agent.camera.gate import PacketGate
from edge_agent.camera.gated import GatedDecoding, Taken
from edge_agent.camera.learning import LearningTurns
from edge_agent.camera.packet import EncodedPacket, StreamInfo
from edge_agent.scene import Frame

QUEUE_PACKETS: Final = 64
"""Two to six seconds of a camera; a decoder further behind starts afresh at a keyframe."""

IDLE_S: Final = 0.18
"""Of packets that are held back together: waking for each costs more than judging it. The six that
a reader hands on at a time (`pace.TOGETHER_S`) of 25 a second lie 0.2 s apart."""

PATIENCE_S: Final = 1.2
"""How long in all the pictures that had been held back wait for the analysis to take each."""


@dataclass(frozen=True, slots=True)
class _Verdict:
    media_s: float
    busy: bool


class FrameDecoder:
    """A packet sink with its own thread: bounded queue in, frames out to `deliver`."""

    def __init__(
        self,
        camera: str,
        deliver: Callable[[Frame], object],
        *,
        wait: Callable[[float], object] = lambda _: None,
        analysis_fps: float = 5.0,
        gate: PacketGate | None = None,
        threads: int = 1,
        turns: LearningTurns | None = None,
    ) -> None:
        """Without a gate everything is decoded.

        `wait` waits up to so many seconds until what was delivered last has been taken.
        """
        self.decoding = GatedDecoding(
            camera, gate, analysis_fps=analysis_fps, threads=threads, turns=turns
        )
        self.dropped = 0
        """Packets that a full queue gave up, with those behind them up to the next keyframe."""
        self._deliver = deliver
        self._wait = wait
        self._queue: deque[StreamInfo | EncodedPacket] = deque()
        self._verdicts: deque[_Verdict] = deque(maxlen=QUEUE_PACKETS)
        self._ready = threading.Condition()
        self._await_keyframe = False
        self._stopped = False
        self._patience_s = PATIENCE_S
        self._thread = threading.Thread(target=self._run, name=f"decoder-{camera}", daemon=True)

    @property
    def decoded(self) -> int:
        return self.decoding.decoded

    @property
    def errors(self) -> int:
        return self.decoding.errors

    @property
    def patient(self) -> bool:
        """Whether it only holds packets back for now."""
        return self.decoding.holds

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """End the thread; true when it is gone within `timeout_s`."""
        with self._ready:
            self._stopped = True
            self._ready.notify()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def stream(self, info: StreamInfo) -> None:
        with self._ready:
            self._queue.append(info)
            self._ready.notify()

    def packet(self, packet: EncodedPacket) -> None:
        with self._ready:
            if len(self._queue) >= QUEUE_PACKETS:
                kept = [item for item in self._queue if isinstance(item, StreamInfo)][-1:]
                self.dropped += len(self._queue) - len(kept)
                self._queue = deque(kept)
                self._await_keyframe = True
            if self._await_keyframe and not packet.keyframe:
                self.dropped += 1
                return
            self._await_keyframe = False
            self._queue.append(packet)
            if not self.patient or packet.keyframe or self._lies_s(packet) >= IDLE_S:
                self._ready.notify()

    def judged(self, media_s: float, *, busy: bool) -> None:
        """Analysis has seen the picture of `media_s`; `busy`: more of them are wanted."""
        if self.decoding.gate is None:
            return
        with self._ready:
            self._verdicts.append(_Verdict(media_s, busy))
            # While it is open the next packet is soon enough to hear of it.
            if busy and self.patient:
                self._ready.notify()

    def _lies_s(self, newest: EncodedPacket) -> float:
        """For how long the oldest in the queue has been there."""
        oldest = self._queue[0]
        if isinstance(oldest, StreamInfo):
            return math.inf
        return newest.received_mono_s - oldest.received_mono_s

    def _run(self) -> None:
        while True:
            with self._ready:
                self._ready.wait_for(self._has_work)
                if self._stopped:
                    return
                verdicts, self._verdicts = self._verdicts, deque(maxlen=QUEUE_PACKETS)
                item = self._queue.popleft() if self._queue else None
            for said in verdicts:
                self._hand_on(self.decoding.judged(said.media_s, busy=said.busy))
            if isinstance(item, StreamInfo):
                self.decoding.stream(item)
            elif item is not None:
                self._hand_on(self.decoding.packet(item))

    def _has_work(self) -> bool:
        return bool(self._queue or self._verdicts) or self._stopped

    def _hand_on(self, pictures: Iterable[Taken]) -> None:
        for taken in pictures:
            if taken.late:
                began_s = time.monotonic()
                self._wait(self._patience_s)
                self._patience_s = max(0.0, self._patience_s - (time.monotonic() - began_s))
            else:
                self._patience_s = PATIENCE_S
            self._deliver(taken.frame)
