"""Administrative cameras, whole: what is dumped reaches the cleaning department with before and
after, a fire at the forest's edge the forest office and 119; the police hear of neither."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from polewatch.demo.run import Demo
from polewatch.demo.site import CAMERA, PERSON
from tests.accuracy.labelled import data, street
from tests.support.composition import Scenes, compose, cut_out
from tests.support.demo import end, kill
from tests.support.painted_fire import write_fire
from tests.support.rtsp import demo_camera
from tests.support.wait import wait_until

PATIENCE_S = 120.0
GUIDE = Path(__file__).parents[3] / "docs" / "guide"
SCENES = Path(__file__).parents[2] / "accuracy" / "labels" / "abandonment" / "scenes.json"
DROP = "develop-drop-b230"
RIDGE = "ridge"


def dumping_clip(folder: Path) -> Path:
    """Somebody leaves a large thing at the street's edge and walks away; 27 s."""
    staging = Scenes.model_validate_json(SCENES.read_text()).staging("develop")
    clip = next(one for one in staging.clips if one.name == DROP)
    (thing,) = clip.things
    cutout = cut_out(data("coco/train2017/images"), staging.objects[thing.object])
    compose(clip, street(), {thing.object: cutout}, folder / "dumping.mp4")
    return folder / "dumping.mp4"


def night() -> str:
    """A time zone in which it is about ten in the evening now, so that the profile's time is on."""
    ahead = (22 - datetime.now(UTC).hour + 12) % 24 - 12
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def set_up(demo: Demo, ridge_url: str) -> None:
    """The guide's routes, a second camera in its group, and a profile for each."""
    end(demo, "agent")
    kill(demo, "collector")
    collector = yaml.safe_load(demo.site.collector_config.read_text())
    ridge = {"device": demo.site.device, "camera": RIDGE, "title": "계양산 능선", "group": "forest"}
    collector["cameras"].append({**ridge, "lat": 37.5510, "lon": 126.7170})
    demo.site.collector_config.write_text(yaml.safe_dump(collector, allow_unicode=True))
    routes = (GUIDE / "routing-administrative.yaml").read_text()
    (demo.site.collector_config.parent / "routing.yaml").write_text(routes)
    agent = yaml.safe_load(demo.site.agent_config.read_text())
    agent["time_zone"] = night()
    agent["cameras"][0]["profiles"] = ["dumping"]
    always = [{"id": f"forest-{kind}", "type": kind} for kind in ("smoke", "fire")]
    agent["cameras"].append(
        {"id": RIDGE, "url": ridge_url, "profiles": ["forest-fire"], "rules": always}
    )
    demo.site.agent_config.write_text(yaml.safe_dump(agent, allow_unicode=True))
    for part in ("collector", "cleaning", "forest", "agent"):
        demo.start(part)


class Departments:
    """What the city's own receivers printed."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self.lines: dict[str, list[dict[str, Any]]] = {"cleaning": [], "forest": []}

    def told(self, agency: str) -> set[str]:
        """Types of incidents that reached it."""
        return {one["type"] for one in self.said(agency) if "acknowledged" in one}

    def stills(self, agency: str) -> set[str]:
        return {one["still"] for one in self.said(agency) if one.get("intact")}

    def said(self, agency: str) -> list[dict[str, Any]]:
        self._demo.tick()
        if agency not in self.lines:
            return list(self._demo.books.acknowledged.get(agency, {}).values())
        fresh = self._demo.family.children[agency].lines()
        self.lines[agency] += [json.loads(line) for line in fresh if line.startswith("{")]
        return self.lines[agency]


def picture(client: httpx.Client, url: str) -> NDArray[np.float32]:
    answer = client.get(url)
    assert answer.status_code == 200, answer.text
    read = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert read is not None
    return cv2.GaussianBlur(read, (0, 0), 2).astype(np.float32)


def at_the_box(image: NDArray[np.float32], box: dict[str, float]) -> NDArray[np.float32]:
    height, width = image.shape[:2]
    x, y = round(box["x"] * width), round(box["y"] * height)
    return image[y : y + round(box["h"] * height), x : x + round(box["w"] * width)]


@pytest.mark.timeout(600)
def test_dumping_and_a_forest_fire_reach_who_answers_for_them(tmp_path: Path) -> None:
    clip, burning = dumping_clip(tmp_path), write_fire(tmp_path / "fire.mp4", 30)
    demo = Demo(
        tmp_path / "city", zones=[], rules=[], clip_file=clip, departments=["cleaning", "forest"]
    )
    with demo_camera(burning) as camera, demo:
        set_up(demo, camera.url)
        city = Departments(demo)
        wait_until(lambda: "fire" in city.told("forest"), PATIENCE_S, "the forest office")
        wait_until(lambda: "fire" in city.told("fire"), PATIENCE_S, "119")
        wait_until(lambda: "dumping" in city.told("cleaning"), PATIENCE_S, "the department")

        with httpx.Client(
            base_url=demo.console, headers={"X-Polewatch": "1"}, timeout=30, trust_env=False
        ) as client:
            door = client.post("/api/sign-in", json={"name": PERSON, "password": demo.secret})
            assert door.status_code == 200, door.text
            (row,) = (
                one
                for one in client.get("/api/incidents").json()["incidents"]
                if one["type"] == "dumping"
            )
            file = f"/api/incidents/{row['incident_id']}/file"

            def shown() -> list[dict[str, Any]]:
                stills: list[dict[str, Any]] = client.get(file).json()["stills"]
                return [one for one in stills if one["url"]]

            wait_until(lambda: len(shown()) >= 3, PATIENCE_S, "before, left and the alarm's")
            before, left, after = shown()[:3]
            assert [before["shows"], left["shows"], after["shows"]] == ["before", "left", None]
            assert before["at"] < left["at"] < after["at"]
            # The thing is where it was not: at its box the pictures differ.
            box = row["box"]
            there = [at_the_box(picture(client, one["url"]), box) for one in (before, after)]
            assert float(np.abs(there[1] - there[0]).mean()) > 12
            incident = client.get(f"/api/incidents/{row['incident_id']}").json()
            assert {one["sha256"] for one in incident["earlier"]} == {
                before["sha256"],
                left["sha256"],
            }
        hashes = {one["sha256"] for one in (before, left, after)}
        wait_until(lambda: hashes <= city.stills("cleaning"), PATIENCE_S, "its pictures there")
        assert row["camera"] == CAMERA
        assert city.told("cleaning") == {"dumping"}
        assert city.told("forest") <= {"fire", "smoke"}
        assert city.told("police") == set()
