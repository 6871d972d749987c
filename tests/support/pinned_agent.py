"""The agent on a box whose pins are gpiozero's mock pins.

`python -m tests.support.pinned_agent run --config FILE …`: as `polewatch agent …`. Its first line,
`pins URL`, names a page that drives them: `GET /5/high` and `/5/low` drive a pin, `/17` shows one.
Pin 27 is the second contact of the relay at pin 17.
"""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import gpiozero
from gpiozero.pins.mock import MockConnectedPin, MockFactory

from polewatch.cli import main

FACTORY = MockFactory()


class Pins(BaseHTTPRequestHandler):
    """What a hand, the dusk or a lamp would do."""

    def do_GET(self) -> None:  # the library's name
        number, _, level = self.path.strip("/").partition("/")
        pin = FACTORY.pin(int(number))
        if level:
            pin.drive_high() if level == "high" else pin.drive_low()
        body = json.dumps({"high": bool(pin.state)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing is told."""


def run(arguments: list[str]) -> None:
    """Never returns: the agent ends the process."""
    gpiozero.Device.pin_factory = FACTORY
    FACTORY.pin(17, pin_class=MockConnectedPin, input_pin=FACTORY.pin(27))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pins)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"pins http://127.0.0.1:{server.server_address[1]}", flush=True)
    main(["agent", *arguments])


if __name__ == "__main__":
    run(sys.argv[1:])
