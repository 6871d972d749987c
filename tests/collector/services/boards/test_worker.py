"""A board is led to its plan, read back, and what goes wrong is told once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.services.boards.drivers.ntcip_objects import Memory, MessageId
from tests.support.board_bench import BoardBench
from wire import faultpoint
from wire.names import new_id


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[BoardBench]:
    made = BoardBench(tmp_path)
    made.sign.permanent(3, "WELCOME")
    yield made
    made.close()


class Killed(BaseException):
    """The process is gone."""


def kill_at(point: str) -> None:
    def arrived(here: str) -> None:
        if here == point:
            raise Killed

    faultpoint.watch(arrived)


def test_a_message_stands_is_read_back_and_gives_way_to_what_stood_before(
    bench: BoardBench,
) -> None:
    assert bench.look().status == "idle"
    one = bench.say("화재[nl]대피")
    state = bench.look()
    assert (state.status, state.told, state.shown) == ("shows", one.message_id, "화재[nl]대피")
    assert bench.sign.shows == "[hcd654][hcc7ac][nl][hcb300][hcd53c]"
    assert bench.sign.end_duration.code == bytes.fromhex(
        state.before.source if state.before else ""
    )
    higher = bench.say("HIGHER", priority=200)
    bench.look()
    bench.end(higher)
    bench.look()
    assert bench.sign.shows.startswith("[hcd654]")
    bench.end(one)
    assert bench.look().status == "idle"
    assert bench.sign.shows == "WELCOME"
    assert bench.sign.source.memory == Memory.PERMANENT
    assert bench.told() == [
        *("shown", "told", "shown", "told", "shown", "told", "shown", "restored"),
    ]
    activations = bench.sign.activations
    for _ in range(5):
        bench.look(10)
    assert bench.sign.activations == activations, "nothing is told without a reason"


def test_it_ends_by_itself_when_nobody_is_there_any_more(bench: BoardBench) -> None:
    bench.look()
    bench.say("FIRE", incident_id=new_id(), template="t")
    bench.look()
    # Renewed while the centre is there …
    for _ in range(6):
        bench.look(120)
    assert bench.sign.shows == "FIRE"
    assert bench.told() == ["shown", "told", "shown"]
    # … and gone within a lease without it, long before the message's own end.
    bench.clock.advance(10 * 60)
    assert bench.sign.shows == "WELCOME"


@pytest.mark.parametrize(("minutes", "comes_back"), [(20, True), (3, False)])
def test_what_stood_for_a_while_comes_back_for_the_rest_of_it_alone(
    bench: BoardBench, minutes: int, comes_back: bool
) -> None:
    row = bench.sign.rows[int(Memory.PERMANENT), 3]
    bench.sign.stand(MessageId(int(Memory.PERMANENT), 3, row.crc), minutes)
    bench.look()
    one = bench.say("FIRE")
    bench.look()
    assert bench.sign.end_duration.memory == Memory.BLANK, "nothing of it would end there"
    bench.look(300)
    bench.end(one)
    assert bench.look().status == "idle"
    assert bench.sign.shows == ("WELCOME" if comes_back else "")
    bench.clock.advance(15 * 60)
    assert bench.sign.shows == ""
    assert bench.told()[-1] == "restored"


def test_a_board_that_does_not_answer_is_told_once_and_led_on_when_it_is_back(
    bench: BoardBench,
) -> None:
    bench.look()
    bench.sign.silent = True
    bench.say("FIRE")
    for _ in range(5):
        state = bench.look(60)
    assert (state.status, state.told) == ("silent", None)
    assert bench.told() == ["shown", "silent"]
    bench.sign.silent = False
    assert bench.look(60).status == "shows"
    assert bench.told() == ["shown", "silent", "answers", "told", "shown"]


def test_a_board_that_shows_something_else_is_told(bench: BoardBench) -> None:
    bench.look()
    one = bench.say("FIRE")
    bench.sign.lie = "SALE"
    for _ in range(4):
        state = bench.look(70)
    assert (state.status, state.shown, state.told) == ("differs", "SALE", one.message_id)
    assert bench.told() == ["shown", "told", "differs"]
    assert bench.log()[-1].detail == "told: FIRE"
    bench.sign.lie = None
    assert bench.look(70).status == "shows"


def test_what_stood_before_is_back_when_it_stands_in_its_place_again(bench: BoardBench) -> None:
    bench.sign.lie = "SALE"
    bench.look()
    one = bench.say("FIRE")
    bench.look()
    bench.sign.lie = None
    bench.look(70)
    bench.end(one)
    assert bench.look(70).status == "idle"
    assert bench.sign.shows == "WELCOME"
    assert bench.told()[-1] == "restored"


def test_somebody_at_the_panel_is_seen(bench: BoardBench) -> None:
    bench.look()
    one = bench.say("FIRE")
    bench.look()
    bench.sign.panel("CLOSED")
    assert bench.look(10).status == "shows"
    assert bench.told()[3:] == ["changed", "told", "shown"]
    assert bench.log()[3].shown == "CLOSED"
    # In local mode the panel's word counts: it is said, and nothing is fought over.
    bench.sign.panel("LOCAL")
    bench.sign.mode = 2
    for _ in range(4):
        state = bench.look(70)
    assert state.status == "refused"
    assert state.why is not None
    assert state.why.startswith("local: ")
    assert bench.told()[6:] == ["changed", "told", "refused"]
    # What somebody else has put there is left alone.
    bench.end(one)
    bench.sign.mode = 4
    assert bench.look(70).status == "idle"
    assert bench.sign.shows == "LOCAL"
    assert bench.told()[-1] == "left"


def test_a_text_that_the_board_finds_wrong_leaves_it_as_it_was(bench: BoardBench) -> None:
    bench.look()
    bench.sign.invalid = True
    bench.say("FIRE")
    for _ in range(3):
        state = bench.look(70)
    assert state.status == "refused"
    assert state.why == "syntax: it cannot show the text: unsupportedTag at byte 0"
    assert bench.sign.shows == "WELCOME"
    assert bench.told() == ["shown", "told", "refused"]


@pytest.mark.parametrize(
    "point", ["board.telling", "board.written", "board.activated", "board.told"]
)
def test_killed_in_the_middle_the_plan_is_reached_and_logged_once(
    bench: BoardBench, point: str
) -> None:
    bench.look()
    one = bench.say("FIRE")
    kill_at(point)
    with pytest.raises(Killed):
        bench.look()
    faultpoint.watch(None)
    assert bench.sign.shows in ("WELCOME", "FIRE")
    bench.begin()
    assert bench.look(5).status == "shows"
    bench.look(5)
    assert bench.told() == ["shown", "told", "shown"]
    bench.end(one)
    bench.look(5)
    assert bench.sign.shows == "WELCOME"


@pytest.mark.parametrize(
    ("changed", "misfit"),
    [
        ({"width_px": 128}, "columns 96 where boards.yaml says 128"),
        ({"colors": "rgb"}, "colour scheme 1 where boards.yaml says 4"),
    ],
)
def test_a_board_that_is_not_as_its_file_says_is_told(
    tmp_path: Path, changed: dict[str, Any], misfit: str
) -> None:
    bench = BoardBench(tmp_path, **changed)
    assert bench.look().misfit == misfit
    bench.sign.errors = 1 << 13
    assert bench.look().why == "faults: door open"
    assert bench.told() == ["misfit", "shown"]
    bench.close()
