"""People and incidents have boards say something: who may, what fits, and when it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.changes import Changes
from collector.incidents import Incident
from collector.problems import ProblemError
from collector.routing import Routing, Subject, route
from collector.services.boards.desk import BoardDesk, MessageBody
from collector.services.boards.incidents import Subject as About
from collector.services.boards.incidents import is_over, messages_of
from collector.services.boards.registry import Boards, load_boards
from tests.support.board_bench import NOON, SEOUL
from tests.support.new_store import new_store
from wire.clock import SimulatedClock
from wire.grant import PersonToken
from wire.names import new_id
from wire.settings import SettingsError

WEB = {"driver": "web", "title": "광장", "width_px": 96, "height_px": 32, "charset": "ks"}
FILE: dict[str, Any] = {
    "boards": [
        {**WEB, "id": "square", "group": "centre"},
        {**WEB, "id": "bridge", "group": "centre", "approval": True},
    ],
    "templates": [
        {"name": "fire", "types": ["fire"], "text": "{place}[nl]{type} 대피", "short": "{type}"},
        {"name": "all", "text": "x", "until": "closed", "severities": ["severe"]},
    ],
}
BOARDS = Boards.model_validate(FILE)
INCIDENT = Incident(
    incident_id=new_id(), revision=1, type="fire", severity="moderate", certainty="likely",
    confidence=0.9, state="open", drill=False, device="pole-001-1", camera="gate", zone=None,
    rule="r", opened_at=NOON, active_at=NOON, observed_at=NOON, ended_at=None, updated_at=NOON,
    closed_at=None, still=None, box=None, clip_start=None, clip_end=None,
)  # fmt: skip


def person(name: str) -> PersonToken:
    return PersonToken(
        token_id=new_id(), person=name, agency="centre", roles=("operator",),
        issued_at=NOON, expires_at=NOON + timedelta(hours=8),
    )  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[BoardDesk]:
    database = new_store(tmp_path)
    yield BoardDesk(BOARDS, database, Changes(), SimulatedClock(NOON), lambda: None)
    database.close()


def body(*boards: str, text: str = "행사 안내", **changed: Any) -> MessageBody:
    usual = {"boards": boards, "text": text, "until_at": NOON + timedelta(hours=1)}
    return MessageBody.model_validate({**usual, **changed})


def refused(work: Callable[[], object]) -> str:
    with pytest.raises(ProblemError) as caught:
        work()
    return str(caught.value)


def test_another_person_approves_what_goes_to_a_board_that_wants_it(desk: BoardDesk) -> None:
    assert desk.ask(body("square"), person("kim")).state == "approved"
    one = desk.ask(body("centre"), person("kim"))
    assert (one.boards, one.state) == (("square", "bridge"), "waiting")
    own = refused(lambda: desk.decide(one.message_id, person("kim"), yes=True))
    assert own.startswith("auth.forbidden: another person")
    assert desk.decide(one.message_id, person("lee"), yes=True).decided_by == "lee"
    assert refused(lambda: desk.decide(one.message_id, person("lee"), yes=False)) == (
        "board.state: it is approved"
    )
    assert desk.end(one.message_id, person("kim")).ended_by == "kim"
    assert refused(lambda: desk.end(one.message_id, person("kim"))) == "board.state: it is ended"
    two = desk.ask(body("bridge"), person("kim"))
    assert desk.decide(two.message_id, person("kim"), yes=False).state == "refused"


def test_what_cannot_be_shown_is_refused_and_nothing_is_kept(desk: BoardDesk) -> None:
    long = body("centre", text="이 문안은 너무 길어서 들어가지 않습니다")
    assert "board.unfit: square: wide" in refused(lambda: desk.ask(long, person("kim")))
    assert [one.layout.problems[0].why for one in desk.preview(long)] == ["wide", "wide"]
    assert "board.unfit" in refused(
        lambda: desk.ask(body("square", text="A]", multi=True), person("kim"))
    )
    assert "there is no board sqare" in refused(lambda: desk.ask(body("sqare"), person("kim")))
    over = body("square", until_at=NOON + timedelta(minutes=1))
    assert "until_at" in refused(lambda: desk.ask(over, person("kim")))
    assert desk.messages() == ()
    assert [(one.id, one.state.status, one.showing) for one in desk.listed()] == [
        ("square", "unknown", None),
        ("bridge", "unknown", None),
    ]


def test_templates_say_what_happens_where_and_give_way_when_it_is_over() -> None:
    def texts(place: str, one: Incident = INCIDENT) -> list[tuple[str, str]]:
        about = About(one, place, "화재")
        made = messages_of(about, BOARDS.boards[:1], BOARDS.templates, NOON, SEOUL)
        return [(message.state, message.multi) for message in made]

    assert texts("정문") == [("approved", "정문[nl]화재 대피")]
    # A name that marks up is a name; one that is too long takes the shorter text.
    assert texts("[np]A") == [("approved", "[[np]]A[nl]화재 대피")]
    assert texts("아주 긴 이름의 교차로") == [("approved", "화재")]
    assert texts("정문", replace(INCIDENT, drill=True)) == []
    assert len(texts("정문", replace(INCIDENT, severity="severe"))) == 2
    assert texts("정문", replace(INCIDENT, state="rejected", severity="severe")) == []
    fire, every = BOARDS.templates
    ended = replace(INCIDENT, ended_at=NOON)
    assert (is_over(ended, fire), is_over(ended, every)) == (True, False)
    bad = BOARDS.templates[0].model_copy(update={"text": "뷁", "short": None})
    (message,) = messages_of(About(INCIDENT, "x", "x"), BOARDS.boards[:1], (bad,), NOON, SEOUL)
    assert (message.state, message.why) == ("unfit", "letter 뷁")


def test_routes_name_boards_beside_agencies_or_alone() -> None:
    table = Routing.model_validate(
        {
            "routes": [
                {"name": "fire", "types": ["fire"], "agencies": ["fire"], "boards": ["square"]},
                {"name": "crowd", "types": ["crowd"], "boards": ["centre"]},
            ],
            "otherwise": ["centre"],
        }
    )

    def routed(type_: str) -> tuple[list[str], tuple[str, ...]]:
        subject = Subject(type_, "severe", "pole-001-1", "gate", None, NOON, False)
        found = route(table, subject, SEOUL)
        return [one.agency for one in found.targets], found.boards

    assert routed("fire") == (["fire"], ("square",))
    assert routed("crowd") == (["centre"], ("centre",)), "a board alone comes to nobody's help"
    with pytest.raises(ValueError, match="tells nobody"):
        Routing.model_validate({"routes": [{"name": "none"}]})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"boards": [{**WEB, "id": "a"}, {**WEB, "id": "a"}]}, "board a stands twice"),
        ({"boards": [{**WEB, "id": "a", "driver": "ntcip"}]}, "driver ntcip needs snmp"),
        (
            {"boards": [{**WEB, "id": "a", "driver": "ntcip", "snmp": {"host": "h"}}]},
            "needs either community_file",
        ),
        ({"templates": [{"name": "t", "text": "{plate}"}]}, "{plate} is no placeholder"),
        ({"boards": [{**WEB, "id": "a"}, {**WEB, "id": "b", "group": "a"}]}, "a board and of a"),
    ],
)
def test_mistakes_in_the_file_are_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    file = tmp_path / "boards.yaml"
    file.write_text(yaml.safe_dump(change))
    with pytest.raises(SettingsError) as caught:
        load_boards(file)
    assert str(file) in str(caught.value)
    assert said in str(caught.value)
