"""Forwarding: who may be told, once, and what it leaves behind."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from collector.changes import Changes
from collector.forwarding import ForwardBody, Forwarding, receivers
from collector.problems import ProblemError
from collector.routing import Routing
from tests.support.centre import ROUTES
from tests.support.device import finding
from tests.support.intake import WayIn
from wire.clock import SimulatedClock
from wire.grant import PersonToken
from wire.names import new_id

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def person(role: str = "operator") -> PersonToken:
    return PersonToken.model_validate(
        {
            "token_id": new_id(),
            "person": "김관제",
            "agency": "centre",
            "roles": (role,),
            "issued_at": AT,
            "expires_at": AT.replace(hour=20),
        }
    )


def test_who_can_be_told() -> None:
    routing = Routing.model_validate(
        {
            **ROUTES,
            "endpoints": [
                {"agency": "fire", "channel": "cap", "url": "https://119.example/x",
                 "sender": "centre@example", "sender_name": "관제센터", "scope": "Private"},
                {"agency": "city", "channel": "mqtt", "enabled": False},
            ],
        }
    )  # fmt: skip
    assert receivers(routing, {"police", "city", "centre"}) == ("centre", "police", "fire/cap")


def test_an_agency_is_told_once_and_hears_what_follows(way_in: WayIn) -> None:
    device = way_in.device()
    way_in.events(device, device.put(finding()))
    ((incident_id,),) = way_in.rows("SELECT incident_id FROM incident")
    woken: list[bool] = []
    desk = Forwarding(
        way_in.database, way_in.desk, Changes(), SimulatedClock(AT),
        lambda: ("fire", "police"), lambda: woken.append(True),
    )  # fmt: skip
    body = ForwardBody(receiver="fire", note="연기 보임")
    with pytest.raises(ProblemError, match="needs one of the roles"):
        desk.forward(str(incident_id), body, person("officer"))
    with pytest.raises(ProblemError, match="cannot be reached"):
        desk.forward(str(incident_id), ForwardBody(receiver="navy"), person())
    desk.forward(str(incident_id), body, person())
    assert woken == [True]
    assert ("fire", "waiting") in way_in.rows("SELECT agency, state FROM delivery")
    steps = way_in.rows("SELECT note, person FROM incident_step WHERE person IS NOT NULL")
    assert steps == [("→ fire · 연기 보임", "김관제")]
    assert ("incident.forwarded",) in way_in.rows("SELECT kind FROM ledger")
    with pytest.raises(ProblemError, match="told already"):
        desk.forward(str(incident_id), body, person())
    # Given up, it is sent anew; closed, nobody is told of it any more.
    with way_in.database.transaction() as run:
        run.execute("UPDATE delivery SET state = 'failed', error = 'x' WHERE agency = 'fire'")
    desk.forward(str(incident_id), body, person())
    rows = way_in.rows("SELECT state, error FROM delivery WHERE agency = 'fire'")
    assert rows == [("waiting", None)]
    with way_in.database.transaction() as run:
        run.execute("UPDATE incident SET state = 'closed'")
    with pytest.raises(ProblemError, match="nobody is told"):
        desk.forward(str(incident_id), body, person())
