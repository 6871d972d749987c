"""What somebody who draws is told, with the place and the remedy."""

from __future__ import annotations

from typing import Any

import pytest

from wire.rules import rules_sha256
from wire.rules_check import MOST_BYTES, RulesFaultsError, checked

SQUARE = [[0.1, 0.1], [0.6, 0.1], [0.6, 0.6], [0.1, 0.6]]


def drawn(**changed: Any) -> dict[str, Any]:
    usual = {
        "zones": [{"id": "yard", "polygon": SQUARE}],
        "lines": [{"id": "gate", "points": [[0.2, 0.5], [0.6, 0.5]]}],
        "rules": [{"id": "in", "type": "intrusion", "zone": "yard"}],
    }
    return usual | changed


def zone(*points: tuple[float, float]) -> dict[str, Any]:
    return drawn(zones=[{"id": "yard", "polygon": [list(point) for point in points]}])


def scheduled(*spans: tuple[str, str, list[str]]) -> dict[str, Any]:
    schedule = [{"from": start, "to": end, "days": days} for start, end, days in spans]
    return drawn(rules=[{"id": "in", "type": "intrusion", "zone": "yard", "schedule": schedule}])


def test_what_is_well_drawn_is_taken_as_it_was_written() -> None:
    asked = drawn()
    rules = checked(asked)
    assert rules_sha256(rules) == rules_sha256(checked(dict(reversed(asked.items()))))
    assert rules_sha256(rules) != rules_sha256(checked(asked | {"lines": []}))


@pytest.mark.parametrize(
    ("asked", "where", "said"),
    [
        (zone((0, 0), (0.5, 0.5)), "zones.yard.polygon", "has 2 points and needs 3"),
        (
            zone((0.1, 0.1), (0.6, 0.6), (0.6, 0.1), (0.1, 0.6)),
            "zones.yard.polygon",
            "the side from point 1 to 2 meets the one from 3 to 4; move a point",
        ),
        (
            zone((0.1, 0.1), (0.6, 0.1), (0.6, 0.1), (0.1, 0.6)),
            "zones.yard.polygon",
            "points 2 and 3 are the same; delete one",
        ),
        (zone((0.1, 0.1), (0.11, 0.1), (0.1, 0.11)), "zones.yard.polygon", "next to nothing"),
        (
            drawn(
                zones=[
                    {"id": "yard", "polygon": [["0.1", "0.1"], ["0.11", "0.1"], ["0.1", "0.11"]]}
                ]
            ),
            "zones.yard.polygon",
            "next to nothing",
        ),
        (zone((0.1, 0.1), (1.2, 0.1), (0.6, 0.6)), "zones.yard.polygon.1.0", "less than or equal"),
        (
            drawn(lines=[{"id": "gate", "points": [[0.2, 0.5], [0.2, 0.5]]}]),
            "lines.gate.points",
            "two points in a row are the same",
        ),
        (drawn(zones=[]), "rules", "there is no zone 'yard'"),
        (drawn(rules=[{"id": "Tor", "type": "tamper"}]), "rules.Tor.id", "a-z, 0-9 and - only"),
        (drawn(rules=[{"id": "in", "type": "magic"}]), "rules.in.type", "input should be"),
        (
            scheduled(("08:00", "12:00", ["mon"]), ("11:00", "13:00", ["mon"])),
            "rules.in.schedule",
            "times 1 and 2 overlap on mon",
        ),
        (
            scheduled(("22:00", "05:00", ["sun"]), ("04:00", "06:00", ["mon"])),
            "rules.in.schedule",
            "times 1 and 2 overlap on mon",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    asked: dict[str, Any], where: str, said: str
) -> None:
    with pytest.raises(RulesFaultsError) as raised:
        checked(asked)
    assert raised.value.faults[0].where == where
    assert said in raised.value.faults[0].message


def test_every_fault_is_named_at_once() -> None:
    asked = drawn(
        zones=[{"id": "yard", "polygon": SQUARE[:2]}, {"id": "b b", "polygon": SQUARE}],
        rules=[{"id": "in", "type": "crowd", "zone": "yard", "count": 1}],
    )
    with pytest.raises(RulesFaultsError, match="and 2 more") as raised:
        checked(asked)
    assert [one.where for one in raised.value.faults] == [
        "zones.yard.polygon",
        "zones.b b.id",
        "rules.in.count",
    ]


def test_times_that_only_touch_do_not_overlap() -> None:
    days = ["mon", "tue"]
    assert checked(scheduled(("22:00", "06:00", days), ("06:00", "22:00", days)))
    assert checked(scheduled(("00:00", "00:00", ["mon"]), ("00:00", "00:00", ["tue"])))


def test_more_than_a_command_holds_is_refused() -> None:
    corners = [[0.1 + n / 100_000, 0.1 + (n % 7) / 1000] for n in range(62)]
    outline = [[0.9, 0.1234567890123], *[[x, y + 0.0000000000001] for x, y in corners]]
    with pytest.raises(RulesFaultsError, match=f"are more than {MOST_BYTES:,}"):
        checked({"zones": [{"id": f"z{n}", "polygon": outline} for n in range(64)]})
