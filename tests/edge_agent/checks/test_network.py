"""Names, the broker's absence, receipts and TURN, failing and passing; more in tests/system."""

from __future__ import annotations

import socket
from datetime import timedelta
from pathlib import Path

import pytest

from edge_agent.checks import network
from edge_agent.config import AgentSettings
from edge_agent.health import FILE_NAME
from provisioning.authority import Authority
from tests.edge_agent.checks.settings import pole_settings
from wire.clock import SimulatedClock, SystemClock
from wire.health import Health, OutboxHealth
from wire.names import new_id
from wire.whep import IceServer


@pytest.fixture
def city(tmp_path: Path) -> Authority:
    return Authority.init(tmp_path / "authority", "city")


@pytest.fixture
def settings(city: Authority, tmp_path: Path) -> AgentSettings:
    return pole_settings(city, tmp_path)


def test_names_resolve_or_are_named(city: Authority, tmp_path: Path) -> None:
    for host, code in (("localhost", None), ("broker.invalid", "dns.failed"), ("192.0.2.1", None)):
        settings = pole_settings(city, tmp_path, broker={"host": host})
        result = network.check_names(settings)
        assert result.code == code, result.detail
    assert "no names" in result.detail


def test_a_camera_by_a_name_that_does_not_resolve(city: Authority, tmp_path: Path) -> None:
    cameras = [{"id": "cam-1", "url": "rtsp://camera.invalid/main"}]
    result = network.check_names(pole_settings(city, tmp_path, cameras=cameras))
    assert (result.code, "camera.invalid" in result.detail) == ("dns.failed", True)


def test_a_broker_that_is_not_there(settings: AgentSettings) -> None:
    for check in (network.check_broker, network.check_topics):
        result = check(settings, SystemClock())
        assert result.code == "broker.unreachable"
        assert "Connection refused" in result.detail


def test_a_missing_identity_is_told_by_both(settings: AgentSettings, tmp_path: Path) -> None:
    without = settings.model_copy(update={"identity": tmp_path / "nobody"})
    for check in (network.check_broker, network.check_topics):
        assert check(without, SystemClock()).code == "identity.invalid"


@pytest.mark.parametrize(
    ("outbox", "age_s", "code"),
    [
        (OutboxHealth(depth=0, parked=0, lost=0, oldest_s=0, receipts=7), 3, None),
        (OutboxHealth(depth=2, parked=0, lost=0, oldest_s=20, receipts=7), 3, None),
        (OutboxHealth(depth=9, parked=0, lost=0, oldest_s=90, receipts=7), 3, "receipt.missing"),
        (OutboxHealth(depth=1, parked=0, lost=0, oldest_s=5, receipts=0), 3, "receipt.missing"),
        (OutboxHealth(depth=0, parked=0, lost=0, oldest_s=0, receipts=7), 60, "agent.stopped"),
    ],
)
def test_receipts(
    settings: AgentSettings, outbox: OutboxHealth, age_s: float, code: str | None
) -> None:
    clock = SimulatedClock()
    health = Health(
        boot_id=new_id(), at=clock.now() - timedelta(seconds=age_s), quality="synchronised",
        monotonic_s=9, uptime_s=9, outbox=outbox, mqtt_bytes=0, clip_bytes=0, sessions=0,
        cpu_s=0, rss_mb=0, disk_free_mb=0,
    )  # fmt: skip
    settings.data.mkdir()
    (settings.data / FILE_NAME).write_text(health.model_dump_json())
    assert network.check_receipts(settings, clock).code == code


@pytest.mark.parametrize("text", [None, "", "{"])
def test_no_report_of_an_agent(settings: AgentSettings, text: str | None) -> None:
    settings.data.mkdir()
    if text is not None:
        (settings.data / FILE_NAME).write_text(text)
    assert network.check_receipts(settings, SimulatedClock()).code == "agent.stopped"


def test_a_turn_server_that_does_not_answer_or_is_none() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"turn:127.0.0.1:{silent.getsockname()[1]}"
        server = IceServer(urls=(url,), username="a", credential="b")
        assert network.check_turn(server, timeout_s=0.2).code == "turn.unreachable"
    closed = IceServer(urls=("turn:127.0.0.1:9?transport=tcp",), username="a", credential="b")
    assert network.check_turn(closed, timeout_s=2).code == "turn.unreachable"
    assert network.check_turn(IceServer(urls=("stun:127.0.0.1",))).code == "config.invalid"
