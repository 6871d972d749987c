"""What ends with a case, or with a rule: which poles are told, and of which cameras."""

from __future__ import annotations

import json
from typing import Any

from fastapi.testclient import TestClient

from collector.services.withdrawal import Withdrawal
from tests.collector.services.test_emergency_video import CASES, URL, body
from tests.support.service_bench import ServiceBench

NEAR = frozenset({("pole-001-1", name) for name in ("south", "north", "east")})


def approved(officer: TestClient, operator: TestClient, **changed: Any) -> str:
    case = officer.post(URL, json=body(**changed)).json()["case_id"]
    assert operator.post(f"{CASES}/{case}/approval").json()["state"] == "approved"
    return str(case)


def orders(bench: ServiceBench) -> list[dict[str, Any]]:
    rows = bench.rows("SELECT device, action FROM device_order ORDER BY number")
    return [json.loads(row["action"])["withdrawal"] for row in rows]


def test_a_closed_case_is_ordered_off_the_poles_but_not_what_another_still_shows(
    bench: ServiceBench,
) -> None:
    with bench.client("kim") as officer, bench.client("oper") as operator:
        first = approved(officer, operator)
        second = approved(officer, operator)
        officer.post(f"{CASES}/{first}/closing", json={})
        assert (bench.withdrawn[-1].cameras, orders(bench)) == (frozenset(), [])
        bench.clock.advance(5)
        officer.post(f"{CASES}/{second}/closing", json={})
    until = bench.clock.now()
    assert bench.withdrawn[-1] == Withdrawal(second, "police", "112-2026-7", NEAR, until)
    (order,) = orders(bench)
    assert (order["agency"], order["case"]) == ("police", "112-2026-7")
    assert order["cameras"] == ["east", "north", "south"]


def test_with_its_rule_a_permit_ends_and_the_case_waits_for_an_operator(
    bench: ServiceBench,
) -> None:
    bench.rule()
    with bench.client("kim") as officer:
        case = officer.post(URL, json=body()).json()
        assert bench.cases.permits_in_force() == (case["permit_id"],)
        bench.permits.withdraw_rule("violent-crime", bench.clock.now())
        found = bench.permits.withdrawn(bench.cases.permits_in_force())
        assert found == {case["permit_id"]: bench.clock.now()}
        for _ in range(2):
            bench.cases.permit_withdrawn(case["permit_id"], bench.clock.now())
        now = officer.get(f"{CASES}/{case['case_id']}").json()
        assert (now["state"], now["permit_id"]) == ("asked", None)
    assert [one.cameras for one in bench.withdrawn] == [NEAR]
    (entry,) = bench.ledger("service.withdrawn")
    assert (entry["rule"], entry["permit_id"]) == ("violent-crime", case["permit_id"])


def test_one_that_moved_on_and_is_refused_ends_what_was_permitted_before(
    bench: ServiceBench,
) -> None:
    with bench.client("kim") as officer, bench.client("oper") as operator:
        case = approved(officer, operator)
        with bench.database.transaction() as run:
            run.execute("UPDATE service_case SET state = 'asked'")
        operator.post(f"{CASES}/{case}/refusal", json={"note": "enough"})
    assert [one.cameras for one in bench.withdrawn] == [NEAR]
