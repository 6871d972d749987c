"""Two households behind NAT and the internet between them, as network namespaces of the test's own.

    pole 10.71.0.2 ── router 203.0.113.11 ─┐
                                           ├─ internet 203.0.113.1
    viewer 10.72.0.2 ── router 203.0.113.12 ┘

The routers masquerade by nftables; nothing routes to the private addresses, so what comes
unasked from outside ends at a router. Everything is removed with the processes that ran in it.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

INTERNET = "203.0.113.1"
_FOLDER = Path("/run/netns")
_NEEDED = {"ip": "iproute2", "nft": "nftables", "nsenter": "util-linux", "sysctl": "procps"}
_CLONE_NEWNET = 0x40000000
_numbers = itertools.count()


class NetnsError(Exception):
    """The namespaces cannot be made here; holds the remedy."""


@dataclass(frozen=True, slots=True)
class Place:
    """One namespace."""

    name: str
    address: str

    def command(self, *argv: str) -> list[str]:
        """The command line that runs `argv` there."""
        return ["nsenter", f"--net={_FOLDER / self.name}", *argv]

    def listen(self, port: int = 0) -> socket.socket:
        """A TCP socket that listens on the place's own loopback; it may be used from here."""
        return _within(self.name, lambda: socket.create_server(("127.0.0.1", port)))


@dataclass(frozen=True, slots=True)
class Households:
    """The places where something may run."""

    internet: Place
    pole: Place
    viewer: Place
    routers: tuple[Place, Place]

    def set_mapping(self, *, symmetric: bool) -> None:
        """Which port a router gives: the sender's own, or another for each destination.

        With the first the address that STUN finds can be reached by who is asked too; with the
        second (as mobile networks do it) it cannot, and only a relay is left.
        """
        how = 'oifname "wan" masquerade' + (" fully-random" if symmetric else "")
        for router in self.routers:
            _nft(router.name, f"flush chain ip polewatch out\nadd rule ip polewatch out {how}")


@contextmanager
def households() -> Iterator[Households]:
    """Make them, and remove them; raises NetnsError with the remedy where it is not allowed."""
    _check()
    prefix = f"pw{os.getpid()}-{next(_numbers)}"
    net = Households(
        Place(f"{prefix}-net", INTERNET),
        Place(f"{prefix}-pole", "10.71.0.2"),
        Place(f"{prefix}-view", "10.72.0.2"),
        (Place(f"{prefix}-r1", "203.0.113.11"), Place(f"{prefix}-r2", "203.0.113.12")),
    )
    every = (net.internet, *net.routers, net.pole, net.viewer)
    try:
        for place in every:
            _ip("netns", "add", place.name)
            _ip("-n", place.name, "link", "set", "lo", "up")
        _ip("-n", net.internet.name, "link", "add", "hub", "type", "bridge")
        _ip("-n", net.internet.name, "address", "add", f"{INTERNET}/24", "dev", "hub")
        _ip("-n", net.internet.name, "link", "set", "hub", "up")
        # What is sent to a private address is lost on the way; it is not refused by the sender.
        _ip("-n", net.internet.name, "link", "add", "void", "type", "bridge")
        _ip("-n", net.internet.name, "link", "set", "void", "up")
        _ip("-n", net.internet.name, "route", "add", "default", "dev", "void")
        for router, home in zip(net.routers, (net.pole, net.viewer), strict=True):
            _connect(net.internet, router, home)
        net.set_mapping(symmetric=False)
        yield net
    finally:
        for place in every:
            subprocess.run(["ip", "netns", "delete", place.name], capture_output=True, check=False)


@contextmanager
def alone() -> Iterator[Place]:
    """One place with an address of its own on its loopback, from which nothing leads anywhere."""
    _check()
    place = Place(f"pw{os.getpid()}-{next(_numbers)}", "10.73.0.1")
    try:
        _ip("netns", "add", place.name)
        _ip("-n", place.name, "link", "set", "lo", "up")
        _ip("-n", place.name, "address", "add", f"{place.address}/32", "dev", "lo")
        yield place
    finally:
        subprocess.run(["ip", "netns", "delete", place.name], capture_output=True, check=False)


def _connect(internet: Place, router: Place, home: Place) -> None:
    gateway = home.address.rsplit(".", 1)[0] + ".1"
    leg = router.name.rsplit("-", 1)[1]
    for place, port, peer in ((internet, leg, "wan"), (home, "eth0", "lan")):
        _ip("-n", place.name, "link", "add", port, "type", "veth", "peer", "name", peer,
            "netns", router.name)  # fmt: skip
        _ip("-n", place.name, "link", "set", port, "up")
    _ip("-n", internet.name, "link", "set", leg, "master", "hub")
    for place, port, address in (
        (router, "wan", router.address), (router, "lan", gateway), (home, "eth0", home.address),
    ):  # fmt: skip
        _ip("-n", place.name, "address", "add", f"{address}/24", "dev", port)
        _ip("-n", place.name, "link", "set", port, "up")
    _ip("-n", home.name, "route", "add", "default", "via", gateway)
    _run(router.command("sysctl", "-qw", "net.ipv4.ip_forward=1"))
    _nft(
        router.name,
        "add table ip polewatch\n"
        "add chain ip polewatch out"
        " { type nat hook postrouting priority srcnat; }\n"
        # At input too: a packet that is let in there would occupy the mapping that it asked for.
        + "".join(
            f"add chain ip polewatch {hook} {{ type filter hook {hook} priority filter; }}\n"
            f'add rule ip polewatch {hook} iifname "wan" ct state != established drop\n'
            for hook in ("forward", "input")
        ),
    )


def _check() -> None:
    missing = [package for program, package in _NEEDED.items() if shutil.which(program) is None]
    if missing:
        raise NetnsError(f"install with apt-get: {' '.join(missing)}; see tests/support/debian.sh")
    if os.geteuid() != 0:
        raise NetnsError("network namespaces need root: run the tests as root, or under sudo")


def _ip(*arguments: str) -> None:
    _run(["ip", *arguments])


def _nft(name: str, rules: str) -> None:
    _run(["nsenter", f"--net={_FOLDER / name}", "nft", "-f", "-"], rules)


def _run(command: list[str], text: str = "") -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NetnsError(
            f"'{' '.join(command)}' failed: {done.stderr.strip()[:300]}. In a container it needs "
            "--cap-add NET_ADMIN --cap-add SYS_ADMIN, and a kernel with veth and nftables' NAT"
        )


def _within(name: str, make: Callable[[], socket.socket]) -> socket.socket:
    """What `make` gives when it runs in that namespace, on a thread that ends afterwards."""
    made: list[socket.socket | OSError] = []

    def run() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        with (_FOLDER / name).open() as handle:
            if libc.setns(handle.fileno(), _CLONE_NEWNET):
                made.append(OSError(ctypes.get_errno(), f"setns {name}"))
                return
        made.append(make())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(made[0], OSError):
        raise NetnsError(f"{made[0]}: entering a network namespace needs CAP_SYS_ADMIN")
    return made[0]
