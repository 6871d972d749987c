"""From some minutes ago faster than real time until it is live, then live: no picture is lost."""

from __future__ import annotations

import asyncio

from edge_agent.clips.feeds import LiveFeed, LiveTap, RecordedFeed
from edge_agent.clips.picture import Picture, Thinning


class CatchUpFeed:
    """Goes over at the keyframe with which the camera's newest GOP begins."""

    def __init__(self, recorded: RecordedFeed, tap: LiveTap) -> None:
        """`recorded` has no end: it follows the recording as it grows."""
        self._recorded = recorded
        self._tap = tap
        self._live: LiveFeed | None = None
        self._closed = False

    @property
    def thinning(self) -> Thinning:
        return self._recorded.thinning if self._live is None else self._live.thinning

    async def next(self) -> Picture | None:
        if self._live is None:
            picture = await self._recorded.next()
            if self._closed:
                return None
            self._live = self._joined(picture)
            if self._live is None:
                return picture
            self._recorded.close()
        return await self._live.next()

    def again(self) -> None:
        (self._live or self._recorded).again()

    def close(self) -> None:
        self._closed = True
        self._recorded.close()
        if self._live is not None:
            self._live.close()

    def _joined(self, picture: Picture | None) -> LiveFeed | None:
        loop = asyncio.get_running_loop()
        if picture is None:
            # The ring stands still, as on a full disk: what is live is all there is.
            return self._tap.follow(loop)
        return self._tap.join(loop, picture.data, picture.at) if picture.keyframe else None
