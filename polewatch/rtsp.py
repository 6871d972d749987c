"""A real RTSP camera for the demo: one file in a loop at its own speed, on loopback only.

`python -m polewatch.rtsp --file street.mp4 --port 0` prints the URL when it is ready and ends on
SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import asyncio
import concurrent.futures
import contextlib
import logging
import signal
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aio_rtsp_toolkit.server import RtspServer
from aio_rtsp_toolkit.server_session import RtspServerSession, _is_disconnect_error

HOST = "127.0.0.1"
SESSION_TIMEOUT_S = 60
CLOSE_TIMEOUT_S = 2.0
ROOM_POLL_S = 0.05
MOST_CLIENTS = 64
"""Each takes a thread that reads the file. asyncio's own pool has four more than there are cores:
who comes behind them would wait until another's turn through the file is over."""


class Session(RtspServerSession):  # type: ignore[misc]  # the library has no annotations
    """The library's session, cured of sending a picture twice (seen with aio-rtsp-toolkit 0.1.4).

    Its `_threadsafe_queue_put` gives up waiting for room in the queue every 50 ms, cancels and puts
    again; where room came in between, the picture is then in the queue already.
    """

    def _threadsafe_queue_put(
        self,
        loop: asyncio.AbstractEventLoop,
        queue: asyncio.Queue[Any],
        item: object,
        stop_event: threading.Event,
    ) -> bool:
        """Put `item` once, waiting for room until `stop_event`; true when it is in the queue."""
        put = asyncio.run_coroutine_threadsafe(queue.put(item), loop)
        while not stop_event.is_set():
            with contextlib.suppress(concurrent.futures.TimeoutError):
                put.result(ROOM_POLL_S)
                return True
        put.cancel()
        return False


class LoopingServer(RtspServer):  # type: ignore[misc]  # the library has no annotations
    """The library's server, which leaves its clients' connections open when it is closed."""

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(str(folder), HOST, port, session_timeout=SESSION_TIMEOUT_S)
        # The library prints each request to standard output, where the URL belongs.
        self.logger = logging.getLogger("polewatch.rtsp")
        self._clients: dict[Any, asyncio.Task[None]] = {}

    async def _handle_client(self, sock: Any) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._clients[sock] = task
        try:
            await Session(self, sock).run()
        except Exception as error:
            if not _is_disconnect_error(error):
                raise
        finally:
            self._clients.pop(sock, None)

    async def close(self) -> None:
        """Stop listening and end every client's session, each within CLOSE_TIMEOUT_S."""
        tasks = list(self._clients.values())
        for sock in list(self._clients):
            sock.writer.close()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_TIMEOUT_S)
        await super().close()

    @property
    def bound_port(self) -> int:
        """The port that the system chose; choosing one beforehand would be a race."""
        if not isinstance(self._server, asyncio.Server):
            raise RuntimeError("the RTSP server is not listening")
        return int(self._server.sockets[0].getsockname()[1])


async def serve(file: Path, port: int, stop: asyncio.Event) -> None:
    """Serve `file` until `stop` is set; prints the URL as one line. Port 0 takes a free one.

    Raises OSError when the port is taken, FileNotFoundError when there is no such file.
    """
    if not file.is_file():
        raise FileNotFoundError(f"no video file at {file}")
    server = LoopingServer(file.parent, port)
    await server.start()
    try:
        print(f"rtsp://{HOST}:{server.bound_port}/{quote(file.name)}?play_count=0", flush=True)
        await stop.wait()
    finally:
        await server.close()


async def _run(file: Path, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(concurrent.futures.ThreadPoolExecutor(MOST_CLIENTS, "file"))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(file, port, stop)


def main(arguments: list[str] | None = None) -> int:
    """The module's command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m polewatch.rtsp", description=__doc__)
    parser.add_argument("--file", type=Path, required=True, help="MP4 or MKV with H.264")
    parser.add_argument("--port", type=int, default=0, help="TCP port; 0 takes a free one")
    given = parser.parse_args(arguments)
    try:
        asyncio.run(_run(given.file, given.port))
    except OSError as error:
        parser.exit(1, f"camera: {error}; choose another --port or --file\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
