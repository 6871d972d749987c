"""The desk's HTTPS door: one request, `POST /enrol`, and bounds on what a stranger may cost."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections import Counter
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import TCPServer
from typing import Any, cast

import structlog

from provisioning.enrol.desk import Desk
from provisioning.enrol.desk_config import DeskSettings
from provisioning.enrol.messages import Request, parse
from provisioning.enrol.refusals import Refusals, Throttle
from provisioning.problems import ProvisionError
from wire import faultpoint
from wire.clock import Clock
from wire.identity import Identity

MAX_BODY_BYTES = 20_000
"""A request has some 500 bytes."""
IDLE_S = 10.0
WHOLE_S = 30.0
"""A connection has ended by then, however slowly it talks."""

RETRY_S = {"desk.not-ready": 5, "desk.busy": 60, "internal": 30}

log = structlog.get_logger()


class Door(HTTPServer):
    """Serves until `shutdown`; a thread a connection, no more than the settings allow."""

    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, settings: DeskSettings, desk: Desk, clock: Clock) -> None:
        """Bind; raises OSError and IdentityError."""
        self.address_family = socket.AF_INET6 if ":" in settings.http.host else socket.AF_INET
        identity = Identity.load(settings.identity)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self._tls.load_cert_chain(identity.cert_file, identity.key_file)
        self.desk, self.clock = desk, clock
        limits = settings.limits
        self.refusals = Refusals(settings.data, limits.refusals_kilobytes)
        self.throttle = Throttle(
            limits.requests_per_minute, limits.refusals_per_address, limits.refusal_minutes * 60
        )
        self._limits = limits
        self._inside: Counter[str] = Counter()
        self._lock = threading.Lock()
        super().__init__((settings.http.host, settings.http.port), _Visit)

    def server_bind(self) -> None:
        """Without the look-up of our own name that the base class would do."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.socket.getsockname()[:2]

    @property
    def url(self) -> str:
        host, port = self.socket.getsockname()[:2]
        return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Hand a connection to a thread of its own, or turn it away."""
        address, limits = client_address[0], self._limits
        with self._lock:
            full = self._inside.total() >= limits.connections
            full = full or self._inside[address] >= limits.connections_per_address
            self._inside[address] += not full
        if full:
            self.refusals.note(self.clock.now(), address, "", "desk.busy", "connections")
            self.shutdown_request(request)
            return
        threading.Thread(target=self._visit, args=(request, client_address), daemon=True).start()

    def _visit(self, request: socket.socket, client_address: tuple[str, int]) -> None:
        # TLS takes the socket over; a second handle of the connection can still end it.
        handle = request.dup()
        ended = threading.Timer(WHOLE_S, _cut, (handle,))
        ended.daemon = True
        ended.start()
        try:
            request.settimeout(IDLE_S)
            with self._tls.wrap_socket(request, server_side=True) as wrapped:
                self.finish_request(cast(Any, wrapped), client_address)
        except OSError as error:
            # A scanner, a plain-text client, a line that broke: nothing was asked of us.
            log.info("desk.connection", address=client_address[0], error=str(error)[:200])
        except Exception:
            log.exception("desk.failed", address=client_address[0])
        finally:
            ended.cancel()
            handle.close()
            request.close()
            with self._lock:
                self._inside[client_address[0]] -= 1
                # Those who left are not remembered.
                self._inside += Counter()


def _cut(request: socket.socket) -> None:
    with contextlib.suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)


class _Visit(BaseHTTPRequestHandler):
    server: Door
    server_version = "polewatch"
    sys_version = ""

    def do_GET(self) -> None:
        if self.path != "/health":
            self._send(HTTPStatus.NOT_FOUND, {})
            return
        self._send(HTTPStatus.OK, {"refused": dict(self.server.refusals.counts)})

    def do_POST(self) -> None:
        address, clock = self.client_address[0], self.server.clock
        # Before anything is answered: what was sent and not read would cut the answer off.
        body = self._body()
        if self.path != "/enrol":
            self._send(HTTPStatus.NOT_FOUND, {})
            return
        wait_s = self.server.throttle.wait_s(address, clock.monotonic())
        if wait_s > 0:
            self._refuse("", ProvisionError("desk.busy", f"{wait_s:.0f} s"), wait_s)
            return
        pole = ""
        try:
            if body is None:
                detail = f"a body of at most {MAX_BODY_BYTES:,} bytes with its length is needed"
                raise ProvisionError("request.invalid", detail)
            asked = parse(body, Request, address)
            pole = asked.pole
            answer = self.server.desk.enrol(asked, clock.now())
        except ProvisionError as problem:
            self._refuse(pole, problem)
            return
        except Exception:
            log.exception("desk.failed", address=address, pole=pole)
            self._refuse(pole, ProvisionError("internal", "see the desk's log"))
            return
        log.info("desk.enrolled", pole=pole, name=answer.name, address=address)
        faultpoint.reach("desk.signed")
        self._send(HTTPStatus.OK, answer.model_dump(mode="json"))

    def _body(self) -> bytes | None:
        """What was sent; None, and unread, when it is too much."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            return None
        return self.rfile.read(int(length))

    def _refuse(self, pole: str, problem: ProvisionError, wait_s: float = 0.0) -> None:
        address, clock = self.client_address[0], self.server.clock
        self.server.refusals.note(clock.now(), address, pole, problem.code, problem.detail)
        log.warning("desk.refused", pole=pole, code=problem.code, address=address)
        headers = {}
        retry_s = wait_s or RETRY_S.get(problem.code, 0)
        if retry_s:
            headers["Retry-After"] = str(max(1, round(retry_s)))
        else:
            self.server.throttle.refused(address, clock.monotonic())
        status = HTTPStatus.SERVICE_UNAVAILABLE if retry_s else HTTPStatus.FORBIDDEN
        if problem.code == "desk.busy":
            status = HTTPStatus.TOO_MANY_REQUESTS
        self._send(status, problem.as_json(), headers)

    def _send(
        self, status: HTTPStatus, body: object, headers: dict[str, str] | None = None
    ) -> None:
        data = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """What matters is logged above, in this project's form."""
