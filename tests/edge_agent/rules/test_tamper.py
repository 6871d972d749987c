"""Tamper: what the pictures say must last; the finding names its kind."""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.scene import Finding, Sighting, TamperSign
from tests.edge_agent.rules.driving import NOON, rule


def told(
    signs: Callable[[float], TamperSign | None], seconds: float = 30, **settings: object
) -> list[tuple[float, Finding]]:
    driven = rule(type="tamper", **settings)
    said = []
    for frame in range(round(seconds * 5)):
        now_s = frame / 5
        found = driven.update(Sighting(now_s, NOON, tamper=signs(now_s)))
        said += [(now_s, finding) for finding in found]
    return said


def covered(from_s: float, to_s: float) -> Callable[[float], TamperSign | None]:
    sign = TamperSign("covered", from_s, 0.9)
    return lambda now_s: sign if from_s <= now_s < to_s else None


def test_a_sign_that_lasts_is_told_once_with_its_kind_and_closed() -> None:
    said = told(covered(4, 20))
    assert [(f.phase, f.detail) for _, f in said] == [("open", "covered"), ("close", "covered")]
    (now_s, opened), (_, closed) = said
    assert (now_s, opened.start_s, opened.alarm_s) == (9.0, 4.0, 9.0)
    assert closed.end_s is not None
    assert 19.5 <= closed.end_s <= 20
    assert (opened.zone, opened.box, opened.tracks) == (None, None, ())


def test_a_sign_that_passes_is_not_told() -> None:
    assert told(covered(4, 8.8)) == []


def test_a_sign_that_flickers_opens_once() -> None:
    sign = TamperSign("turned", 4, 0.9)
    said = told(lambda t: sign if t >= 4 and round(t * 5) % 4 else None)
    assert [f.phase for _, f in said] == ["open"]


def test_the_seconds_are_the_rules() -> None:
    assert told(covered(4, 20), seconds=30, **{"severity": "severe"})[0][1].severity == "severe"
    driven = rule(type="tamper", seconds=10)
    assert driven.update(Sighting(13.8, NOON, tamper=TamperSign("dark", 4, 0.9))) == ()
    assert driven.update(Sighting(14.0, NOON, tamper=TamperSign("dark", 4, 0.9)))[0].alarm_s == 14
