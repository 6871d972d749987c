"""Hundreds of poles that answer searches, as one process: real connections, real signatures.

Each device of the JSON file `--reads` connects with its own certificate, offers nonces, and
answers `plates.search` with what stands there, `[[ISO time, plate], …]`; null: it is there and
silent. Prints `{"ready": N}` once all are connected. MQTT 3.1.1 by hand: an
event loop carries five hundred connections where five hundred clients would need as many threads.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from joserfc.util import urlsafe_b64decode

from tests.support.raw_mqtt import packet, text
from wire.clock import SystemClock
from wire.command import Command, NonceWindow, PlateSearchCommand, Reply
from wire.envelope import CloudEvent, body, cloud_event, sign
from wire.health import DeviceState
from wire.identity import Identity
from wire.names import WireModel, new_id
from wire.plates import PlateAnswer, PlateRead
from wire.register import load_register
from wire.topics import DeviceAddress

AT_ONCE = 20
"""Handshakes at a time."""


class Pole:
    """One connection."""

    def __init__(
        self, identity: Identity, address: DeviceAddress, reads: list[list[str]] | None
    ) -> None:
        self._identity, self._address, self._reads = identity, address, reads
        self._boot_id = new_id()
        self._clock = SystemClock()

    async def connect(self, host: str, port: int) -> None:
        self._reader, self._writer = await asyncio.open_connection(
            host, port, ssl=self._identity.tls_client(), server_hostname=host
        )
        flags = b"\x04\x02" + (600).to_bytes(2, "big")
        self._send(packet(0x10, text("MQTT") + flags + text(self._identity.name)))
        assert (await self._packet())[1][1] == 0, "CONNECT was refused"
        self._send(packet(0x82, b"\0\1" + text(f"{self._address.down}/#") + b"\1"))
        assert (await self._packet())[0] & 0xF0 == 0x90
        state = DeviceState.model_validate(
            {
                "state": "online", "boot_id": self._boot_id, "since": self._clock.now(),
                "version": "many",
            }
        )  # fmt: skip
        window = NonceWindow(
            boot_id=self._boot_id, window_id=new_id(), size=4096,
            monotonic_s=self._clock.monotonic(),
        )  # fmt: skip
        self._publish(self._address.state(), "state", state, retain=True)
        self._publish(self._address.window(), "window", window, retain=True)
        await self._writer.drain()

    async def serve(self) -> None:
        """Answer until the connection ends."""
        while True:
            first, content = await self._packet()
            if first & 0xF0 != 0x30:
                continue
            length = int.from_bytes(content[:2])
            topic, rest = content[2 : 2 + length].decode(), content[2 + length :]
            if first & 0x06:
                self._send(packet(0x40, rest[:2]))
                rest = rest[2:]
            if topic.endswith("/command") and self._reads is not None:
                self._answer(rest, self._reads)

    def _answer(self, token: bytes, known: list[list[str]]) -> None:
        payload = token.split(b".")[1]
        command = body(CloudEvent.model_validate_json(urlsafe_b64decode(payload)), Command)
        said: dict[str, Any] = {
            "command_id": command.command_id, "monotonic_s": self._clock.monotonic(),
        }  # fmt: skip
        if not isinstance(command.action, PlateSearchCommand):
            reply = Reply(ok=False, code="command.unsupported", **said)
        else:
            asked = command.action.search
            reads = tuple(
                PlateRead(
                    text=plate, confidence=0.97, at=datetime.fromisoformat(at), camera="cam-1"
                )
                for at, plate in known
                if asked.start_at <= datetime.fromisoformat(at) <= asked.end_at
            )
            answer = PlateAnswer(search_id=asked.search_id, reads=reads)
            reply = Reply(ok=True, plates=answer, **said)
        self._publish(self._address.reply(command.command_id), "reply", reply)

    def _publish(self, topic: str, kind: str, message: WireModel, *, retain: bool = False) -> None:
        event = cloud_event(
            kind, message, id=new_id(), source=self._address.source, time=datetime.now(UTC)
        )
        token = sign(event, self._identity.name, self._identity.key)
        self._send(packet(0x31 if retain else 0x30, text(topic) + token))

    def _send(self, data: bytes) -> None:
        self._writer.write(data)

    async def _packet(self) -> tuple[int, bytes]:
        first = (await self._reader.readexactly(1))[0]
        length = shift = 0
        while True:
            part = (await self._reader.readexactly(1))[0]
            length |= (part & 0x7F) << shift
            shift += 7
            if not part & 0x80:
                return first, await self._reader.readexactly(length)


async def run(arguments: argparse.Namespace) -> None:
    register = load_register(arguments.authority / "register.yaml")
    reads: dict[str, list[list[str]] | None] = json.loads(arguments.reads.read_text())
    gate = asyncio.Semaphore(AT_ONCE)
    poles = [
        Pole(
            Identity.load(arguments.authority / "identities" / entry.name),
            register.address(entry),
            reads[entry.name],
        )
        for entry in register.devices
        if entry.name in reads
    ]

    async def connect(pole: Pole) -> None:
        async with gate:
            await pole.connect(arguments.host, arguments.port)

    await asyncio.gather(*(connect(pole) for pole in poles))
    print(json.dumps({"ready": len(poles)}), flush=True)
    await asyncio.gather(*(pole.serve() for pole in poles))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--authority", type=Path, required=True)
    parser.add_argument("--reads", type=Path, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
