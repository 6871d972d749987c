"""Sentences of the centre have their Korean half in the catalogue."""

from __future__ import annotations

import re

import pytest

from collector.console.words import WORDS
from collector.said import FAMILY, korean
from collector.services.place import Area, PlaceError, checked
from tests.collector.services.test_emergency_video import URL, body
from tests.support.service_bench import ServiceBench

CITY = Area(37.4, 126.6, 37.6, 126.8)


@pytest.mark.parametrize(
    ("lat", "lon", "said"),
    [
        (126.7, 37.5, "위도와 경도가 바뀌었습니다: 위도 126.7, 경도 37.5는 시 밖"),
        (137.5, 500.0, "위도 137.5, 경도 500는 없는 위치"),
        (38.5, 126.7, "시에서 100.1 km 벗어났습니다"),
    ],
)
def test_what_is_wrong_with_a_position(lat: float, lon: float, said: str) -> None:
    with pytest.raises(PlaceError) as caught:
        checked(lat, lon, CITY)
    assert said in (korean(str(caught.value)) or "")


def test_why_a_case_waits_with_every_reason_of_every_rule(bench: ServiceBench) -> None:
    bench.rule()
    bench.rule(rule="short", hours=1)
    asked = body(minutes_back=60, hours=5)
    with bench.client("kim") as officer:
        case = officer.post(URL, json=asked).json()
        assert case["waiting"].startswith("an operator must approve (")
        assert case["waiting_ko"] == (
            "관제요원의 승인이 필요합니다"
            " (short: 1시간까지만 허용; violent-crime: 4시간까지만 허용)"
        )
        refused = officer.post(f"/api/services/cases/{case['case_id']}/approval").json()
    assert refused["detail_ko"] == "승인: 다음 역할만 할 수 있습니다 (operator, supervisor)"


def test_a_sentence_that_the_catalogue_lacks_is_none() -> None:
    assert korean("the moon is up") is None


def test_every_pair_reads_back_its_own_sentence() -> None:
    for key, english in WORDS["en"].items():
        if key.startswith(FAMILY):
            filled = re.sub(r"\{(\w+)\}", "7", english)
            wanted = re.sub(r"\{(\w+)\}", "7", WORDS["ko"][key])
            assert korean(filled) == wanted, key
