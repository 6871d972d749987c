"""Administrative cameras, whole: what is dumped reaches the cleaning department with before and
after, and whose car it was becomes evidence; a fire at the forest's edge reaches the forest office
and 119; the police hear of neither."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
import yaml
from joserfc.util import urlsafe_b64decode
from numpy.typing import NDArray

from edge_agent.plates.desk import FILE_NAME
from edge_agent.plates.diary import Diary
from edge_agent.plates.diary_times import Moment
from edge_agent.plates.reader import PlateReader
from models.registry import Registry
from polewatch.demo.run import Demo
from polewatch.demo.site import CAMERA, PERSON
from tests.accuracy.labelled import data, street
from tests.edge_agent.plates.passing import passage
from tests.support.composition import Scenes, compose, cut_out
from tests.support.demo import forked, running
from tests.support.painted_fire import write_fire
from tests.support.rtsp import demo_camera
from tests.support.wait import wait_until
from wire.clock import SystemClock
from wire.envelope import verify
from wire.register import Trust

PATIENCE_S = 120.0
GUIDE = Path(__file__).parents[3] / "docs" / "guide"
SCENES = Path(__file__).parents[2] / "accuracy" / "labels" / "abandonment" / "scenes.json"
CAR = "crops/karplate_data_03_26721.jpg"
REASONS = {"case": "청소-2026-31", "purpose": "무단투기 과태료", "basis": "폐기물관리법 제68조"}
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


class Town(Demo):
    """The guide's routes, a second camera in its group, a profile for each, and a car that came."""

    ridge_url = ""
    car = ""
    """Its plate, as the reader read it."""

    def _start(self) -> None:
        collector = yaml.safe_load(self.site.collector_config.read_text())
        ridge = {"device": self.site.device, "camera": RIDGE, "title": "계양산 능선"}
        place = {"group": "forest", "lat": 37.5510, "lon": 126.7170}
        collector["cameras"].append({**ridge, **place})
        self.site.collector_config.write_text(yaml.safe_dump(collector, allow_unicode=True))
        routes = (GUIDE / "routing-administrative.yaml").read_text()
        (self.site.collector_config.parent / "routing.yaml").write_text(routes)
        super()._start()
        for part in self.departments:
            self._ready(part)

    def _ready(self, part: str) -> None:
        super()._ready(part)
        if part != "camera":
            return
        for department in self.departments:
            self._spawn(department)
        agent = yaml.safe_load(self.site.agent_config.read_text())
        agent["time_zone"] = night()
        agent["cameras"][0] |= {
            "profiles": ["dumping"],
            "rules": [{"id": "cars", "type": "plate", "plates": "any", "zone": "dumping"}],
        }
        always = [{"id": f"forest-{kind}", "type": kind} for kind in ("smoke", "fire")]
        agent["cameras"].append(
            {"id": RIDGE, "url": self.ridge_url, "profiles": ["forest-fire"], "rules": always}
        )
        self.site.agent_config.write_text(yaml.safe_dump(agent, allow_unicode=True))
        self.car = drove_by(self.site.agent_data, CAMERA)


def drove_by(folder: Path, camera: str) -> str:
    """A real car's picture, read by the reader, stands in the pole's diary; what was read."""
    crop = cv2.imread(str(data("plates/korean") / CAR))
    assert crop is not None
    (read,) = PlateReader(Registry.default()).read([crop.astype(np.uint8)])
    clock = SystemClock()
    folder.mkdir(parents=True, exist_ok=True)
    diary = Diary(folder / FILE_NAME, clock.now, clock.monotonic)
    diary.start()
    diary.add(
        camera, Moment(clock.now(), clock.monotonic()), passage(read.text, read=read, crop=crop)
    )
    wait_until(lambda: diary.count() == 1, PATIENCE_S, "the passage on the disk")
    diary.close()
    return read.text


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
    with ThreadPoolExecutor() as painters:
        painted = painters.submit(write_fire, tmp_path / "fire.mp4", 20)
        clip = dumping_clip(tmp_path)
        burning = painted.result()
    demo = Town(
        tmp_path / "city", zones=[], rules=[], clip_file=clip, departments=["cleaning", "forest"],
        launch=forked,
    )  # fmt: skip
    with demo_camera(burning) as camera:
        demo.ridge_url = camera.url
        with running(demo):
            play(demo)


def play(demo: Town) -> None:
    """All of it, until everybody knows what concerns him."""
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
        whose_car(demo, client, row["incident_id"], hashes)
    wait_until(lambda: hashes <= city.stills("cleaning"), PATIENCE_S, "its pictures there")
    assert row["camera"] == CAMERA
    assert city.told("cleaning") == {"dumping"}
    assert city.told("forest") <= {"fire", "smoke"}
    assert city.told("police") == set()


def whose_car(demo: Town, client: httpx.Client, incident_id: str, hashes: set[str]) -> None:
    """The plate is asked of the pole, confirmed, and stands with the pictures in the evidence."""
    url = f"/api/incidents/{incident_id}"
    told = client.post(f"{url}/plates", json=REASONS | {"agency": "cleaning"})
    assert told.status_code == 201, told.text
    found = told.json()

    def answered() -> bool:
        found.update(client.get(f"/api/plates/searches/{found['search_id']}").json())
        return bool(found["state"] == "done")

    wait_until(answered, PATIENCE_S, "the pole's answer")
    assert (found["late"], [one["text"] for one in found["routes"]]) == ([], [demo.car])
    (sighting,) = found["routes"][0]["sightings"]
    assert sighting["confidence"] > 0.5
    crop = client.get(sighting["crop"])
    assert crop.status_code == 200, crop.text
    row = sighting["crop"].rsplit("/", 1)[1]
    confirmed = client.post(f"{url}/plates/{found['search_id']}/{row}")
    assert confirmed.status_code == 204, confirmed.text
    ours = {one["kind"] for one in client.get(f"{url}/file").json()["entries"]}
    assert {"plates.searched", "plates.confirmed"} <= ours
    digest = hashlib.sha256(crop.content).hexdigest()

    def taken() -> list[bytes]:
        """The file's signed events, once the pole's word on the crop is among them."""
        file = client.get(f"{url}/evidence", params=REASONS)
        assert file.status_code == 200, file.text
        archive = zipfile.ZipFile(io.BytesIO(file.content))
        said = json.loads(archive.read("evidence.json"))
        assert [one["shows"] for one in said["stills"]] == ["before", "left", "alarm"]
        for one in said["stills"]:
            assert hashlib.sha256(archive.read(one["file"])).hexdigest() == one["sha256"]
        assert {one["sha256"] for one in said["stills"]} == hashes
        (plate,) = said["plates"]
        assert (plate["text"], plate["case"]) == (demo.car, REASONS["case"])
        assert archive.read(plate["file"]) == crop.content
        tokens = [archive.read(one) for one in archive.namelist() if one.endswith(".jws")]
        return tokens if any(digest in payload(one) for one in tokens) else []

    tokens = wait_until(taken, PATIENCE_S, "the pole's signature below the crop")
    trust = Trust(demo.site.folder / "authority" / "register.yaml", now=datetime.now(UTC))
    signed = "".join(str(verify(token, trust.device_key).event.data) for token in tokens)
    assert all(one in signed for one in (*hashes, digest))


def payload(token: bytes) -> str:
    return urlsafe_b64decode(token.split(b".")[1]).decode()
