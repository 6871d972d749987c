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
