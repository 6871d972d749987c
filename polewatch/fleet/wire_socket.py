"""A TLS connection on an event loop, straight on its socket.

asyncio's own TLS holds 256 KB a connection and copies each byte twice; two thousand connections and
the broker share this machine.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable

READ_BYTES = 64 * 1024


class CutError(Exception):
    """The connection could not be made, or ended; the message says how."""


class TlsSocket:
    """`open` once; `on_data` and `on_end` are called on the loop, the latter once."""

    def __init__(self, on_data: Callable[[bytes], None], on_end: Callable[[str], None]) -> None:
        self._on_data = on_data
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._socket: ssl.SSLSocket | None = None
        self._waiting = bytearray()
        self._writing = False
        self.sent = 0
        """Bytes handed to TLS."""

    async def open(self, host: str, port: int, context: ssl.SSLContext, timeout_s: float) -> None:
        """Connect and shake hands; raises CutError."""
        plain = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        plain.setblocking(False)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        address = "127.0.0.1" if host == "localhost" else host
        try:
            async with asyncio.timeout(timeout_s):
                await self._loop.sock_connect(plain, (address, port))
                tls = context.wrap_socket(
                    plain, server_hostname=host, do_handshake_on_connect=False
                )
                plain = tls
                await self._shake_hands(tls)
        except (OSError, TimeoutError) as error:
            plain.close()
            raise CutError(f"{type(error).__name__}: {error}") from error
        except asyncio.CancelledError:
            plain.close()
            raise
        self._socket = tls
        self._loop.add_reader(tls.fileno(), self._readable)
        # What came with the end of the handshake lies in TLS already, and wakes no selector.
        self._loop.call_soon(self._readable)

    async def _shake_hands(self, tls: ssl.SSLSocket) -> None:
        while True:
            ready: asyncio.Future[None] = self._loop.create_future()
            descriptor = tls.fileno()
            try:
                tls.do_handshake()
                return
            except ssl.SSLWantReadError:
                self._loop.add_reader(descriptor, _wake, ready)
                try:
                    await ready
                finally:
                    self._loop.remove_reader(descriptor)
            except ssl.SSLWantWriteError:
                self._loop.add_writer(descriptor, _wake, ready)
                try:
                    await ready
                finally:
                    self._loop.remove_writer(descriptor)

    @property
    def is_open(self) -> bool:
        return self._socket is not None

    @property
    def waiting(self) -> int:
        """Bytes that the socket has not taken yet."""
        return len(self._waiting)

    def write(self, data: bytes) -> None:
        """Send; what the socket does not take at once waits in memory. Nothing when it is over."""
        if self._socket is None:
            return
        self._waiting += data
        if not self._writing:
            self._flush()

    def close(self) -> None:
        """Let go of the socket, without a word on TLS."""
        if self._socket is not None:
            tls, self._socket = self._socket, None
            self._loop.remove_reader(tls.fileno())
            if self._writing:
                self._loop.remove_writer(tls.fileno())
                self._writing = False
            tls.close()

    def _readable(self) -> None:
        while self._socket is not None:
            try:
                data = self._socket.recv(READ_BYTES)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            except OSError as error:
                self._end(f"{type(error).__name__}: {error}")
                return
            if not data:
                self._end("closed by the broker")
                return
            self._on_data(data)

    def _flush(self) -> None:
        tls = self._socket
        if tls is None:
            return
        try:
            while self._waiting:
                done = tls.send(self._waiting)
                self.sent += done
                del self._waiting[:done]
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            if not self._writing:
                self._writing = True
                self._loop.add_writer(tls.fileno(), self._flush)
            return
        except OSError as error:
            self._end(f"{type(error).__name__}: {error}")
            return
        if self._writing:
            self._writing = False
            self._loop.remove_writer(tls.fileno())

    def _end(self, why: str) -> None:
        if self._socket is not None:
            self.close()
            self._on_end(why)


def _wake(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
