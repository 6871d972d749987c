"""A virtual ONVIF camera or recorder (Profile S): answers probes, checks logins, tells streams.

`python -m tests.support.onvif --address 10.73.0.1 --streams '[[["H264",1920,1080,"rtsp://…"]]]'`
prints its device service's URL as one line when it listens. Written from the specifications
apart from the product's own client: it verifies the password digest and the time in it.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

GROUP, PORT = "239.255.255.250", 3702
MAX_AGE = timedelta(minutes=5)

ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl"'
    ' xmlns:trt="http://www.onvif.org/ver10/media/wsdl"'
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"'
    ' xmlns:tt="http://www.onvif.org/ver10/schema"><SOAP-ENV:Body>{}</SOAP-ENV:Body>'
    "</SOAP-ENV:Envelope>"
)
REFUSED = (
    "<SOAP-ENV:Fault><SOAP-ENV:Code><SOAP-ENV:Value>SOAP-ENV:Sender</SOAP-ENV:Value>"
    "<SOAP-ENV:Subcode><SOAP-ENV:Value>ter:NotAuthorized</SOAP-ENV:Value></SOAP-ENV:Subcode>"
    "</SOAP-ENV:Code><SOAP-ENV:Reason><SOAP-ENV:Text>Sender not Authorized</SOAP-ENV:Text>"
    "</SOAP-ENV:Reason></SOAP-ENV:Fault>"
)

Profile = tuple[str, int, int, str]
"""Encoding, width, height, RTSP URL."""


@dataclass
class VirtualCamera:
    """What the device is."""

    address: str = "127.0.0.1"
    channels: list[list[Profile]] = field(default_factory=list)
    user: str | None = None
    password: str = ""
    clock_off_s: float = 0.0
    http_digest: bool = False
    answers: dict[str, bytes] = field(default_factory=dict)
    """Replaces the whole answer to an operation."""
    asked: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def service(self) -> str:
        return f"http://{self.address}:{self.port}/onvif/device_service"

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.clock_off_s)

    def answer(self, request: str) -> tuple[int, bytes]:
        """HTTP status and body."""
        operation = re.search(r"<(?:\w+:)?Body[^>]*><(?:\w+:)?(\w+)", request)
        name = operation[1] if operation else ""
        self.asked.append(name)
        if name in self.answers:
            return 200, self.answers[name]
        if name != "GetSystemDateAndTime" and not self._knows(request):
            return 400, ENVELOPE.format(REFUSED).encode()
        body = getattr(self, f"_{name}", lambda _: "")(request)
        return 200, ENVELOPE.format(body).encode()

    def probe_match(self) -> bytes:
        return ENVELOPE.format(
            "<d:ProbeMatches><d:ProbeMatch><d:Types>dn:NetworkVideoTransmitter</d:Types>"
            "<d:Scopes>onvif://www.onvif.org/type/video_encoder "
            "onvif://www.onvif.org/name/Virtual%20Camera onvif://www.onvif.org/hardware/V1"
            f"</d:Scopes><d:XAddrs>http://192.168.255.1/other {self.service}</d:XAddrs>"
            "</d:ProbeMatch></d:ProbeMatches>"
        ).encode()

    def _knows(self, request: str) -> bool:
        if self.user is None or self.http_digest:
            return True
        told = re.findall(r"<(?:\w+:)?(\w+)(?: [^>]*)?>([^<]*)<", request)
        parts = {"Username": "", "Password": "", "Nonce": "", "Created": "", **dict(told)}
        try:
            created = datetime.fromisoformat(parts["Created"])
        except ValueError:
            return False
        nonce = base64.b64decode(parts["Nonce"])
        wanted = hashlib.sha1(nonce + parts["Created"].encode() + self.password.encode()).digest()
        digest = base64.b64encode(wanted).decode()
        fresh = abs(self.now() - created) < MAX_AGE
        return (parts["Username"], parts["Password"], fresh) == (self.user, digest, True)

    def _GetSystemDateAndTime(self, _: str) -> str:  # noqa: N802 - the operation's own name
        at = self.now()
        return (
            "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:UTCDateTime><tt:Time>"
            f"<tt:Hour>{at.hour}</tt:Hour><tt:Minute>{at.minute}</tt:Minute>"
            f"<tt:Second>{at.second}</tt:Second></tt:Time><tt:Date><tt:Year>{at.year}</tt:Year>"
            f"<tt:Month>{at.month}</tt:Month><tt:Day>{at.day}</tt:Day></tt:Date></tt:UTCDateTime>"
            "</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
        )

    def _GetDeviceInformation(self, _: str) -> str:  # noqa: N802 - the operation's own name
        return (
            "<tds:GetDeviceInformationResponse><tds:Manufacturer>Polewatch</tds:Manufacturer>"
            "<tds:Model>V1</tds:Model><tds:FirmwareVersion>1.2</tds:FirmwareVersion>"
            "</tds:GetDeviceInformationResponse>"
        )

    def _GetCapabilities(self, _: str) -> str:  # noqa: N802 - the operation's own name
        # The address of another wire, as recorders tell for what hangs behind them.
        return (
            "<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Media><tt:XAddr>"
            f"http://192.168.254.10:{self.port}/onvif/media</tt:XAddr></tt:Media>"
            "</tds:Capabilities></tds:GetCapabilitiesResponse>"
        )

    def _GetProfiles(self, _: str) -> str:  # noqa: N802 - the operation's own name
        profiles = "".join(
            f'<trt:Profiles token="p{channel}-{number}"><tt:Name>x</tt:Name>'
            f"<tt:VideoSourceConfiguration><tt:SourceToken>source-{channel}</tt:SourceToken>"
            "</tt:VideoSourceConfiguration><tt:VideoEncoderConfiguration>"
            f"<tt:Encoding>{encoding}</tt:Encoding><tt:Resolution><tt:Width>{width}</tt:Width>"
            f"<tt:Height>{height}</tt:Height></tt:Resolution></tt:VideoEncoderConfiguration>"
            "</trt:Profiles>"
            for channel, streams in enumerate(self.channels)
            for number, (encoding, width, height, _) in enumerate(streams)
        )
        bare = '<trt:Profiles token="metadata-only"/>'
        return f"<trt:GetProfilesResponse>{bare}{profiles}</trt:GetProfilesResponse>"

    def _GetStreamUri(self, request: str) -> str:  # noqa: N802 - the operation's own name
        token = re.search(r"ProfileToken>p(\d+)-(\d+)<", request)
        assert token is not None, request
        url = self.channels[int(token[1])][int(token[2])][3]
        return (
            "<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>"
            f"{url.replace('&', '&amp;')}</tt:Uri></trt:MediaUri></trt:GetStreamUriResponse>"
        )


@contextmanager
def serving(camera: VirtualCamera) -> Iterator[VirtualCamera]:
    """The camera's HTTP service on its address."""

    class Handler(BaseHTTPRequestHandler):
        device: ClassVar[VirtualCamera] = camera

        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if camera.http_digest and not self.headers.get("Authorization", "").startswith(
                f'Digest username="{camera.user}"'
            ):
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Digest realm="cam", nonce="abc", qop="auth"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            status, body = camera.answer(request)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer((camera.address, 0), Handler) as server:
        camera.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield camera
        finally:
            server.shutdown()


def answer_probes(camera: VirtualCamera) -> None:
    """WS-Discovery for ever."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        heard.bind((GROUP, PORT))
        join = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton(camera.address))
        heard.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, join)
        print(camera.service, flush=True)
        while True:
            data, sender = heard.recvfrom(65_536)
            if b"Probe" in data and b"NetworkVideoTransmitter" in data:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as answer:
                    answer.bind((camera.address, 0))
                    answer.sendto(b"noise that is no XML", sender)
                    answer.sendto(camera.probe_match(), sender)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--streams", required=True)
    parser.add_argument("--user")
    parser.add_argument("--password", default="")
    parser.add_argument("--clock-off", type=float, default=0.0)
    given = parser.parse_args()
    channels = [[tuple(one) for one in streams] for streams in json.loads(given.streams)]
    camera = VirtualCamera(given.address, channels, given.user, given.password, given.clock_off)
    with serving(camera):
        answer_probes(camera)


if __name__ == "__main__":
    main()
