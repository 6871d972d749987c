"""`polewatch clip export` with the box's own configuration, and `clip verify` of what it wrote."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from typer.testing import CliRunner

from edge_agent.clips.commands import app
from tests.edge_agent.clips.evidence.exports import ADDRESS, CAMERA, make_pole
from tests.support.media import encode


def test_a_box_exports_what_it_recorded_and_leaves_a_note(tmp_path: Path) -> None:
    pole = make_pole(tmp_path)
    pole.record(encode(60))
    certificate = str(pole.identity.cert_file)
    config = tmp_path / "agent.yaml"
    settings = {
        "site": ADDRESS.site,
        "shard": ADDRESS.shard,
        "identity": str(pole.identity.cert_file.parent),
        "trust": {"collector": certificate, "signer": certificate},
        "data": str(tmp_path),
        "cameras": [
            {"id": CAMERA, "url": "rtsp://10.0.0.1/1", "rules": [{"id": "down", "type": "fall"}]}
        ],
    }
    config.write_text(yaml.safe_dump(settings))
    out = tmp_path / "case.zip"
    order = ["--config", str(config), "--camera", CAMERA, "--case", "2026-1187"]
    # START in the site's zone, which is Seoul's.
    order += ["--from", "2026-01-01T09:00:01", "--to", "2026-01-01T09:00:04"]
    asked = [*order, "--still", "2026-01-01T09:00:02", "--recipient", "계양경찰서"]
    run = CliRunner().invoke(app, ["export", *asked, "--out", str(out)])
    assert run.exit_code == 0, run.output
    assert "3 GOPs" in run.output
    checked = CliRunner().invoke(
        app, ["verify", str(out), "--authority", str(pole.identity.ca_file), "--json"]
    )
    verdict = json.loads(checked.output)
    assert (checked.exit_code, verdict["code"], verdict["gops"]) == (0, "intact", 3)
    (note,) = (tmp_path / "exports").glob("*.json")
    assert json.loads(note.read_text())["detail"] == "계양경찰서"
    again = CliRunner().invoke(app, ["export", *order, "--out", str(out)])
    assert again.exit_code == 1
    assert "exists; name another file" in again.output
    grant = tmp_path / "grant"
    grant.write_text("not.a.grant")
    refused = [*order, "--grant", str(grant), "--out", str(tmp_path / "other.zip")]
    run = CliRunner().invoke(app, ["export", *refused])
    assert run.exit_code == 1
    assert "not the signer's" in run.output
    assert len(list((tmp_path / "exports").iterdir())) == 1
