"""Packets leave in order and whole, on real sockets and encrypted; aiortc's path is played."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pylibsrtp
from aiortc import RTCRtpSender
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.clips import rtp
from edge_agent.clips.outlet import MOST_BYTES, MOST_PACKETS, Outlet, runs

SO_NO_CHECK = 11
"""From asm-generic/socket.h. The kernel cuts nothing up that it shall not sum up."""
_KEY = bytes(range(44))


def _packets(first: int) -> list[bytes]:
    """Of one picture."""
    sizes = [1200] * 9 + [400]
    return [
        rtp.packet(bytes(size), 102, first + count, 1, 77, count == 9, b"")
        for count, size in enumerate(sizes)
    ]


def _session(kind: int) -> pylibsrtp.Session:
    profile = pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM
    return pylibsrtp.Session(pylibsrtp.Policy(_KEY, kind, srtp_profile=profile))


@dataclass
class Bench:
    outlet: Outlet
    receiver: socket.socket
    own: socket.socket
    """The path's own socket."""
    by_aiortc: list[bytes] = field(default_factory=list)

    opened: pylibsrtp.Session = field(
        default_factory=lambda: _session(pylibsrtp.Policy.SSRC_ANY_INBOUND)
    )

    def arrived(self, count: int) -> list[bytes]:
        return [self.opened.unprotect(self.receiver.recv(2000)) for _ in range(count)]


def on_bench(work: Callable[[Bench], Coroutine[Any, Any, None]], *, relayed: bool = False) -> None:
    async def run() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", 0))
            receiver.settimeout(5)
            loop = asyncio.get_running_loop()
            datagrams, _ = await loop.create_datagram_endpoint(
                asyncio.DatagramProtocol, ("127.0.0.1", 0)
            )
            own = datagrams.get_extra_info("socket")
            turn = SimpleNamespace(get_extra_info=lambda _: None)
            pair = SimpleNamespace(
                protocol=SimpleNamespace(transport=turn if relayed else datagrams),
                remote_addr=receiver.getsockname(),
            )
            by_aiortc: list[bytes] = []

            async def send(data: bytes) -> None:
                by_aiortc.append(data)

            dtls = SimpleNamespace(
                state="connected",
                _tx_srtp=_session(pylibsrtp.Policy.SSRC_ANY_OUTBOUND),
                _send_rtp=send,
                transport=SimpleNamespace(_connection=SimpleNamespace(_nominated={1: pair})),
            )
            outlet = Outlet(cast("RTCRtpSender", SimpleNamespace(transport=dtls)))
            try:
                await work(Bench(outlet, receiver, own, by_aiortc))
            finally:
                outlet.close()
                datagrams.close()

    asyncio.run(run())


def test_a_picture_s_packets_go_in_one_call_and_arrive_one_by_one() -> None:
    async def work(bench: Bench) -> None:
        await bench.outlet.send(_packets(1))
        assert bench.arrived(10) == _packets(1)
        assert (bench.outlet.calls, bench.by_aiortc) == (1, [])

    on_bench(work)


def test_where_the_kernel_refuses_each_goes_by_itself() -> None:
    async def work(bench: Bench) -> None:
        bench.own.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)
        await bench.outlet.send(_packets(1))
        await bench.outlet.send(_packets(11))
        assert bench.arrived(10) == _packets(1)
        # It is asked once; then aiortc sends, and encrypts.
        assert (bench.outlet.calls, bench.by_aiortc) == (0, _packets(11))

    on_bench(work)


def test_over_a_turn_server_aiortc_sends() -> None:
    async def work(bench: Bench) -> None:
        await bench.outlet.send(_packets(1))
        assert bench.by_aiortc == _packets(1)
        assert bench.outlet.calls == 0

    on_bench(work, relayed=True)


@given(st.lists(st.sampled_from([300, 900, 1200]), max_size=200))
def test_what_goes_together_is_of_one_size_but_for_a_smaller_last_one(sizes: list[int]) -> None:
    packets = [bytes(size) for size in sizes]
    made = list(runs(packets))
    assert [one for run in made for one in run] == packets
    for run in made:
        assert len({len(one) for one in run[:-1]}) <= 1
        assert len(run[-1]) <= len(run[0])
        assert len(run) <= MOST_PACKETS
        assert sum(map(len, run)) <= MOST_BYTES
