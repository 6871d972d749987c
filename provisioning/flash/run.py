"""Several cards at once: the image is unpacked once and every card takes it at its own pace."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from provisioning.flash.card import CardWriter, compare, probe
from provisioning.flash.device import Device, trouble
from provisioning.flash.image import Content, Image
from provisioning.problems import ProvisionError
from wire.clock import Clock

Stage = Literal["probe", "write", "compare"]
Report = Callable[[Path, Stage, int], None]
"""Takes a device, what happens to it, and how many more bytes are done."""
WAITING_CHUNKS = 4
HEARTBEAT_S = 0.2


@dataclass
class Outcome:
    """How one card ended."""

    device: Path
    problem: ProvisionError | None = None
    partitions: int | None = None
    seconds: dict[Stage, float] = field(default_factory=dict)


def flash(
    image: Image,
    content: Content,
    disks: Sequence[Path],
    open_device: Callable[[Path], Device],
    report: Report,
    clock: Clock,
) -> tuple[Outcome, ...]:
    """Write and compare every card; one that fails does not stop the others."""
    cards = [_Card(path, content, open_device, report, clock) for path in disks]
    for card in cards:
        card.start()
    broken: ProvisionError | None = None
    try:
        for chunk in image.chunks():
            if not [card for card in cards if card.offer(chunk)]:
                break
    except ProvisionError as problem:
        broken = problem
    finally:
        for card in cards:
            card.end(broken)
    return tuple(card.join() for card in cards)


class _Card:
    """A thread that writes one card from a bounded queue."""

    def __init__(
        self,
        path: Path,
        content: Content,
        open_device: Callable[[Path], Device],
        report: Report,
        clock: Clock,
    ) -> None:
        self._content = content
        self._open = open_device
        self._report = report
        self._clock = clock
        self._outcome = Outcome(path)
        self._queue: queue.Queue[bytes | ProvisionError | None] = queue.Queue(WAITING_CHUNKS)
        self._thread = threading.Thread(target=self._run, name=f"flash {path.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def offer(self, item: bytes | ProvisionError | None) -> bool:
        """Hand over the next chunk, waiting while the card is slow; false once it has ended."""
        while self._thread.is_alive():
            try:
                self._queue.put(item, timeout=HEARTBEAT_S)
            except queue.Full:
                continue
            return True
        return False

    def end(self, problem: ProvisionError | None) -> None:
        self.offer(problem)

    def join(self) -> Outcome:
        self._thread.join()
        return self._outcome

    def _run(self) -> None:
        try:
            with closing(self._open(self._outcome.device)) as device:
                self._work(device)
        except ProvisionError as problem:
            self._outcome.problem = problem

    def _work(self, device: Device) -> None:
        started = self._clock.monotonic()
        self._report(device.path, "probe", 0)
        probe(device)
        started = self._lap("probe", started)
        writer = CardWriter(device, self._content)
        writer.begin()
        for chunk in self._chunks():
            writer.take(chunk)
            self._report(device.path, "write", len(chunk))
        writer.finish()
        started = self._lap("write", started)
        compare(device, self._content, lambda count: self._report(device.path, "compare", count))
        self._lap("compare", started)
        try:
            self._outcome.partitions = device.reread_partitions()
        except OSError as error:
            raise trouble(device, error, 0) from error

    def _chunks(self) -> Iterator[bytes]:
        while True:
            item = self._queue.get()
            if item is None:
                return
            if isinstance(item, ProvisionError):
                raise item
            yield item

    def _lap(self, stage: Stage, started: float) -> float:
        now = self._clock.monotonic()
        self._outcome.seconds[stage] = now - started
        return now
