"""A city whose boxes enrol over the network, as its processes: broker, collector, keeper, desk."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import yaml

from collector.broker.files import follow_file
from collector.broker.runner import BrokerError
from polewatch.demo.ports import free_port
from provisioning.authority import Authority
from provisioning.enrol.claims import Claims, claim_hash
from provisioning.enrol.configuration import agent_text
from provisioning.enrol.desk import PREPARED
from provisioning.enrol.online import SEED
from provisioning.site.model import load_site, site_text
from tests.provisioning.site.tables import imported
from tests.support.broker import HOST, BrokerHandle
from tests.support.centre import Centre, Program
from tests.support.wait import wait_until
from tests.support.zygote import Forked, zygote
from wire.clock import SystemClock
from wire.register import shard_of

POLE = "gy-001"


class Town:
    """One pole's site file; `start` and `stop` of each process are the test's to call."""

    def __init__(self, city: Authority, broker: BrokerHandle, folder: Path) -> None:
        city.issue_service("desk", "desk", hosts=(HOST,))
        self.city, self.broker, self.folder = city, broker, folder
        self.centre = Centre(folder / "centre", city, broker)
        sites = folder / "sites"
        sites.mkdir()
        row = {"pole": POLE, "url": f"rtsp://{HOST}:{free_port()}/nothing"}
        (site,) = imported({**row, "broker": f"{broker.host}:{broker.port}"}).sites
        site = site.model_copy(update={"city": "testcity"})
        (sites / f"{POLE}.yaml").write_text(site_text(site))
        self.keys, self.data = folder / "keys", folder / "desk-data"
        config = folder / "desk.yaml"
        values = {
            "identity": str(city.identity("desk")), "keys": str(self.keys),
            "sites": str(sites), "data": str(self.data), "http": {"port": free_port()},
        }  # fmt: skip
        config.write_text(yaml.safe_dump(values))
        self.desk = Program(
            ["polewatch", "provision", "enrol", "serve", "--config", str(config), "--print-ready"],
            folder / "desk.log",
        )
        self._keeper: Forked | None = None
        self._boxes: list[subprocess.Popen[bytes]] = []

    def keep(self, *, faulted: str = "") -> Forked:
        """Start the keeper; `faulted` is a point at which it is killed."""
        line = ["authority", "keep", "--folder", self.city.folder, "--keys", self.keys]
        self._keeper = self._provision(
            *line, "--journals", self.data, log="keeper.log", faulted=faulted
        )
        return self._keeper

    def claim(self) -> str:
        """A new claim of the pole."""
        return Claims(self.city.folder).issue(POLE, SystemClock().now(), timedelta(days=1))

    def known_claim(self) -> str:
        """A new claim that the running keeper has told the desk of: until then it is nobody's."""
        claim = self.claim()
        prepared = self.keys / PREPARED
        wait_until(lambda: claim_hash(claim) in prepared.read_text(), 60, "the desk to know it")
        return claim

    def seed(self, name: str, claim: str) -> Path:
        """A box's folder as its image brings it."""
        home = self.folder / name
        (home / "identity").mkdir(parents=True)
        (home / "identity" / "ca.pem").write_bytes(self.city.ca_file.read_bytes())
        (home / SEED).write_text(yaml.safe_dump({"pole": POLE, "desk": self.desk.url}))
        (home / "claim").write_text(claim)
        return home

    def boot(self, home: Path, *, faulted: str = "") -> Forked:
        """Start `polewatch provision enrol online` on a box."""
        options = ("enrol", "online", "--folder", home, "--patience", 60)
        return self._provision(*options, log=f"{home.name}.log", faulted=faulted)

    def first_boot(self, home: Path) -> int:
        """The same to its end; its exit code, its configuration made fit for this machine."""
        code = self.boot(home).wait(120)
        if (home / "agent.yaml").is_file():
            self.at_home(home)
        return code

    def at_home(self, home: Path) -> None:
        """Have a box's configuration name folders of this test."""
        agent = home / "agent.yaml"
        text = agent.read_text().replace("/etc/polewatch", str(home))
        values = yaml.safe_load(text.replace("/var/lib/polewatch", str(home / "data")))
        values |= {"fine_model": None, "health_interval_s": 0.5}
        agent.write_text(yaml.safe_dump(values))

    def agent_text(self) -> str:
        """The pole's configuration as a laptop makes it of the site file."""
        return agent_text(load_site(self.folder / "sites" / f"{POLE}.yaml"), shard_of(POLE))

    def agent(self, home: Path) -> subprocess.Popen[bytes]:
        """Start the box's agent."""
        line = [sys.executable, "-m", "edge_agent", str(home / "agent.yaml")]
        with (home / "agent.log").open("ab") as log:
            process = subprocess.Popen(
                line, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self._boxes.append(process)
        return process

    def devices(self) -> dict[str, bool]:
        """Names in the register, and whether they are revoked."""
        opened = Authority(self.city.folder)
        return {one.name: one.revoked for one in opened.register.devices if one.pole == POLE}

    def receipted(self, device: str) -> int:
        """Numbered messages of this device that the collector has committed."""
        sql = "SELECT count(*) FROM event WHERE device = ?"
        return int(self.centre.rows(sql, device)[0][0])

    def stop(self) -> None:
        every: list[Forked | subprocess.Popen[bytes] | None] = [*self._boxes, self._keeper]
        running = [one for one in every if one and one.poll() is None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        try:
            for process in running:
                process.wait(60)
        finally:
            for process in running:
                process.kill()
            self.desk.stop()
            self.centre.stop()

    def _provision(self, *arguments: object, log: str, faulted: str) -> Forked:
        with (self.folder / log).open("ab") as output:
            return zygote("polewatch.cli", "provisioning.cli").fork(
                "polewatch",
                ["provision", *map(str, arguments)],
                stdout=output.fileno(),
                stderr=subprocess.STDOUT,
                environment={"POLEWATCH_FAULT_POINT": faulted} if faulted else None,
            )


@contextmanager
def following(city: Authority, broker: BrokerHandle) -> Iterator[None]:
    """The broker's rights follow the register, as 'broker apply --follow' has it."""
    stop = threading.Event()

    def reload() -> None:
        try:
            broker.reload()
        except AssertionError as slow:
            # A busy machine: it is brought up to date at the next look.
            raise BrokerError(str(slow)) from slow

    thread = threading.Thread(
        target=follow_file, args=(city.register_file, stop, reload), daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)


def shown(home: Path) -> str:
    """The certificate that a box has, as text."""
    return (home / "identity" / "cert.pem").read_text()


def wait_for_the_ordinary(town: Town, home: Path, name: str, timeout_s: float) -> None:
    """Wait until the authority's own certificate is the box's."""
    ordinary = town.city.folder / "certs" / f"{name}.pem"
    wait_until(lambda: shown(home) == ordinary.read_text(), timeout_s, f"{name}'s certificate")
