"""A wanted car before a live camera: the agent as it is installed, from the list to the event."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from models.train.plates.draw import default_shapes
from provisioning.authority import Authority
from tests.accuracy.test_plate_passages import DATA
from tests.support.broker import BrokerHandle, broker, city
from tests.support.plate_passages import drives, write
from tests.support.rtsp import demo_camera
from tests.support.wait import wait_until
from tests.system.plates.poles import DEVICE, ListSender, real_agent
from tests.system.plates.test_watchlists import events, sent_by
from tests.system.uplink.centre import Centre

__all__ = ["broker", "city"]

pytestmark = pytest.mark.timeout(400)

SEED = 20261126
SMALL = 480
SCENES = DATA / "plates" / "korean" / "scenes"
STRANGER, WANTED = 7, 1
"""Which of the drives: two cars, of two photographs."""


@pytest.fixture
def centre(city: Authority, broker: BrokerHandle) -> Iterator[Centre]:
    centre = Centre(city, broker, DEVICE)
    centre.wait_listening()
    yield centre
    centre.close()


@pytest.mark.parametrize("substream", [False, True], ids=["one stream", "substream"])
@pytest.mark.parametrize("broker", ["nats"], indirect=True)
def test_a_wanted_car_before_a_live_camera_is_told_and_the_strangers_are_not(
    city: Authority, broker: BrokerHandle, centre: Centre, tmp_path: Path, substream: bool
) -> None:
    chosen = list(drives(8, SEED, default_shapes(DATA)))
    clip = tmp_path / "street.mp4"
    street = [chosen[STRANGER], chosen[WANTED]]
    write(street, SCENES, clip, SEED)
    wanted, stranger = chosen[WANTED].text, chosen[STRANGER].text
    agent = real_agent(city, broker, tmp_path / "agent")
    with contextlib.ExitStack() as cameras:
        camera = cameras.enter_context(demo_camera(clip))
        settings = yaml.safe_load((tmp_path / "agent" / "agent.yaml").read_text())
        rule = {"id": "hot", "type": "plate", "severity": "severe"}
        settings["cameras"] = [{"id": "cam-1", "url": camera.url, "rules": [rule]}]
        if substream:
            # Half as wide: its plates cannot be read, so that a hit proves the main stream's part.
            small = tmp_path / "small.mp4"
            write(street, SCENES, small, SEED, width=SMALL)
            other = cameras.enter_context(demo_camera(small))
            settings["cameras"][0]["sub_url"] = other.url
        (tmp_path / "agent" / "agent.yaml").write_text(yaml.safe_dump(settings))
        agent.start()
        try:
            sender = ListSender(centre)
            assert sender.send(sender.sealed(wanted, "99주9999")[0]).ok
            wait_until(lambda: events(centre), 240, "the hit")
        finally:
            agent.kill()
    event = events(centre)[0]
    assert event.plate is not None
    # How often the read itself is exact is measured over many passages, not here.
    assert event.plate.listed == wanted
    assert (event.plate.text != wanted) == event.plate.near_match
    crop = np.frombuffer(base64.b64decode(event.plate.crop or ""), np.uint8)
    picture = cv2.imdecode(crop, cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape[1] > 60
    assert event.model is not None
    assert event.model.name == "plate-reader"
    assert stranger not in sent_by(centre)
    log = agent.log_file.read_text()
    assert wanted not in log
    assert stranger not in log
