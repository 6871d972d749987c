"""How many times faster than real time one core watches one camera as it ships."""

from __future__ import annotations

import pytest

from polewatch.accuracy.measurement import Figure
from polewatch.bench.sight import WAYS, measure
from tests.accuracy.labelled import street
from tests.accuracy.reporting import leave

pytestmark = pytest.mark.timeout(900)


def test_one_core_watches_one_camera() -> None:
    rows = measure(street())
    figures = [
        Figure(
            id=f"speed.{row.clip}.{row.way}",
            label=f"{row.clip}: {WAYS[row.way]}",
            value=round(row.times_real, 2),
            basis=f"{row.media_s:.1f} s of video in {row.cpu_s:.1f} s of CPU",
            unit="x real time",
        )
        for row in rows
    ]
    cpu_s = {(row.clip, row.way): row.cpu_s for row in rows}
    figures += [
        Figure(
            id=f"speed.{clip}.ratio",
            label=f"{clip}: as shipped beside the detector alone on every picture",
            value=round(cpu_s[clip, "every-picture"] / cpu_s[clip, "shipped"], 2),
            basis="CPU of the latter by CPU of the former, same run",
            unit="times faster",
        )
        for clip in ("street", "tiled")
    ]
    leave(
        "speed-sight",
        "Speed of one camera on one core",
        figures,
        footage=(
            "vtest.avi (768x576, 10 fps) as it is, and four moments of it side by side "
            "(1536x1152, H.264)"
        ),
        condition=(
            "`polewatch bench sight`: the process kept to one core, its CPU time, reading and "
            "decoding included; rules for intrusion, loitering and falls over the whole picture"
        ),
        tuned="nothing",
        test="test_speed.py",
        notes=["On the machine of this run; CPU time is longer where other work shares the core."],
    )
