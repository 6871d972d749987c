"""The town of the day: real processes, every agency's receiver, and the people at their desks."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import httpx
import yaml

from collector.signer.accounts import Account, SignerStore
from polewatch.demo.ports import free_port
from tests.support.agencies import SECRET, HttpsAgency, MqttAgency
from tests.support.broker import HOST, Kind, make_broker, make_city
from tests.support.centre import Centre
from tests.support.rtsp import demo_camera
from tests.support.told import Process
from tests.support.video_case import AskGrant, Watched, watched
from tests.support.wait import wait_until
from tests.system.day import plan
from tests.system.day.agent_file import agent_file
from tests.system.day.answering import Answering
from tests.system.day.books import View
from tests.system.day.console import LONG_S, Console
from wire.incident import Incident

PICTURES = 10
"""A second of the footage, for each viewing."""
HEADERS = {"X-Polewatch": "1"}


class Town:
    """Use as a context manager: entered, everything is up; left, every process has ended."""

    def __init__(self, folder: Path, broker: Kind = "nats") -> None:
        self.folder = folder
        self.city = make_city(folder / "authority")
        self.city.issue_agency("safety")
        self.city.issue_service("web", "web", hosts=(HOST, "localhost"))
        self.broker = make_broker(broker, self.city, folder / "broker")
        self.police = MqttAgency("police", self.broker, self.city)
        self.fire = MqttAgency("fire", self.broker, self.city)
        self.safety = MqttAgency("safety", self.broker, self.city)
        self.duty = HttpsAgency("police", "webhook", self.city, folder / "duty")
        self.cap = HttpsAgency("fire", "cap", self.city, folder / "cap")
        self.rooms = Answering(self.police, self.fire, self.safety)
        self.centre = Centre(folder / "centre", self.city, self.broker, self._settings())
        self.people: dict[str, httpx.Client] = {}
        self.poles: dict[str, Process] = {}
        self.views: list[View] = []
        self._ends = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._ends.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def given(self, camera: str, type: str, severity: str = "moderate", **more: Any) -> str:
        """A pole is told that it has seen something; the finding's id, committed at the pole."""
        pole = next(name for name, cameras in plan.POLES.items() if camera in cameras)
        told = {"camera": camera, "type": type, "severity": severity, **more}
        return str(self.poles[pole].say(json.dumps(told))["finding"])

    def heard(self, agency: MqttAgency, finding: str | None = None, **wanted: object) -> Incident:
        """Wait until an agency has got an incident with that finding, and so; its last word."""

        def there() -> Incident | None:
            self.rooms.check()
            fitting = [
                one
                for one in agency.incidents()
                if (finding is None or finding in one.finding_ids)
                and all(getattr(one, name) == value for name, value in wanted.items())
            ]
            return fitting[-1] if fitting else None

        found = wait_until(there, LONG_S, f"{agency.name} to hear of {finding or wanted}")
        assert found is not None
        return found

    def watch(
        self,
        who: tuple[str, str],
        ask_grant: AskGrant,
        case: Mapping[str, Any],
        camera: Mapping[str, Any],
        seconds_back: float | None = None,
    ) -> Watched:
        """`who` is agency and person as the viewer would write it down; noted as one view."""
        seen = asyncio.run(
            watched(self.url, ask_grant, case, camera, seconds_back, pictures=PICTURES)
        )
        assert seen.report.frames >= PICTURES
        name = f"{camera['device']}/{camera['camera']}"
        self.views.append(View(*who, case["case"], name, seconds_back is None))
        return seen

    def officer(self, name: str) -> AskGrant:
        """How an officer asks for a grant."""
        return lambda wanted: self.people[name].post("/api/grants", json=wanted)

    @property
    def console(self) -> Console:
        """The operator's."""
        return Console(self.people["oper"])

    @property
    def url(self) -> str:
        """Of the console."""
        return self.centre.collector.url

    def command(self, *words: str, config: Path | None = None) -> subprocess.CompletedProcess[str]:
        """`polewatch collector WORDS`, by default of the centre."""
        given = str(config or self.centre.config)
        return subprocess.run(
            [sys.executable, "-m", "collector", *words, "--config", given],
            text=True, capture_output=True, timeout=LONG_S, check=False,
        )  # fmt: skip

    def told(self, *words: str, config: Path | None = None) -> dict[str, Any]:
        """What such a command says with --json."""
        done = self.command(*words, "--json", config=config)
        assert done.returncode == 0, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def holding(self, *words: str) -> list[str]:
        """Files of the centre's data that hold one of these words."""
        found = [one for one in (self.centre.folder / "data").rglob("*") if one.is_file()]
        return [str(one) for one in found if any(w.encode() in one.read_bytes() for w in words)]

    def _settings(self) -> dict[str, Any]:
        layer = self.folder / "layer.json"
        layer.write_text(json.dumps(plan.layer()))
        secret = self.folder / "sos.secret"
        secret.write_text(SECRET)
        return {
            **plan.TIMES,
            "http": {"host": HOST, "port": free_port()},
            "cameras": plan.cameras(),
            "layer": str(layer),
            "sos": [{"name": "watch", "secret_file": str(secret), "agency": "police"}],
            "disaster_rooms": [{"name": "incheon", "secret_file": str(secret), "agency": "safety"}],
        }

    def _start(self) -> None:
        table = plan.routes([self.duty.endpoint(), self.cap.endpoint()])
        (self.centre.folder / "routing.yaml").write_text(yaml.safe_dump(table))
        store = SignerStore(self.centre.folder / "signer-data")
        for name, agency, role in plan.PEOPLE:
            store.add(Account(name, agency, (role,)), plan.PASSWORD, datetime.now(UTC))
        store.close()
        self.broker.start()
        self._ends.callback(self.broker.stop)
        film = self._ends.enter_context(demo_camera())
        for name, cameras in plan.POLES.items():
            config = agent_file(self.folder / name, self.city, self.broker, name, cameras, film.url)
            self.poles[name] = Process("tests.system.day.pole", [str(config)], self.folder / name)
            self._ends.callback(self.poles[name].kill)
            self.poles[name].start()
        self._ends.callback(self.centre.stop)
        self._at_once(self.centre.signer.start, self.centre.collector.start)
        for one in (self.duty, self.cap, self.police, self.fire):
            self._ends.callback(one.stop)
        rule = self.folder / "rule.yaml"
        rule.write_text(yaml.safe_dump(plan.standing_rule(), allow_unicode=True))
        self.told("rule", "add", str(rule), config=self.centre.signer_config)
        self._at_once(self.duty.start, self.cap.start, self.police.start, self.fire.start)
        self._ends.callback(self.rooms.stop)
        self.rooms.start()
        for name, _, _ in plan.PEOPLE:
            client = httpx.Client(base_url=self.url, headers=HEADERS, timeout=LONG_S)
            self.people[name] = self._ends.enter_context(client)
            signed = client.post("/api/sign-in", json={"name": name, "password": plan.PASSWORD})
            assert signed.status_code == 200, signed.text

    def _at_once(self, *works: Callable[[], object]) -> None:
        with ThreadPoolExecutor(len(works)) as pool:
            for done in [pool.submit(work) for work in works]:
                done.result()
