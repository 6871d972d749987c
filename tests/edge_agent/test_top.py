"""What `agent top` shows of the figures."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from edge_agent.top import picture
from tests.wire.samples import SAMPLES
from wire.health import Health


def _shown(health: Health, before: Health | None) -> str:
    console = Console(width=160, record=True, file=StringIO())
    console.print(picture(health, before))
    return console.export_text()


def test_stages_are_shown_dearest_first_as_they_cost_since_the_last_look() -> None:
    sample = SAMPLES["health"]
    assert isinstance(sample, Health)
    then = sample.model_copy(update={"monotonic_s": 100.0, "stages": {"decode": 50.0, "ring": 9.0}})
    now = then.model_copy(update={"monotonic_s": 110.0, "stages": {"decode": 51.0, "ring": 12.0}})
    rows = [line.split() for line in _shown(now, then).splitlines()]
    stages = [
        (cells[1], cells[3], cells[5])
        for cells in rows
        if len(cells) > 5 and cells[1] in ("ring", "decode")
    ]
    assert stages == [("ring", "300.0", "75%"), ("decode", "100.0", "25%")]


def test_a_camera_s_gate_is_shown_with_how_often_it_opened() -> None:
    sample = SAMPLES["health"]
    assert isinstance(sample, Health)
    camera = sample.cameras[0].model_copy(
        update={"gate": "idle", "gate_wakes": 7, "decoded_fps": 0.3}
    )
    text = _shown(sample.model_copy(update={"cameras": (camera,)}), None)
    assert "idle, 7 wakes" in text
    assert " 0.3 " in text
