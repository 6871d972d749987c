"""Topics are built and parsed in one place; what is not ours is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.topics import (
    DeviceAddress,
    TopicError,
    agency_ack,
    agency_rights,
    device_rights,
    parse_agency_out,
    parse_down,
    parse_up,
)

HERE = DeviceAddress("gyeyang", "a7", "pole-001-1")


def test_every_device_topic_parses_back() -> None:
    for topic, kind, tail in [
        (HERE.event(), "event", None),
        (HERE.state(), "state", None),
        (HERE.window(), "window", None),
        (HERE.health(), "health", None),
        (HERE.still("ab" * 32), "still", "ab" * 32),
        (HERE.reply("x"), "reply", "x"),
        (HERE.trace(), "trace", None),
    ]:
        parsed = parse_up(topic)
        assert (parsed.address, parsed.kind, parsed.tail) == (HERE, kind, tail)
    for topic, kind in [
        (HERE.receipt(), "receipt"),
        (HERE.gap(), "gap"),
        (HERE.command(), "command"),
    ]:
        assert parse_down(topic) == (HERE, kind)
    assert parse_agency_out(agency_ack("police")).agency == "police"


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "pw/up",
        "pw/up/#",
        "pw/up/+/a7/pole-001-1/event",
        "pw/up/gyeyang/a7/pole-001-1/event/more",
        "pw/up/gyeyang/a7/pole-001-1/still",
        "pw/up/gyeyang/a7/pole-001-1/secrets",
        "pw/up/gyeyang/a7/../event",
        "pw/up/gyeyang/a7/pole\x00/event",
        "pw/up/gyeyang/a7/Pole'; DROP TABLE event;--/event",
        "pw/up/gyeyang/a777/pole-001-1/event",
        "$SYS/broker/version",
        "pw/down/gyeyang/a7/pole-001-1/command",
    ],
)
def test_foreign_topics_are_refused(topic: str) -> None:
    with pytest.raises(TopicError):
        parse_up(topic)


@given(st.text(max_size=80))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for parse in (parse_up, parse_down, parse_agency_out):
        with pytest.raises(TopicError):
            parse(text)


def test_rights_hold_a_device_and_an_agency_in_their_own_subtree() -> None:
    rights = device_rights(HERE)
    assert rights.publish == ("pw/up/gyeyang/a7/pole-001-1/#",)
    assert rights.subscribe == ("pw/down/gyeyang/a7/pole-001-1/#",)
    assert agency_rights("police").publish == ("pw/agency/police/out/#",)
