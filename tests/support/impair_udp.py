"""A UDP path of the test's own between a viewer and a pole: late, lossy, thin, out of order.

It stands in for both: the viewer knows the pole by the path's address, and the pole sees the viewer
come from there. The same seed gives the same losses for the same packets.
"""

from __future__ import annotations

import asyncio
import random
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class UdpImpairment:
    """How the path is now, in each direction; the default is a path without faults."""

    delay_s: float = 0.0
    loss: float = 0.0
    bytes_per_s: float | None = None
    queue_s: float = 0.5
    """Of a thin path: what would wait longer is lost, as in a router's buffer."""
    reordered: float = 0.0
    """Share of packets that come 20 ms later than those after them."""


class UdpPath:
    """Listens on `host`; forwards to `target` what comes, and what `target` answers back."""

    def __init__(self, host: str, target: Address, seed: int = 0) -> None:
        self.impairment = UdpImpairment()
        self.carried = [0, 0]
        """Packets to the viewer, and to the pole."""
        self.lost = [0, 0]
        self._rng = random.Random(seed)
        self._free_at = [0.0, 0.0]
        self._viewer: Address | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="udp", daemon=True)
        self._thread.start()
        opening = asyncio.run_coroutine_threadsafe(self._open(host, target), self._loop)
        self.address: Address = opening.result(10)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._front.close)
        self._loop.call_soon_threadsafe(self._back.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _open(self, host: str, target: Address) -> Address:
        self._front, _ = await self._loop.create_datagram_endpoint(
            lambda: _Ear(self._from_viewer), (host, 0)
        )
        self._back, _ = await self._loop.create_datagram_endpoint(
            lambda: _Ear(self._from_pole), remote_addr=target
        )
        found: Address = self._front.get_extra_info("sockname")[:2]
        return found

    def _from_viewer(self, data: bytes, address: Address) -> None:
        self._viewer = address
        self._carry(1, data)

    def _from_pole(self, data: bytes, _: Address) -> None:
        self._carry(0, data)

    def _carry(self, way: int, data: bytes) -> None:
        how, now = self.impairment, self._loop.time()
        due = now
        if how.bytes_per_s:
            begin = max(now, self._free_at[way])
            if begin - now > how.queue_s:
                self.lost[way] += 1
                return
            due = self._free_at[way] = begin + len(data) / how.bytes_per_s
        if self._rng.random() < how.loss:
            self.lost[way] += 1
            return
        due += how.delay_s + (0.02 if self._rng.random() < how.reordered else 0.0)
        if due - now < 0.001:
            self._deliver(way, data)
        else:
            self._loop.call_at(due, self._deliver, way, data)

    def _deliver(self, way: int, data: bytes) -> None:
        self.carried[way] += 1
        if way:
            self._back.sendto(data)
        elif self._viewer is not None:
            self._front.sendto(data, self._viewer)


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, heard: Callable[[bytes, Address], None]) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._heard(data, addr)


_CANDIDATE = re.compile(r"^a=candidate:(\S+) 1 udp (\d+) (\S+) (\d+) typ host.*$", re.I | re.M)


def host_of(answer: str) -> Address:
    """The first IPv4 host candidate of an answer."""
    for found in _CANDIDATE.finditer(answer):
        if ":" not in found[3]:
            return found[3], int(found[4])
    raise ValueError("the answer names no IPv4 host")


def by_way_of(answer: str, address: Address) -> str:
    """The answer with `address` as the only candidate."""
    lines = answer.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("a=candidate:"))
    kept = [line for line in lines if not line.startswith("a=candidate:")]
    host, port = address
    kept.insert(first, f"a=candidate:1 1 udp 2130706431 {host} {port} typ host")
    return "\r\n".join([*kept, ""])
