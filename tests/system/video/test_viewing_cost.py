"""What viewing takes from the box: memory of each session, and time of the detector."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from joserfc.jwk import OKPKey

from edge_agent.clips.picture import Picture, Thinning
from edge_agent.clips.transcode import Transcoder
from edge_agent.sight.detector import Detector
from models.registry import Registry
from polewatch.bench.clips import camera, draw, exchange_with
from polewatch.bench.clips_pole import BenchPole
from polewatch.viewer import Viewer
from tests.support.media import encode

VIEWERS = 8
WATCHED_S = 4.0
MEMORY_OF_ONE = 16 << 20
"""Bound of one 1080p session of 4 Mbit/s: its part of a segment, a batch and RTP's history."""
ANALYSED = 5.0
SECONDS = 8.0


@pytest.mark.timed
async def test_memory_of_a_session_is_bounded(tmp_path: Path) -> None:
    """Eight at once, live and recorded, of which half are held; then none, twice over."""
    file = tmp_path / "camera.mp4"
    await asyncio.to_thread(draw, file)
    signer = OKPKey.generate_key("Ed25519")
    with camera(file) as url, BenchPole(url, tmp_path, signer) as pole:
        await asyncio.to_thread(pole.wait_recorded, WATCHED_S + 5)
        process = psutil.Process(pole.pid)
        # The first sessions load what all need.
        await _watch_at_once(pole, signer, 2)
        alone = process.memory_info().rss
        most = [await _watch_at_once(pole, signer, VIEWERS, process) for _ in range(2)]
        print(f"one session: {(max(most) - alone) / VIEWERS / 1e6:.1f} MB")
        assert (max(most) - alone) / VIEWERS < MEMORY_OF_ONE
        # What ended is given back: no more after the second round than after the first.
        assert most[1] < most[0] + VIEWERS * MEMORY_OF_ONE / 4


async def _watch_at_once(
    pole: BenchPole, signer: OKPKey, count: int, process: psutil.Process | None = None
) -> int:
    """The most memory of the pole while so many watch."""
    most = 0

    async def watch(mode: str) -> None:
        async with Viewer() as viewer:
            exchange = exchange_with(pole, signer, viewer, mode, WATCHED_S)
            await viewer.watch(exchange, WATCHED_S)

    watching = [asyncio.create_task(watch(("live", "recorded")[n % 2])) for n in range(count)]
    while not all(one.done() for one in watching):
        await asyncio.sleep(0.1)
        most = max(most, process.memory_info().rss if process else 0)
    for one in watching:
        await one
    while pole.ask("sessions"):
        await asyncio.sleep(0.05)
    return most


class _Endless:
    """A 1080p H.265 camera's pictures at their own pace, over and over."""

    def __init__(self) -> None:
        self.thinning = Thinning()
        self._packets = encode(50, gop=50, fps=25, width=1920, height=1080, codec="hevc")
        self._number = 0
        self._began = time.monotonic()

    async def next(self) -> Picture | None:
        await asyncio.sleep(max(0.0, self._began + self._number / 25 - time.monotonic()))
        one = self._packets[self._number % len(self._packets)]
        step = 3600 * len(self._packets) * (self._number // len(self._packets))
        self._number += 1
        made = Picture(one.data, one.pts_90k, one.dts_90k, one.keyframe, one.received_at, False)
        return replace(made, pts_90k=one.pts_90k + step, dts_90k=one.dts_90k + step)

    def again(self) -> None: ...

    def close(self) -> None: ...


@contextmanager
def _on_one_core() -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _analysing(detector: Detector, seconds: float) -> float:
    """Pictures a second that are analysed when `ANALYSED` are wanted, each in its turn."""
    image: Any = np.full((1080, 1920, 3), 90, np.uint8)
    done, began = 0, time.monotonic()
    while (now := time.monotonic()) < began + seconds:
        if now < began + done / ANALYSED:
            threading.Event().wait(began + done / ANALYSED - now)
            continue
        detector.detect(image)
        done += 1
    return done / (time.monotonic() - began)


@pytest.mark.timed
async def test_conversion_takes_nothing_from_detection_even_on_one_core() -> None:
    detector = Detector(Registry.default(), "nanodet-g-256x416-int8", threads=1)
    with _on_one_core():
        alone = await asyncio.to_thread(_analysing, detector, SECONDS)
        feed = Transcoder(lambda: None).open(_Endless(), "hevc", "viewer")
        converted = 0

        async def view() -> None:
            nonlocal converted
            while await feed.next() is not None:
                converted += 1

        viewing = asyncio.create_task(view())
        beside = await asyncio.to_thread(_analysing, detector, SECONDS)
        viewing.cancel()
        feed.close()
    rate = converted / SECONDS
    print(f"analysed {alone:.2f} a second alone, {beside:.2f} beside {rate:.1f} converted")
    assert rate > 5
    assert beside > alone * 0.95
