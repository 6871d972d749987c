"""The demo counts what was acknowledged, once each, and ignores what is no acknowledgement."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from polewatch.demo.books import Books, summarise
from tests.wire.samples import SAMPLES
from wire.health import Health


def _line(delivery: str, latency: float, revision: int = 1) -> str:
    return json.dumps(
        {"acknowledged": delivery, "revision": revision, "latency_ms": latency, "text": "침입"}
    )


def test_a_delivery_counts_once_however_often_it_is_revised(tmp_path: Path) -> None:
    books = Books(tmp_path / "health.json")
    assert books.take_receiver_line("police", _line("a", 40.0)) is not None
    assert books.take_receiver_line("police", _line("a", 9000.0, 2)) is None
    assert books.take_receiver_line("police", _line("b", 60.0)) is not None
    assert books.take_receiver_line("police", "no json") is None
    assert books.take_receiver_line("police", '{"connected": true}') is None
    assert books.take_receiver_line("fire", "[1]") is None
    assert books.deliveries() == {"police": 2}
    assert books.latency().p50 == 40.0
    assert books.latency().p99 == 60.0


def test_without_deliveries_there_is_no_latency(tmp_path: Path) -> None:
    assert Books(tmp_path / "health.json").latency().p50 is None


def test_the_summary_takes_every_figure_from_its_source(tmp_path: Path) -> None:
    health = SAMPLES["health"]
    assert isinstance(health, Health)
    books = Books(tmp_path / "health.json")
    (tmp_path / "health.json").write_text(health.model_dump_json())
    assert books.health() == health
    books.take_receiver_line("police", _line("a", 40.0))
    summary = summarise(books, health, 3, None)
    assert summary.incidents == 3
    assert summary.deliveries == {"police": 1, "fire": 0}
    assert summary.camera_bytes == health.cameras[0].bytes_received
    assert summary.agent_cpu_s_per_s == pytest.approx(42.0 / 700.0, abs=1e-3)
    assert summary.agent_rss_mb == 180.0


def test_a_missing_or_half_written_file_is_no_health(tmp_path: Path) -> None:
    books = Books(tmp_path / "health.json")
    assert books.health() is None
    (tmp_path / "health.json").write_text('{"boot_id"')
    assert books.health() is None
