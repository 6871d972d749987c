"""The ring's figures beside those of a peer, or of none."""

from __future__ import annotations

from dataclasses import replace

from polewatch.bench.ring import Cost, RingBench


def test_the_ratio_is_to_the_peer_and_none_without_one() -> None:
    found = RingBench(
        cameras=4,
        seconds=12.0,
        mbit_per_s=4.0,
        pictures=1200,
        expected=1200,
        cpu_s_per_s=0.06,
        rss_mb=90.0,
        peer=Cost("ffmpeg", 0.04),
        parts=(),
    )
    assert found.ratio == 0.06 / 0.04
    assert replace(found, peer=None).ratio is None
