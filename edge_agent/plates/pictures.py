"""The pictures that a camera's plates are read in: the analysed ones, or the main stream's."""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.camera.alignment import TimeLine
from edge_agent.camera.glimpse import Ask, Glimpses
from edge_agent.scene import Frame, Image


class SamePictures:
    """Of a camera without a substream: the analysed picture is the main stream's."""

    width = 0

    def seen(self, frame: Frame) -> None:
        """Nothing to align."""

    def ask(self, frame: Frame, take: Callable[[Image | None], None]) -> None:
        """Give the picture at once."""
        take(frame.image)


class MainPictures:
    """Of a camera that is analysed in its substream: the main stream's picture of that moment."""

    def __init__(self, glimpses: Glimpses) -> None:
        self._glimpses = glimpses
        self._line = TimeLine()

    @property
    def width(self) -> int:
        """Of the main stream in pixels; 0 before it is known."""
        info = self._glimpses.info
        return 0 if info is None else info.width

    def seen(self, frame: Frame) -> None:
        """Learn where the substream's time line lies."""
        self._line.note(frame.media_s, frame.received_mono_s)

    def ask(self, frame: Frame, take: Callable[[Image | None], None]) -> None:
        """Have the moment's picture decoded, on the main stream's own thread."""
        self._glimpses.ask(Ask(self._line.mono(frame.media_s), take))
