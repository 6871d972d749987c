"""Pictures of single moments, from packets that are not decoded otherwise."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from edge_agent.camera.alignment import WHILE_S, TimeLine
from edge_agent.camera.glimpse import MOST_ASKED, Ask, Glimpses
from edge_agent.camera.packet import EncodedPacket
from edge_agent.scene import Image
from tests.support.media import encode, info_of
from tests.support.wait import wait_until

FPS = 10
STARTED_S = 1000.0
"""When the first packet of `encode` arrives."""


def number(picture: Image | None) -> int | None:
    """Which frame it is, by where its block is: two pixels further in each."""
    if picture is None:
        return None
    bright = np.nonzero(picture[30:44, :, 1].mean(axis=0) > 140)[0]
    return round(float(bright.mean() - 3.5) / 2)


class Eye:
    """Glimpses with their answers in order."""

    def __init__(self, packets: tuple[EncodedPacket, ...]) -> None:
        self.glimpses = Glimpses("cam-1", patience_s=0.1)
        self.glimpses.stream(info_of(packets))
        self.answers: list[int | None] = []
        self.came = threading.Event()

    def feed(self, packets: tuple[EncodedPacket, ...]) -> None:
        for packet in packets:
            self.glimpses.packet(packet)

    def at(self, media_s: float) -> int | None:
        """The number of the frame shown at a moment."""
        before = len(self.answers)
        self.ask(media_s)
        wait_until(lambda: len(self.answers) > before, 10, "an answer")
        return self.answers[-1]

    def ask(self, media_s: float) -> None:
        self.glimpses.ask(Ask(STARTED_S + media_s, self._take))

    def _take(self, picture: Image | None) -> None:
        self.answers.append(number(picture))


@pytest.fixture
def eye() -> Iterator[Eye]:
    packets = encode(40, gop=10, fps=FPS)
    eye = Eye(packets)
    eye.glimpses.start()
    yield eye
    eye.glimpses.stop()


def test_a_moment_gives_its_own_picture_and_nothing_is_decoded_unasked(eye: Eye) -> None:
    eye.feed(encode(40, gop=10, fps=FPS)[:25])
    assert eye.glimpses.decoded == 0
    shown = [eye.at(at) for at in (1.2, 1.5, 2.3)]
    for found, wanted in zip(shown, (12, 15, 23), strict=True):
        assert found is not None
        assert abs(found - wanted) <= 1
    assert eye.glimpses.decoded < 12


def test_a_moment_between_two_pictures_gives_the_nearest(eye: Eye) -> None:
    eye.feed(encode(40, gop=10, fps=FPS)[:20])
    assert eye.at(1.31) in (12, 13, 14)


def test_what_is_gone_or_never_comes_is_answered_too(eye: Eye) -> None:
    eye.feed(encode(40, gop=10, fps=FPS)[:35])
    assert eye.at(0.5) is None
    assert eye.at(9.0) is None
    assert eye.glimpses.missed == 2
    assert eye.at(3.2) is not None


def test_a_moment_that_comes_a_little_later_is_waited_for(eye: Eye) -> None:
    packets = encode(40, gop=10, fps=FPS)
    eye.feed(packets[:12])
    eye.ask(1.4)
    eye.feed(packets[12:16])
    wait_until(lambda: len(eye.answers) == 1, 10, "an answer")
    assert eye.answers[0] is not None


def test_more_questions_than_it_holds_give_way_and_all_are_answered() -> None:
    eye = Eye(encode(40, gop=10, fps=FPS))
    for at in range(MOST_ASKED + 2):
        eye.ask(float(at))
    assert eye.answers == [None, None]
    eye.glimpses.start()
    eye.glimpses.stop()
    wait_until(lambda: len(eye.answers) == MOST_ASKED + 2, 10, "all answers")


def test_a_damaged_packet_ends_nothing(eye: Eye) -> None:
    packets = list(encode(40, gop=10, fps=FPS)[:20])
    broken = packets[13]
    packets[13] = EncodedPacket(
        b"\0\0\0\1\x41" + b"\xff" * 20, broken.pts_90k, broken.dts_90k, False,
        broken.received_mono_s, broken.received_at,
    )  # fmt: skip
    eye.feed(tuple(packets))
    eye.at(1.8)
    eye.feed(encode(40, gop=10, fps=FPS)[20:30])
    assert eye.at(2.5) is not None


class TestTimeLine:
    def test_the_least_delay_counts_whatever_the_network_adds(self) -> None:
        sub, main = TimeLine(), TimeLine()
        for frame in range(100):
            now = frame / 10
            sub.note(now, 500.0 + now + 0.1 + 0.3 * (frame % 7) / 7)
            main.note(now + 40.0, 500.0 + now + 0.1 + 0.2 * (frame % 5) / 5)
        assert main.media(sub.mono(5.0)) == pytest.approx(45.0, abs=1e-6)

    def test_a_line_begun_anew_is_followed(self) -> None:
        line = TimeLine()
        for frame in range(50):
            line.note(frame / 10, 100 + frame / 10)
        for frame in range(50):
            line.note(5 + frame / 10, 135 + frame / 10)
        assert line.mono(10.0) == pytest.approx(140.0)

    def test_a_clock_that_drifts_is_followed(self) -> None:
        line = TimeLine()
        for second in range(4 * round(WHILE_S)):
            line.note(second * 0.999, float(second))
        last = 4 * WHILE_S - 1
        assert line.mono(last * 0.999) == pytest.approx(last, abs=0.1)
