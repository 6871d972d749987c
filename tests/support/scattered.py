"""The whole of Polewatch, its pole and its viewers in households behind NAT, coturn between them.

Media has to find its way by ICE. Signalling crosses into the namespaces by TCP paths of the test's
own, so that everybody finds broker and console on the loopback, where their certificates say.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from polewatch.demo.run import Demo
from polewatch.demo.site import CAMERA, PERSON
from tests.support.coturn import Relay, coturn
from tests.support.demo import BUSY, QUARTERS
from tests.support.impair import ImpairedPath
from tests.support.netns import Households, households

VIEW_TIMEOUT_S = 90.0


class ScatteredDemo(Demo):
    """A demo whose camera and agent run in another place than the centre."""

    net: Households
    ice: dict[str, str]
    crossings: ExitStack

    def _start(self) -> None:
        ports = self.site.ports
        for place, port in ((self.net.pole, ports.broker), (self.net.viewer, ports.console)):
            crossing = ImpairedPath("127.0.0.1", [port], listener=place.listen(port))
            self.crossings.callback(crossing.close)
        config = self.site.collector_config
        config.write_text(yaml.safe_dump({**yaml.safe_load(config.read_text()), "ice": self.ice}))
        super()._start()

    def _argv(self, part: str) -> list[str]:
        argv = super()._argv(part)
        if part not in ("camera", "agent"):
            return argv
        return self.net.pole.command(sys.executable, *argv)


@dataclass(frozen=True, slots=True)
class Scattered:
    """All that a test may want to look at or to change."""

    net: Households
    relay: Relay
    demo: ScatteredDemo

    def view(self, *options: str) -> dict[str, Any]:
        """What tests.support.whep_viewer says when it watches from the viewer's household."""
        command = self.net.viewer.command(
            sys.executable, "-m", "tests.support.whep_viewer", "--console", self.demo.console,
            "--person", PERSON, "--device", self.demo.site.device, "--camera", CAMERA, *options,
        )  # fmt: skip
        done = subprocess.run(
            command, input=self.demo.secret, capture_output=True, text=True, check=False,
            timeout=VIEW_TIMEOUT_S,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@contextmanager
def scattered(folder: Path) -> Iterator[Scattered]:
    """Run it in `folder`; every process and namespace is gone afterwards."""
    with ExitStack() as stack:
        net = stack.enter_context(households())
        relay = stack.enter_context(coturn(net.internet))
        demo = ScatteredDemo(folder, zones=QUARTERS, rules=BUSY)
        demo.net, demo.ice, demo.crossings = net, relay.settings, stack
        stack.enter_context(demo)
        yield Scattered(net, relay, demo)
