"""The box's figures in Prometheus' words."""

from __future__ import annotations

from edge_agent.metrics import families
from tests.wire.samples import SAMPLES
from wire.health import Health

P = "polewatch_agent_"


def told(health: Health) -> dict[tuple[str, ...], float]:
    return {
        (one.name.removeprefix(P), *one.labels.values()): one.value
        for family in families(health)
        for one in family.samples
    }


def test_every_figure_is_told_in_base_units() -> None:
    health = SAMPLES["health"]
    assert isinstance(health, Health)
    camera = health.cameras[0]
    found = told(
        health.model_copy(
            update={"dropped": {"frames": 7}, "faults": ("disk.full",), "disk_free_mb": 12.5}
        )
    )
    assert found["camera_up", camera.camera] == (camera.state == "up")
    assert found["ring_reach_seconds", camera.camera] == camera.ring_hours * 3600
    assert found["outbox_messages",] == health.outbox.depth
    assert found["outbox_lost_total",] == health.outbox.lost
    assert found["disk_free_bytes",] == 12.5e6
    assert found["dropped_total", "frames"] == 7
    assert found["fault", "disk.full"] == 1
    assert found["report_timestamp_seconds",] == health.at.timestamp()


def test_a_camera_that_is_down_is_told_as_zero() -> None:
    health = SAMPLES["health"]
    assert isinstance(health, Health)
    down = health.cameras[0].model_copy(update={"state": "down"})
    assert told(health.model_copy(update={"cameras": (down,)}))["camera_up", down.camera] == 0
