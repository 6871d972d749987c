"""The centre of one boot, as plain processes on this machine's loopback."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import yaml

from collector.config import CollectorSettings
from collector.signer.accounts import Account, SignerStore
from collector.signer.config import SignerSettings
from collector.store.reader import Reader
from collector.store.rows import DeviceRow
from polewatch.demo.ports import free_port
from polewatch.demo.processes import Family
from polewatch.demo.site import AGENCIES, PERSON, ROUTES
from provisioning.authority import Authority
from tests.support.wait import wait_until
from tests.system.boot.film import make_film
from wire.clock import SystemClock
from wire.settings import load_settings

CITY, POLE, CAMERA = "boot-city", "gy-0001", "street"
DEVICE = f"{POLE}-1"
HOST = "10.0.2.2"
"""This machine's loopback as qemu's own network shows it to the box."""
NAMES = ("localhost", "127.0.0.1", HOST)
READY_S = 90.0
ENDS = ("police", "centre")
"""Agencies whose ends run here: people go to the first, a covered lens to the second."""
WATCH: dict[str, Any] = {
    "analysis_fps": 2,
    "zones": [{"id": "street", "polygon": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]}],
    "rules": [
        {"id": "anybody", "type": "intrusion", "zone": "street", "cooldown_s": 5},
        {"id": "lens", "type": "tamper", "seconds": 10},
    ],
}


@dataclass(slots=True)
class Centre:
    """Authority, keeper, desk, broker, signer, collector, the police, and the pole's camera."""

    folder: Path
    secret: str
    family: Family = field(init=False)
    ports: dict[str, int] = field(init=False)
    reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        self.family = Family(self.folder / "logs")
        self.ports = {name: free_port() for name in ("broker", "signer", "collector", "desk")}

    @property
    def authority(self) -> Path:
        return self.folder / "authority"

    @property
    def site_file(self) -> Path:
        return self.folder / "sites" / f"{POLE}.yaml"

    @property
    def desk(self) -> str:
        return f"https://{HOST}:{self.ports['desk']}"

    @property
    def console(self) -> str:
        return f"http://127.0.0.1:{self.ports['collector']}"

    def start(self) -> None:
        """Everything that stands in the centre before a card is written."""
        made = Authority.init(self.authority, CITY)
        with made.batch():
            for agency in AGENCIES:
                made.issue_agency(agency)
            for role in ("broker", "collector", "words", "signer", "desk"):
                made.issue_service(role, role, hosts=NAMES)
        make_film(self.film)
        camera = self._start(
            "camera", ["-m", "polewatch.rtsp", "--file", str(self.film), "--port", "0"]
        )
        self._site(urlsplit(self._ready(camera, "rtsp://").strip()))
        keep = ["--keys", str(self.folder / "keys"), "--journals", str(self.folder / "desk-data")]
        public = self.folder / "public"
        self._program("authority", "keep", "--folder", str(self.authority), *keep,
                      "--publish", str(public), group="provision", name="keeper")  # fmt: skip
        self._until(lambda: (public / "register.yaml").is_file(), "what the keeper publishes")
        self._write_configurations(public)
        self._broker(public)
        for name, arguments in (
            ("desk", ["provision", "enrol", "serve", "--config"]),
            ("signer", ["collector", "signer", "--config"]),
            ("collector", ["collector", "run", "--config"]),
        ):
            config = str(self.folder / f"{name}.yaml")
            self._start(name, ["-m", "polewatch", *arguments, config, "--print-ready"])
        for name in ENDS:
            self._start(name, [
                "-m", "polewatch.receiver", "--agency", name, "--identity",
                str(self._identity(name)), "--port", str(self.ports["broker"]),
            ])  # fmt: skip
        for name in ("desk", "signer", "collector", *ENDS):
            self._ready(name, '"ready": true', '"connected": true')
        settings = load_settings(self.folder / "collector.yaml", CollectorSettings)
        self.reader = Reader(settings.data / "collector.sqlite", settings.places())

    def box(self) -> DeviceRow | None:
        """What the collector knows of the box; None before it was heard."""
        self.family.check()
        for row in self.reader.devices():
            if row.device == DEVICE and row.heard_at is not None:
                return row
        return None

    @property
    def film(self) -> Path:
        return self.folder / "film.mp4"

    def acknowledged(self) -> list[str]:
        """JSON lines of what agencies acknowledged since the last call."""
        lines = [one for name in ENDS for one in self.family.children[name].lines()]
        return [one for one in lines if "acknowledged" in one]

    def stop(self) -> None:
        self.family.stop()

    def _site(self, camera: SplitResult) -> None:
        self.site_file.parent.mkdir()
        url = f"rtsp://{HOST}:{camera.port}{camera.path}"
        site = {
            "city": CITY,
            "pole": POLE,
            "position": {"latitude": 37.5372, "longitude": 126.7377},
            "collector": {"host": HOST, "port": self.ports["broker"]},
            "cameras": [{"id": CAMERA, "url": url, "watch": WATCH}],
        }
        self.site_file.write_text(yaml.safe_dump(site, sort_keys=False))

    def _write_configurations(self, public: Path) -> None:
        register = str(public / "register.yaml")
        signer = str(self._identity("signer") / "cert.pem")
        (self.folder / "routing.yaml").write_text(yaml.safe_dump(ROUTES))
        place = {"device": DEVICE, "camera": CAMERA, "title": "계양대로", "lat": 37.5, "lon": 126.7}
        files: dict[str, dict[str, Any]] = {
            "collector": {
                "site": CITY, "register_file": register, "routing": "routing.yaml",
                "broker": {"host": "localhost", "port": self.ports["broker"],
                           "words_identity": str(self._identity("words"))},
                "signer": {"url": f"http://127.0.0.1:{self.ports['signer']}",
                           "certificate": signer},
                "cameras": [place],
            },
            "signer": {"register_file": register},
            "desk": {"keys": "keys", "sites": "sites"},
        }  # fmt: skip
        for name, values in files.items():
            values |= {"identity": str(self._identity(name)), "data": f"{name}-data"}
            values["http"] = {"host": "127.0.0.1", "port": self.ports[name]}
            (self.folder / f"{name}.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
        store = SignerStore(load_settings(self.folder / "signer.yaml", SignerSettings).data)
        try:
            account = Account(PERSON, "centre", ("operator",))
            store.add(account, self.secret, SystemClock().now())
        finally:
            store.close()

    def _broker(self, public: Path) -> None:
        config = self.folder / "nats.conf"
        store = self.folder / "broker-store"
        store.mkdir(mode=0o700)
        about = ["nats", "--out", str(config), "--register", str(public / "register.yaml"),
                 "--identity", str(self._identity("broker")), "--store", str(store),
                 "--port", str(self.ports["broker"])]  # fmt: skip
        self._program("config", *about, group="broker", name="broker-config")
        written = self.family.children.pop("broker-config")
        self._until(lambda: written.returncode == 0, "the broker's configuration")
        self._program("run", "--config", str(config), group="broker", name="broker")
        self._ready("broker", "Server is ready")
        self._program("apply", *about, "--follow", group="broker", name="rights")

    def _program(self, *arguments: str, group: str, name: str) -> None:
        self._start(name, ["-m", "polewatch", group, *arguments])

    def _start(self, name: str, argv: Sequence[str]) -> str:
        self.family.start(name, [sys.executable, *argv])
        return name

    def _ready(self, name: str, *marks: str) -> str:
        return self.family.children[name].wait_for(
            lambda line: any(mark in line for mark in marks), READY_S, "ready"
        )

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        wait_until(condition, READY_S, what)

    def _identity(self, name: str) -> Path:
        return self.authority / "identities" / name
