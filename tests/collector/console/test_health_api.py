"""How boxes, cameras and the centre are told, and to whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from collector.console.health_view import NOTES, certificates, device
from collector.store.rows import DeviceRow
from tests.support.console_store import Delivered, FilledStore, Told, figures

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def row(**more: object) -> DeviceRow:
    values: dict[str, object] = {
        "device": "pole-001-1", "online": True, "boot_id": None, "since": NOW, "version": "1.0",
        "reason": None, "heard_at": NOW, "health": figures(), "health_at": NOW, "missing": 0,
        "duplicates": 0, "gaps_asked": 0,
    }  # fmt: skip
    return DeviceRow(**(values | more))  # type: ignore[arg-type]  # a row of the test's choice


def test_what_is_no_fault_yet_is_noted() -> None:
    well = device(row(), [], NOW + timedelta(days=400), NOW)
    assert (well["faults"], well["notes"]) == ([], [])
    told = {
        "never": row(heard_at=None, online=False, health=None),
        "missing": row(missing=3),
        "silent": row(health_at=NOW - timedelta(minutes=3)),
        "disk": row(health=figures(disk_free_mb=900.0)),
    }
    for note, one in told.items():
        assert device(one, [], None, NOW)["notes"] == [note]
    for days in (-1, 29):
        ends = NOW + timedelta(days=days)
        assert device(row(), [], ends, NOW)["notes"] == ["certificate"]
    assert {*told, "certificate"} == set(NOTES)


def test_what_a_box_told_before_it_went_says_nothing_of_now() -> None:
    ill = figures(faults=("disk.full",))
    assert device(row(health=ill), [], None, NOW)["faults"] == ["disk.full"]
    assert device(row(health=ill, online=False), [], None, NOW)["faults"] == ["device.offline"]


def test_the_centres_own_certificates_are_told_the_first_to_end_first() -> None:
    ends = {
        "collector": NOW + timedelta(days=90),
        "signer": NOW + timedelta(days=3),
        "pole-001-1": NOW,
    }
    found = certificates(ends, ["pole-001-1"], NOW)
    assert [(one["name"], one["state"]) for one in found] == [
        ("signer", "soon"),
        ("collector", "ok"),
    ]


def test_causes_count_what_has_them(operator: TestClient, store: FilledStore) -> None:
    store.device("pole-001-1")
    store.device("pole-014-1", online=False)
    store.camera(0)
    store.camera(1, "down", "camera.unreachable")
    store.camera(2, "down", "camera.unreachable")
    store.figures("pole-001-1", figures(faults=("disk.full", "of.tomorrow")))
    store.tell(Told(picture=None, deliveries=(Delivered("city", "failed", error="no answer"),)))
    found = operator.get("/api/health").json()
    causes = {one["code"]: (one["devices"], one["cameras"]) for one in found["causes"]}
    # Behind a box that is away its cameras' own faults say nothing.
    assert causes == {
        "camera.unreachable": (0, 1),
        "device.offline": (1, 0),
        "disk.full": (1, 0),
        "of.tomorrow": (1, 0),
    }
    assert [one["camera"] for one in found["cameras"]] == ["yard", "market", "school", "river"]
    assert found["centre"]["cameras_up"] == 1
    (failed,) = found["centre"]["deliveries"]
    assert (failed["agency"], failed["failed"], failed["error"]) == ("city", 1, "no answer")


@pytest.mark.parametrize(
    ("role", "status"),
    [("technician", 200), ("administrator", 200), ("officer", 403), ("privacy", 403)],
)
def test_health_is_for_those_whose_trade_it_is(
    operator: TestClient, store: FilledStore, role: str, status: int
) -> None:
    store.token = store.token.model_copy(update={"roles": (role,)})
    assert operator.get("/api/health").status_code == status
    may = "yes" if status == 200 else "no"
    assert f'data-may="{may}"' in operator.get("/health").text
