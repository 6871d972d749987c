"""`polewatch collector route --explain` says of the guide's routes who hears of what, and why."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from polewatch.cli import main
from provisioning.authority import Authority
from tests.wire.samples import AT, EVENT
from wire.envelope import cloud_event
from wire.topics import DeviceAddress

POLE = DeviceAddress("testcity", "00", "pole-001-1")
GUIDE = Path(__file__).parents[2] / "docs" / "guide"


@pytest.fixture
def centre(tmp_path: Path) -> Path:
    """A centre's configuration with the guide's administrative routes, its departments enrolled."""
    city = Authority.init(tmp_path / "city", "testcity")
    with city.batch():
        city.issue_device("pole-001")
        for agency in ("cleaning", "forest", "fire", "police", "centre"):
            city.issue_agency(agency)
        for service in ("collector", "signer"):
            city.issue_service(service, service, hosts=("localhost",))
    camera = {"device": "pole-001-1", "lat": 37.54, "lon": 126.73}
    config = tmp_path / "collector.yaml"
    settings = {
        "site": "testcity",
        "identity": str(city.identity("collector")),
        "register_file": str(city.register_file),
        "data": "data",
        "routing": str(GUIDE / "routing-administrative.yaml"),
        "signer": {
            "url": "http://127.0.0.1:1", "certificate": str(city.identity("signer") / "cert.pem"),
        },
        "cameras": [
            {**camera, "camera": "park", "title": "공원"},
            {**camera, "camera": "ridge", "title": "능선", "group": "forest"},
        ],
    }  # fmt: skip
    config.write_text(yaml.safe_dump(settings, allow_unicode=True))
    return config


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str]:
    with pytest.raises(SystemExit) as end:
        main(("collector", "route", *arguments))
    out, err = capsys.readouterr()
    return end.value.code, out + err


def test_it_explains_the_administrative_routes(
    centre: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = ("--config", str(centre))
    assert said(capsys, *config) == (
        0,
        f"{GUIDE / 'routing-administrative.yaml'}: 4 routes, no mistakes\n",
    )
    event = tmp_path / "event.json"
    for type_, camera, told, why in (
        ("dumping", "park", "told: cleaning by mqtt", "yes dumping"),
        ("fire", "ridge", "told: forest by mqtt, fire by mqtt", "yes forest"),
        ("smoke", "park", "told: fire by mqtt", "no  forest: "),
    ):
        finding = EVENT.model_copy(update={"type": type_, "camera": camera})
        # Its group is the camera's at that device: a bare finding names none.
        cloud = cloud_event("finding", finding, id=finding.finding_id, source=POLE.source, time=AT)
        event.write_text(cloud.model_dump_json(exclude_none=True))
        code, text = said(capsys, "--explain", str(event), *config)
        assert code == 0, text
        assert told in text
        assert why in text
    event.write_text('{"type": "dumping"}')
    code, text = said(capsys, "--explain", str(event), *config)
    assert code == 1
    assert f"{event}: is no finding" in text
