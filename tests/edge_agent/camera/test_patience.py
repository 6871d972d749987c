"""Which places' changes the gate opens for."""

from __future__ import annotations

from edge_agent.camera.patience import FORGET_S, MOST_PATIENT, Patience

TREE = [(2, 3), (2, 4), (3, 4)]


def _times_heeded(patience: Patience, looks: int, *, every_s: float = 2.0) -> list[int]:
    """Numbers of the looks at the tree that opened for it, each for nothing."""
    heeded = []
    for look in range(looks):
        if patience.heeds(TREE, look * every_s):
            heeded.append(look)
            patience.was_nothing(look * every_s)
    return heeded


def test_a_place_is_heeded_ever_more_rarely_down_to_one_change_in_32() -> None:
    assert _times_heeded(Patience(), 100) == [0, 2, 6, 14, 30, 62, 94]


def test_elsewhere_is_heeded_at_once() -> None:
    patience = Patience()
    _times_heeded(patience, 100)
    assert patience.heeds([(7, 7)], 201.0)


def test_what_sways_together_does_not_take_turns() -> None:
    patience = Patience()
    _times_heeded(patience, 31)
    assert patience.heeds([*TREE, (2, 5)], 62.0)
    patience.was_nothing(62.0)
    let_pass = 0
    while not patience.heeds(TREE, 64.0 + 2 * let_pass):
        let_pass += 1
    assert let_pass == 2**MOST_PATIENT - 1


def test_a_place_where_something_was_is_heeded_again() -> None:
    patience = Patience()
    assert _times_heeded(patience, 40)[-1] == 30
    assert patience.heeds([(9, 9), *TREE], 80.0)
    patience.was_something()
    assert patience.heeds(TREE, 82.0)


def test_a_place_that_was_quiet_for_long_is_heeded_again() -> None:
    patience = Patience()
    _times_heeded(patience, 40)
    assert not patience.heeds(TREE, 80.0)
    assert patience.heeds(TREE, 80.0 + FORGET_S)
