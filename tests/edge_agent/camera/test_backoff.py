"""Pauses grow, are jittered and bounded."""

from __future__ import annotations

import random

from edge_agent.camera.backoff import Backoff


def test_pauses_double_up_to_the_limit_and_start_over() -> None:
    backoff = Backoff(1, 30, random.Random(4))
    pauses = [backoff.pause() for _ in range(8)]
    for pause, ceiling in zip(pauses, [1, 2, 4, 8, 16, 30, 30, 30], strict=True):
        assert ceiling / 2 <= pause <= ceiling
    backoff.reset()
    assert backoff.pause() <= 1


def test_what_only_a_person_can_mend_is_tried_rarely() -> None:
    assert Backoff(1, 30, random.Random(4)).pause(longest=True) >= 15


def test_what_may_be_well_in_seconds_is_first_tried_again_soon() -> None:
    backoff = Backoff(1, 60, random.Random(4), patient=3)
    pauses = [backoff.pause(longest=True) for _ in range(5)]
    assert sum(pauses[:3]) <= 1 + 2 + 4
    assert min(pauses[3:]) >= 30
    backoff.pause()
    assert backoff.pause(longest=True) <= 60
    backoff.reset()
    assert backoff.pause(longest=True) <= 1
