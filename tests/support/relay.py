"""A relay with a web page of its own, as many poles have: told by GET, and it may stick."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Relay:
    """`asked` are the paths in their order; with `sticks` it obeys nobody."""

    def __init__(self) -> None:
        self.lit = False
        self.sticks = False
        self.asked: list[str] = []
        relay = self

        class _Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # the library's name
                relay._obey(self.path)
                body = json.dumps({"relay": {"ison": relay.lit}}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Nothing is told."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def settings(self) -> dict[str, Any]:
        """As agent.yaml names it."""
        url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return {
            "on_url": f"{url}/on?timer={{seconds}}", "off_url": f"{url}/off",
            "state_url": f"{url}/state", "state_key": "relay.ison", "timeout_s": 10,
        }  # fmt: skip

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def _obey(self, path: str) -> None:
        if path == "/state":
            return
        self.asked.append(path)
        if not self.sticks:
            self.lit = path.startswith("/on")
