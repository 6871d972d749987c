"""Asking and telling by SNMP, from one thread: v2c with a community, or v3 with SHA and AES-128."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from pyasn1.error import PyAsn1Error
from pysnmp.error import PySnmpError
from pysnmp.hlapi.v3arch.asyncio import (
    USM_AUTH_HMAC96_SHA,
    USM_PRIV_CFB128_AES,
    CommunityData,
    ContextData,
    ObjectIdentity,
    ObjectType,
    SnmpEngine,
    UdpTransportTarget,
    UsmUserData,
    get_cmd,
    set_cmd,
)
from pysnmp.proto.errind import RequestTimedOut
from pysnmp.proto.rfc1902 import Integer32, OctetString
from pysnmp.proto.rfc1905 import EndOfMibView, NoSuchInstance, NoSuchObject

from collector.services.boards.drivers.base import BoardError
from collector.services.boards.registry import SnmpAddress, read_phrase

Value = int | bytes
_NOTHING = "nothing came in time; check its power, its line, its address and the community"
_MISSING = (NoSuchObject, NoSuchInstance, EndOfMibView)


class Agent(Protocol):
    """Somebody who answers; all methods raise BoardError."""

    def get(self, *oids: str) -> tuple[Value, ...]: ...

    def get_int(self, oid: str) -> int: ...

    def get_bytes(self, oid: str) -> bytes: ...

    def set(self, values: Mapping[str, Value]) -> None: ...

    def close(self) -> None: ...


class Snmp:
    """One agent over UDP. What it keeps between two questions belongs to the thread that asks."""

    def __init__(self, address: SnmpAddress) -> None:
        self._address = address
        self._runner = asyncio.Runner()
        self._engine: SnmpEngine | None = None

    def get(self, *oids: str) -> tuple[Value, ...]:
        """Their values; raises BoardError, `object` when the agent lacks one."""
        found = self._runner.run(self._ask(dict.fromkeys(oids)))
        missing = [oid for oid, value in zip(oids, found, strict=True) if value is None]
        if missing:
            raise BoardError("object", f"it has no object {missing[0]}")
        return tuple(value for value in found if value is not None)

    def get_int(self, oid: str) -> int:
        """An INTEGER; raises BoardError."""
        (value,) = self.get(oid)
        if not isinstance(value, int):
            raise BoardError("answer", f"{oid} is no number")
        return value

    def get_bytes(self, oid: str) -> bytes:
        """An OCTET STRING; raises BoardError."""
        (value,) = self.get(oid)
        if not isinstance(value, bytes):
            raise BoardError("answer", f"{oid} is no text")
        return value

    def set(self, values: Mapping[str, Value]) -> None:
        """Write them together; raises BoardError, `object` when the agent refuses."""
        self._runner.run(self._ask(dict(values)))

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close_dispatcher()
        self._runner.close()

    async def _ask(self, values: dict[str, Value | None]) -> list[Value | None]:
        address = self._address
        if self._engine is None:
            self._engine = SnmpEngine()
        bound = [ObjectType(ObjectIdentity(oid), _typed(one)) for oid, one in values.items()]
        asks = get_cmd if all(one is None for one in values.values()) else set_cmd
        try:
            target = await UdpTransportTarget.create(
                (address.host, address.port), timeout=address.timeout_s, retries=address.retries
            )
            failed, status, index, found = await asks(
                self._engine, self._credentials(), target, ContextData(), *bound, lookupMib=False
            )
        except (PySnmpError, PyAsn1Error, OSError) as error:
            raise BoardError("silent", f"it cannot be asked: {str(error)[:160]}") from None
        except ValueError as error:
            raise BoardError("credentials", str(error)) from None
        if isinstance(failed, RequestTimedOut):
            raise BoardError("silent", f"{address.host}:{address.port}: {_NOTHING}")
        if failed:
            raise BoardError("credentials", f"{address.host}:{address.port}: {str(failed)[:160]}")
        if int(status):
            oid = list(values)[max(0, int(index) - 1)]
            raise BoardError("object", f"it refuses {oid}: {status.prettyPrint()}")
        return [_value(one[1]) for one in found]

    def _credentials(self) -> CommunityData | UsmUserData:
        """Read anew each time: a secret may be exchanged. Raises ValueError."""
        address = self._address
        if address.user is None:
            assert address.community_file is not None, "the file's model says so"
            return CommunityData(read_phrase(address.community_file), mpModel=1)
        return UsmUserData(
            address.user.name,
            read_phrase(address.user.auth_file),
            read_phrase(address.user.privacy_file),
            authProtocol=USM_AUTH_HMAC96_SHA,
            privProtocol=USM_PRIV_CFB128_AES,
        )


def _typed(value: Value | None) -> Integer32 | OctetString | None:
    if value is None:
        return None
    return Integer32(value) if isinstance(value, int) else OctetString(value)


def _value(found: Any) -> Value | None:
    if isinstance(found, _MISSING):
        return None
    if isinstance(found, OctetString):
        return bytes(found.asOctets())
    try:
        return int(found)
    except (TypeError, ValueError, PyAsn1Error):
        return str(found).encode()
