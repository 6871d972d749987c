"""Incidents bring messages about, once, and take them back when they are over."""

from __future__ import annotations

from pathlib import Path

from collector.incident_desk import IncidentDesk
from collector.routing import Routing
from collector.services.boards.record import BoardMessage
from collector.services.boards.registry import Boards
from collector.services.boards.watch import IncidentWatch
from collector.store import boards as rows
from tests.collector.services.boards.test_desk import FILE
from tests.support.device import finding
from tests.support.service_bench import ServiceBench
from wire.names import new_id

TABLE = {"routes": [{"name": "fire", "types": ["fire"], "boards": ["square"]}]}


def test_an_incident_is_said_taken_back_and_said_again_when_it_goes_on(
    bench: ServiceBench, tmp_path: Path
) -> None:
    table = Routing.model_validate(TABLE)
    desk = IncidentDesk(bench.settings, lambda: table)
    boards = Boards.model_validate(FILE)
    told: list[str] = []
    watch = IncidentWatch(
        bench.settings, boards, desk, bench.database, bench.changes, bench.clock,
        lambda: told.append("lead on"),
    )  # fmt: skip

    def comes(finding_id: str, phase: str, type: str = "fire") -> None:
        event = finding(finding_id=finding_id, phase=phase, type=type, at=bench.clock.now())
        # Without the event itself, which an incident refers to.
        with bench.database.bulk() as run:
            desk.take(run, "pole-001-1", event, new_id(), bench.clock.now())
        watch.round()

    def messages() -> tuple[BoardMessage, ...]:
        with bench.database.reading() as run:
            return rows.newest(run, 10)

    comes(new_id(), "open", "intrusion")
    assert messages() == ()
    fire, again = new_id(), new_id()
    comes(fire, "open")
    (one,) = messages()
    assert (one.boards, one.state, one.multi) == (("square",), "approved", "cam-1[nl]화재 대피")
    watch.round()
    assert told == ["lead on"], "nothing is said twice"
    comes(fire, "close")
    assert [each.state for each in messages()] == ["ended"]
    bench.clock.advance(10)
    comes(again, "open")
    assert [(each.message_id, each.state) for each in messages()] == [(one.message_id, "approved")]
    # What a person took down stays down.
    with bench.database.transaction() as run:
        change = {"state": "ended", "ended_by": "kim", "ended_at": bench.clock.now()}
        rows.save(run, one.model_copy(update=change))
    watch.round()
    assert [each.state for each in messages()] == ["ended"]
