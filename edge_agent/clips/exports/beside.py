"""What a path carries beside the picture: a file goes no faster, so that the picture stays."""

from __future__ import annotations

import asyncio
from collections import deque

from edge_agent.clips.pump import Pump

MOST_BPS = 16_000_000.0
"""A minute of 4 Mbit/s in a quarter of one: the box's core has other work than to hurry."""
LEAST_SHARE = 0.1
"""Of the path, for the file, also where the picture could use all of it: else it never ends."""
HEADROOM = 0.9
BACKLOG_S = 0.25
"""Pictures that wait this long for their turn have the path to themselves."""
OVER_S = 1.0
LOOK_S = 0.02
BURST_S = 0.02


def room_bps(rate_bps: float, picture_bps: float, backlog_s: float) -> float:
    """Bits a second for the file on a path of `rate_bps`; 0 while pictures wait."""
    if backlog_s > BACKLOG_S:
        return 0.0
    left = max(LEAST_SHARE * rate_bps, HEADROOM * rate_bps - picture_bps)
    return min(left, MOST_BPS)


class Beside:
    """The pace of one file on one session's path."""

    def __init__(self, pump: Pump) -> None:
        self._pump = pump
        self._now = asyncio.get_running_loop().time
        self._seen: deque[tuple[float, int]] = deque()
        self._allowed = 0.0
        self._at_s = self._now()

    async def turn(self, size: int) -> None:
        """Wait until `size` bytes may leave."""
        while True:
            now = self._now()
            room = room_bps(self._pump.path.rate_bps, self._picture_bps(now), self._pump.backlog_s)
            passed_s = min(now - self._at_s, 4 * LOOK_S)
            self._at_s = now
            self._allowed = min(self._allowed + room / 8 * passed_s, room / 8 * BURST_S + size)
            # A file that could go faster is what tells whether the path carries more.
            self._pump.note_beside(0, passed_s if room < MOST_BPS else 0.0)
            if self._allowed >= size:
                self._allowed -= size
                self._pump.note_beside(size, 0.0)
                return
            await asyncio.sleep(LOOK_S)

    def _picture_bps(self, now: float) -> float:
        self._seen.append((now, self._pump.bytes_sent))
        while now - self._seen[0][0] > OVER_S and len(self._seen) > 2:
            self._seen.popleft()
        since_s, before = self._seen[0]
        return (self._pump.bytes_sent - before) * 8 / max(now - since_s, LOOK_S)
