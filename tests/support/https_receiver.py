"""An agency's HTTPS service as a process of its own: answers as it is told to, notes what came.

`python -m tests.support.https_receiver FOLDER` reads FOLDER/receiver.json and, at each request,
FOLDER/mode; what came is appended to FOLDER/requests.jsonl.
"""

from __future__ import annotations

import base64
import json
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
PAGE = b"<html><body><h1>Service temporarily unavailable</h1></body></html>"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder: Path
    kind: str

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        mode = (self.folder / "mode").read_text()
        certificate: Any = self.connection.getpeercert()
        line = {
            "mode": mode,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": base64.b64encode(body).decode(),
            "client": [part for rdn in certificate["subject"] for part in rdn],
            "at": time.time(),
        }
        with (self.folder / "requests.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        status, media_type, answer = self._answer(mode, body)
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _answer(self, mode: str, body: bytes) -> tuple[int, str, bytes]:
        match mode:
            case "page":
                return 200, "text/html", PAGE
            case "forbidden":
                return 403, "text/plain", b"unknown client"
            case "broken":
                return 503, "text/plain", b"maintenance"
            case "later":
                return 202, "text/plain", b""
            case "slow":
                # Until it is told otherwise; whoever waits has given up long before.
                until = time.monotonic() + 30
                while (self.folder / "mode").read_text() == "slow" and time.monotonic() < until:
                    time.sleep(0.05)
                return 202, "text/plain", b""
        refused = mode == "refused"
        if self.kind == "cap":
            return 200, "application/cap+xml", cap_answer(body, refused)
        if self.headers["Content-Type"] != "application/json":
            return 204, "text/plain", b""
        said = {
            "delivery_id": json.loads(body)["data"]["delivery_id"],
            "state": "refused" if refused else "received",
            "note": "관할 아님" if refused else None,
        }
        return 200, "application/json", json.dumps(said).encode()

    def log_message(self, format: str, *args: object) -> None:
        pass


def cap_answer(body: bytes, refused: bool) -> bytes:
    """An Ack, or an Error, as another's program would write it."""
    root = ElementTree.fromstring(body)
    id, sender, sent = (root.findtext(f"{CAP}{name}") for name in ("identifier", "sender", "sent"))
    note = "<note>관할 아님</note>" if refused else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>{id}_ACK</identifier><sender>119@fire.example</sender>
  <sent>2026-03-01T21:30:00+09:00</sent><status>Actual</status>
  <msgType>{"Error" if refused else "Ack"}</msgType><scope>Private</scope>
  <addresses>{sender}</addresses>{note}<references>{sender},{id},{sent}</references>
</alert>""".encode()


def main() -> None:
    folder = Path(sys.argv[1])
    settings = json.loads((folder / "receiver.json").read_text())
    Handler.folder, Handler.kind = folder, settings["kind"]
    server = ThreadingHTTPServer(("127.0.0.1", settings["port"]), Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings["certificate"], settings["key"])
    context.load_verify_locations(settings["clients"])
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
