"""Both languages say the same things, and the person's own is chosen."""

from __future__ import annotations

import re
import string

import pytest

from provisioning import words
from provisioning.problems import ProvisionError
from wire.language import of_environment


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_every_text_with_the_same_places() -> None:
    english, korean = words.words("en"), words.words("ko")
    assert english.keys() == korean.keys()
    for key, text in english.items():
        assert places(text) == places(korean[key]), key
        assert text.isascii(), key
        assert re.search("[가-힣]", korean[key]), key


@pytest.mark.parametrize(
    ("environment", "chosen"),
    [
        ({}, "en"),
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "POLEWATCH_LANG": "ko"}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "POLEWATCH_LANG": "fr"}, "ko"),
    ],
)
def test_the_environment_chooses(environment: dict[str, str], chosen: str) -> None:
    assert of_environment(environment) == chosen


def test_a_problem_has_number_thing_and_remedy_in_either_language() -> None:
    problem = ProvisionError("card.locked", "/dev/sdb")
    try:
        words.choose("ko")
        assert str(problem).startswith("PW-260 쓰기 금지된 카드")
        assert "/dev/sdb. 카드의 잠금" in str(problem)
        words.choose("en")
        assert str(problem).endswith("Slide the card's lock switch open and run as administrator")
    finally:
        words.choose(None)
