"""From how many rejections on a look at a rule is suggested."""

from __future__ import annotations

import pytest

from collector.suggestions import RuleCount, suggested


def count(rejected: int, decided: int, rule: str = "yard") -> RuleCount:
    return RuleCount("pole-001-1", "gate", rule, decided, rejected)


@pytest.mark.parametrize(
    ("rejected", "decided", "said"),
    [(5, 5, True), (4, 4, False), (5, 10, True), (5, 11, False), (0, 0, False)],
)
def test_enough_and_often_enough(rejected: int, decided: int, said: bool) -> None:
    assert bool(suggested([count(rejected, decided)], after=5, share=0.5)) == said


def test_the_worst_comes_first() -> None:
    counts = [count(5, 5, "a"), count(9, 9, "b"), count(1, 1, "c")]
    assert [one.rule for one in suggested(counts, after=5, share=0.5)] == ["b", "a"]
