"""Running a web application until a signal: bound first, ready line second, clean end last."""

from __future__ import annotations

import errno
import signal
import socket
import ssl
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from wire.codes import explain

GRACE_S = 5
"""Open streams, such as the live list, are cut off after this long."""


class ListenError(Exception):
    """An address that cannot be listened on; the message says why and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; raises ListenError. Port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small answers at once (TCP_NODELAY) only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise ListenError(f"{host}:{port}: {explain('port.in-use')}") from error
        raise ListenError(
            f"{host}:{port}: cannot listen ({error.strerror}); check http.host"
        ) from error
    return listener


class WebServer:
    """One application on one socket; `run` returns when told to, or on SIGTERM or SIGINT."""

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        *,
        tls: tuple[str, str] | None = None,
        clients_of: str | None = None,
        on_ready: Callable[[], None] | None = None,
    ) -> None:
        """`tls`: certificate and key files; `clients_of`: CA whose clients alone may connect."""
        self._listener = listener
        self._on_ready = on_ready
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            ssl_certfile=tls[0] if tls else None,
            ssl_keyfile=tls[1] if tls else None,
            ssl_ca_certs=clients_of,
            ssl_cert_reqs=ssl.CERT_REQUIRED if clients_of else ssl.CERT_NONE,
            timeout_graceful_shutdown=GRACE_S,
        )
        self._server = _Server(config, self._ready)
        self._secure = tls is not None

    @property
    def url(self) -> str:
        host, port = self._listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self._secure else 'http'}://{shown}:{port}"

    def run(self) -> None:
        """Serve on this thread, which must be the main one."""
        # For the moment before uvicorn listens to signals, and for its raising them again after.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        self._server.run(sockets=[self._listener])

    def stop(self) -> None:
        """End `run`; from any thread."""
        self._server.should_exit = True

    def _ready(self) -> None:
        if self._on_ready is not None:
            self._on_ready()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()
