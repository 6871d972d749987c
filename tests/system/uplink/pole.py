"""A pole reduced to its uplink, as a process: puts events, delivers what it has, tells how it is.

Prints one JSON object a line: `{"put": id}` after each commit, and `{"figures": …}` twice a second.
Ends on SIGTERM.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path

import structlog

from edge_agent.uplink.link import LinkSettings
from edge_agent.uplink.silence import PROBE_EVERY_S, SILENCE_S
from tests.support.findings import event
from tests.support.uplink import Uplink
from wire.clock import SystemClock
from wire.event import Severity
from wire.stopping import stop_on_signals

SEVERITIES: tuple[Severity, ...] = ("minor", "moderate", "severe")


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--authority", type=Path, required=True)
    parser.add_argument("--device", default="pole-001-1")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--events", type=int, default=0)
    parser.add_argument("--still-bytes", type=int, default=0)
    parser.add_argument("--rate", type=float, default=0.0, help="bytes a second; 0: no bound")
    parser.add_argument("--health-s", type=float, default=0.5)
    parser.add_argument("--silence-s", type=float, default=SILENCE_S)
    arguments = parser.parse_args()

    structlog.configure(logger_factory=structlog.WriteLoggerFactory(sys.stderr))
    stop = stop_on_signals()
    settings = LinkSettings(
        arguments.host,
        arguments.port,
        bytes_per_s=arguments.rate or None,
        health_interval_s=arguments.health_s,
        retry_first_s=0.2,
        retry_limit_s=2.0,
        silence_s=arguments.silence_s,
        probe_every_s=min(PROBE_EVERY_S, arguments.silence_s),
    )
    uplink = Uplink(
        arguments.authority, arguments.device, arguments.folder, settings, SystemClock()
    )
    outbox, link = uplink.outbox, uplink.link
    link.start()
    rng = random.Random(arguments.events)
    for number in range(arguments.events):
        severity = SEVERITIES[number % 3]
        still = b"\xff\xd8\xff" + rng.randbytes(arguments.still_bytes)
        picture = still if arguments.still_bytes else None
        stored = outbox.put(
            "finding", event(severity, picture), severity=severity, subject="cam-1", still=picture
        )
        say(put=stored.id)
    while not stop.wait(0.5):
        say(
            figures=outbox.figures().model_dump(),
            connected=link.connected,
            fault=link.fault,
            mqtt_bytes=link.mqtt_bytes,
            refused=dict(link.refusals.by_code),
        )
    uplink.close()


if __name__ == "__main__":
    main()
