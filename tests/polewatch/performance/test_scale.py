"""The plan for larger cities: reckoned from kept results, and up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from polewatch.performance.result import Figure, Result, read_all, result
from polewatch.performance.scale import PAGE, City, Measured, MissingError, page

ROOT = Path(__file__).resolve().parents[3]
CENTRE = {
    "storm: collector's CPU a message": 1.0,
    "steady: cores that the collector takes": 0.25,
    "steady: reports of figures": 400.0,
    "steady: messages": 50.0,
    "storm: messages receipted": 1000.0,
    "all connected, mutual TLS": 10.0,
    "memory of the broker": 206.7,
    "database a message": 5000.0,
    "database a finding, for a year": 2000.0,
}
UPLINK = {"a finding": 40.0, "uplink, a day without findings": 20.0}


def kept(name: str, values: dict[str, float]) -> Result:
    figures = tuple(Figure(label=label, value=value) for label, value in values.items())
    return result(name, "centre", name, command=f"measure {name}", condition="", figures=figures)


def test_a_city_is_reckoned_from_what_was_measured() -> None:
    measured = Measured.of([kept("centre-nats", CENTRE), kept("uplink", UPLINK)])
    # 0.25 cores less 50 messages of 1 ms, over 400 reports.
    assert measured.health_cpu_ms == pytest.approx(0.5)
    city = City(16_000, measured)
    assert city.boxes == 4000
    assert city.messages_per_s == pytest.approx(7.41, abs=0.01)
    assert city.health_per_s == pytest.approx(4000 / 30)
    assert city.peak_cores == pytest.approx(0.0741 + 0.0667, abs=0.001)
    assert city.collectors == 1
    assert City(100_000, measured).collectors == 2
    assert city.broker_gb == pytest.approx(0.4)
    assert city.reconnect_s == pytest.approx(4000 / 206.7)
    assert city.database_gb == pytest.approx(96.0)
    assert city.pictures_gb == pytest.approx(384.0)
    assert city.incidents_gb == pytest.approx(16_000 * 20 * 335 * 2000 / 1e9)
    assert city.broker_store_gb == pytest.approx(384.0 / 30)
    assert city.poles_tb == pytest.approx(16_000 * 43.2 * 30 / 1000)
    assert city.peak_mbit == pytest.approx(11.85 + 7.41, abs=0.01)
    assert city.turn_mbit == pytest.approx(384.0)


def test_what_nobody_measured_is_named_with_its_command() -> None:
    with pytest.raises(MissingError, match=r"uplink was not kept; run 'polewatch bench uplink"):
        Measured.of([kept("centre-nats", CENTRE)])
    assert "Not measured yet" in page([])


def test_the_page_is_that_of_the_kept_results() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(read_all(ROOT)), "run: make docs"
