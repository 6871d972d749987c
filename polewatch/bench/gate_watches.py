"""Every condition watched with and without the gate, as many at a time as there are cores."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from edge_agent.sight.camera_sight import shipped_detector
from models.registry import Registry
from polewatch.bench.gate_events import Models, compare, watch
from polewatch.bench.gate_scenes import CONDITIONS, Condition, Street, Use, encode, visits
from polewatch.bench.packets import packets_of
from polewatch.bench.pole import RULES, ZONE
from wire.camera_rules import CameraRules

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Events:
    """One condition: alarms of the watch that decodes everything, and of the gated one."""

    condition: str
    expected: int
    missed: int
    added: int
    delays_s: tuple[float, ...]
    decoded_share: float
    """Over the whole clip, in which the gate first has to learn."""
    wakes: int
    gate: str
    """Why it was open at the end, or `idle`."""


def measure_events(
    street: Path, folder: Path, *, use: Use, only: Sequence[str], say: Progress
) -> Iterator[Events]:
    """Each condition as it is done, with the people of this use.

    Raises RecordingError, ModelError, ValueError, and OSError when a watch is killed.
    """
    names = [condition.name for condition in CONDITIONS]
    for name in only:
        if name not in names:
            raise ValueError(f"no condition is named {name}; there are: {', '.join(names)}")
    chosen = [condition for condition in CONDITIONS if not only or condition.name in only]
    say(f"watching: {', '.join(condition.name for condition in chosen)}")
    cores = len(os.sched_getaffinity(0))
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(cores, len(chosen)), mp_context=fresh) as pool:
        watches = [pool.submit(_condition, street, folder, one, use) for one in chosen]
        try:
            for done in as_completed(watches):
                yield done.result()
        except BrokenProcessPool as error:
            raise OSError("a watch was killed; each takes up to 2 GB of memory") from error
        finally:
            pool.shutdown(cancel_futures=True)


def measure_footage(files: Sequence[Path], *, say: Progress) -> Iterator[Events]:
    """The same of real recordings, each by its name; raises OSError, ValueError and ModelError."""
    for file in files:
        say(f"watching: {file.name}")
        yield _watched(file.stem, file)


def _condition(street: Path, folder: Path, condition: Condition, use: Use) -> Events:
    scene = Street(street)
    clip = folder / f"{condition.name}.mp4"
    encode(scene.pictures(visits(use)[: condition.visits], condition), condition, clip)
    return _watched(condition.name, clip)


def _watched(name: str, clip: Path) -> Events:
    models = Models(shipped_detector(Registry.default()))
    rules = CameraRules.model_validate({"zones": [ZONE], "rules": RULES})
    packets = list(packets_of(clip))
    plain = watch(packets, rules, models, gated=False)
    gated = watch(packets, rules, models, gated=True)
    told = compare(plain, gated)
    return Events(
        name,
        told.expected,
        len(told.missed),
        len(told.added),
        tuple(round(delay, 2) for delay in told.delays_s),
        round(gated.decoded / gated.packets, 3),
        gated.wakes,
        gated.last,
    )
