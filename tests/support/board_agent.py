"""A simulated NTCIP sign as a process: SNMP over UDP outside, JSON lines of the test inside.

`python -m tests.support.board_agent COMMUNITY` prints its port and obeys lines such as
`{"silent": true}`, `{"panel": "text"}`; each is answered by what the sign shows.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from pysnmp.carrier.asyncio.dgram import udp
from pysnmp.entity import config, engine
from pysnmp.entity.rfc3413 import cmdrsp, context
from pysnmp.error import PySnmpError
from pysnmp.proto.rfc1902 import Integer32, OctetString
from pysnmp.proto.rfc1905 import NoSuchObject
from pysnmp.smi import error as smi
from pysnmp.smi.instrum import AbstractMibInstrumController

from tests.support.board_sign import RefusedError, Sign, SilentError

USER, AUTH, PRIVACY = "polewatch", "authentic-enough", "private-enough"
EVERYTHING = (1, 3, 6)


class _Objects(AbstractMibInstrumController):  # type: ignore[misc]  # pysnmp is untyped
    """The sign's objects, as pysnmp asks for them."""

    def __init__(self, sign: Sign) -> None:
        self._sign = sign

    def read_variables(self, *bound: Any, **_context: Any) -> list[Any]:
        return [(oid, self._read(str(oid))) for oid, _ in bound]

    def write_variables(self, *bound: Any, **_context: Any) -> Any:
        for at, (oid, value) in enumerate(bound):
            try:
                self._sign.set(str(oid), value)
            except RefusedError:
                raise smi.GenError(name=oid, idx=at) from None
            except KeyError:
                raise smi.NotWritableError(name=oid, idx=at) from None
            except SilentError:
                raise PySnmpError("nothing is answered") from None
        return bound

    def _read(self, oid: str) -> Any:
        try:
            value = self._sign.get(oid)
        except KeyError:
            return NoSuchObject("")
        except SilentError:
            raise PySnmpError("nothing is answered") from None
        return Integer32(value) if isinstance(value, int) else OctetString(value)


def _serve(sign: Sign, community: str) -> engine.SnmpEngine:
    agent = engine.SnmpEngine()
    config.add_transport(
        agent, udp.DOMAIN_NAME, udp.UdpTransport().open_server_mode(("127.0.0.1", 0))
    )
    config.add_v1_system(agent, "writer", community)
    config.add_vacm_user(agent, 2, "writer", "noAuthNoPriv", EVERYTHING, EVERYTHING)
    config.add_v3_user(
        agent, USER, config.USM_AUTH_HMAC96_SHA, AUTH, config.USM_PRIV_CFB128_AES, PRIVACY
    )
    config.add_vacm_user(agent, 3, USER, "authPriv", EVERYTHING, EVERYTHING)
    found = context.SnmpContext(agent)
    found.unregister_context_name(b"")
    found.register_context_name(b"", _Objects(sign))
    cmdrsp.GetCommandResponder(agent, found)
    cmdrsp.SetCommandResponder(agent, found)
    agent.transport_dispatcher.job_started(1)
    return agent


def _obey(sign: Sign, wish: dict[str, Any]) -> dict[str, Any]:
    for name, value in wish.items():
        if name == "panel":
            sign.panel(value)
        elif name == "permanent":
            sign.permanent(*value)
        elif name == "hurry":
            sign.hurry(value)
        else:
            setattr(sign, name, value)
    return {"shows": sign.shows, "activations": sign.activations, "source": sign.source.code.hex()}


async def _main(community: str) -> None:
    sign = Sign()
    agent = _serve(sign, community)
    await asyncio.sleep(0)
    transport = agent.transport_dispatcher.get_transport(udp.DOMAIN_NAME)
    await transport._lport
    port = transport.transport.get_extra_info("sockname")[1]
    print(json.dumps({"port": port}), flush=True)
    loop, over = asyncio.get_running_loop(), asyncio.Event()

    def obey(wish: dict[str, Any]) -> None:
        print(json.dumps(_obey(sign, wish)), flush=True)

    def listen() -> None:
        for line in sys.stdin:
            wish = json.loads(line)
            loop.call_soon_threadsafe(obey, wish)
        loop.call_soon_threadsafe(over.set)

    threading.Thread(target=listen, daemon=True).start()
    await over.wait()


class BoardAgent:
    """The process, from the test's side."""

    def __init__(self, folder: Path, community: str = "city-boards") -> None:
        self.community_file = folder / f"community-{id(self)}"
        self.community_file.write_text(community)
        self.community_file.chmod(0o600)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.board_agent", community],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.port = int(self._line()["port"])

    def set(self, **wish: Any) -> dict[str, Any]:
        """Have the sign be or do something; what it shows then."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(wish) + "\n")
        self._process.stdin.flush()
        return self._line()

    @property
    def shows(self) -> str:
        """What an eye would read there."""
        return str(self.set()["shows"])

    def address(self) -> dict[str, Any]:
        """As boards.yaml names it."""
        return {
            "host": "127.0.0.1", "port": self.port, "community_file": str(self.community_file),
            "timeout_s": 0.5, "retries": 1,
        }  # fmt: skip

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
