from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

import pytest

from edge_agent.clips.admission import KEYFRAME_WAIT_S, MADE_GOOD_S, Admission
from edge_agent.clips.carrying import Path, Report


def offered(
    admission: Admission,
    *,
    at_s: float = 100.0,
    keyframe: bool = False,
    queued_s: float = 0.0,
    tried: bool = True,
) -> tuple[bool, Admission]:
    rate = 1e6
    return admission.offer(
        at_s,
        1000,
        keyframe=keyframe,
        queued_bytes=round(queued_s * rate / 8),
        rate_bps=rate,
        tried=tried,
    )


def test_with_room_everything_goes() -> None:
    assert offered(Admission())[0]
    assert offered(Admission(), keyframe=True)[0]


def test_what_is_left_out_is_the_rest_of_a_gop() -> None:
    sent, admission = offered(Admission(), queued_s=1.0)
    assert not sent
    sent, admission = offered(admission)
    assert not sent
    sent, admission = offered(admission, keyframe=True)
    assert sent
    assert offered(admission)[0]


def test_a_keyframe_that_would_wait_too_long_goes_with_its_gop() -> None:
    sent, admission = offered(Admission(), keyframe=True, queued_s=KEYFRAME_WAIT_S + 0.1)
    assert not sent
    assert not offered(admission)[0]


def test_the_first_gop_is_whole_on_a_path_that_was_never_too_narrow() -> None:
    assert offered(Admission(), queued_s=2.0, tried=False)[0]
    assert not offered(Admission(), queued_s=2.0, tried=True)[0]


@pytest.mark.parametrize(("share", "alone"), [(0.3, True), (0.9, False), (2.0, False)])
def test_keyframes_alone_where_the_path_carries_clearly_less(share: float, alone: bool) -> None:
    admission = Admission(given_bytes=1e6, given_at_s=10.0)
    assert admission.cut(share * admission.given_bps).keyframes_only is alone


def test_every_picture_again_only_with_room_to_spare() -> None:
    admission = Admission(keyframes_only=True, given_bytes=1e6)
    assert admission.cut(1.0 * admission.given_bps).keyframes_only
    assert not admission.cut(1.3 * admission.given_bps).keyframes_only


def test_a_receiver_that_cannot_decode_gets_nothing_up_to_a_keyframe() -> None:
    _, admission = offered(Admission(), at_s=10.0, keyframe=True)
    # The keyframe may be on its way still.
    assert admission.picture_lost(10.0 + MADE_GOOD_S / 2) == admission
    lost = admission.picture_lost(10.0 + 2 * MADE_GOOD_S)
    assert not offered(lost)[0]


@dataclass
class Simulated:
    """A camera of 3 Mbit/s, the two decisions, and a path with a short queue, in steps of 5 ms."""

    rate_bps: float
    delay_s: float
    lost: float
    path: Path
    admission: Admission
    now: float = 0.0
    number: int = 0

    def run(self, seconds: float) -> list[tuple[float, bool]]:
        """Times and kinds of the pictures that arrived whole."""
        queue: deque[list[float]] = deque()  # bytes left, keyframe
        arrived: list[tuple[float, bool]] = []
        on_the_way = waited = sent = busy = 0.0
        end, report_s, picture_s = self.now + seconds, self.now + 1.0, self.now
        while self.now < end:
            if self.now >= picture_s:
                picture_s += 0.04
                self._picture(queue)
            allowed = self.path.rate_bps / 8 * 0.005
            busy += 0.005 * bool(queue)
            while queue and allowed > 0:
                part = min(allowed, queue[0][0])
                allowed, sent, waited = allowed - part, sent + part, waited + part
                queue[0][0] -= part
                if not queue[0][0]:
                    arrived.append((self.now + self.delay_s, bool(queue.popleft()[1])))
            # Half a second of queue on the way; what is more is lost.
            on_the_way = max(0.0, on_the_way + waited - self.rate_bps / 8 * 0.005)
            overflow = max(0.0, on_the_way - self.rate_bps / 8 * 0.5)
            on_the_way, waited = on_the_way - overflow, 0.0
            self.dropped += overflow
            if self.now >= report_s:
                report_s += 1.0
                share = self.lost + (self.dropped / sent if sent else 0.0)
                rtt = 2 * self.delay_s + on_the_way * 8 / self.rate_bps
                told = Report(
                    self.now, 1.0, round(sent / 1200), share, sent * 8 * (1 - share), busy, rtt
                )
                before, self.path = self.path, self.path.after(told)
                if self.path.rate_bps < before.rate_bps:
                    self.admission = self.admission.cut(self.path.rate_bps).broken()
                    queue = deque(one for one in queue if one[1])
                sent = busy = self.dropped = 0.0
            self.longest_s = max(
                self.longest_s, sum(one[0] for one in queue) * 8 / self.path.rate_bps
            )
            self.now += 0.005
        return arrived

    dropped: float = 0.0
    longest_s: float = 0.0

    def _picture(self, queue: deque[list[float]]) -> None:
        keyframe = self.number % 50 == 0
        size = 100_000 if keyframe else 13_300
        self.number += 1
        sent, self.admission = self.admission.offer(
            self.now,
            size,
            keyframe=keyframe,
            queued_bytes=round(sum(one[0] for one in queue)),
            rate_bps=self.path.rate_bps,
            tried=self.path.tried,
        )
        if sent:
            queue.append([float(size), float(keyframe)])


def test_a_path_of_one_megabit_gets_keyframes_and_all_pictures_when_it_is_well_again() -> None:
    one = Simulated(50e6, 0.001, 0.0, Path(), Admission())
    assert len(one.run(6)) >= 149
    one.rate_bps, one.delay_s, one.lost = 1e6, 0.15, 0.05
    one.run(5)
    one.longest_s = 0.0
    bad = one.run(20)
    keyframes = [at for at, keyframe in bad if keyframe]
    assert one.admission.keyframes_only
    assert len(keyframes) >= 8, "a keyframe each GOP, now and then one left out"
    assert max(b - a for a, b in pairwise(keyframes)) <= 4.5
    assert one.longest_s < 2.5, "what waits stays bounded"
    one.rate_bps, one.delay_s, one.lost = 50e6, 0.001, 0.0
    one.run(14)
    assert len(one.run(4)) == 100
