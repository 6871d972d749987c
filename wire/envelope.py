"""CloudEvents 1.0 in a compact JWS (EdDSA over Ed25519): signing, and verifying as bytes first.

A message is `base64url(header).base64url(CloudEvents JSON).base64url(signature)`; the header's
`kid` is the signer's certificate name. Nothing but the header is parsed before the signature holds.
"""

from __future__ import annotations

import binascii
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import OKPKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wire.names import NAME_PATTERN, Id, Moment, Name, WireModel, is_name

# RFC 9864 renames "EdDSA" to "Ed25519"; most verifiers in the field know only the older name,
# so it is what we write, and both are accepted.
ALGORITHM = "EdDSA"
_ACCEPTED = ["EdDSA", "Ed25519"]
_HEADER = {"alg", "kid", "typ"}
_FROM_URL, _TO_URL = bytes.maketrans(b"-_", b"+/"), bytes.maketrans(b"+/", b"-_")
warnings.filterwarnings("ignore", category=SecurityWarning, message="EdDSA is deprecated")

MAX_MESSAGE_BYTES = 128 * 1024
"""Larger signed messages are refused unread; a finding with 200 tracks is about 40 KB."""

TYPE_PREFIX = "kr.polewatch."
SCHEMA_MAJOR = 1
SCHEMA_MINOR = 1

Body = TypeVar("Body", bound=WireModel)

KeyOf = Callable[[str], OKPKey | None]
"""Certificate name to public key; None when nobody of that name is trusted."""


class EnvelopeError(ValueError):
    """A message that may not be believed; `reason` is a stable word for counting."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class CloudEvent(BaseModel):
    """CloudEvents 1.0 in structured JSON, with the `sequence` extension and our `epoch`."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    specversion: Literal["1.0"] = "1.0"
    id: Id
    source: str = Field(max_length=120)
    type: str = Field(max_length=80)
    time: Moment
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str = Field(max_length=120, description="urn:polewatch:{kind}:{major}.{minor}")
    subject: Name | None = Field(
        None, description="The camera that it is about, when there is one."
    )
    sequence: str | None = Field(
        None, pattern=r"^[0-9]{12}$", description="Gap-free number within the epoch, zero-padded."
    )
    epoch: Id | None = None
    data: dict[str, Any]

    @property
    def kind(self) -> str:
        """The type without its prefix: `finding`, `loss`, …"""
        return self.type.removeprefix(TYPE_PREFIX)

    @property
    def seq(self) -> int | None:
        return None if self.sequence is None else int(self.sequence)

    @property
    def major(self) -> int:
        """Major schema version; raises EnvelopeError when the URN is not one of ours."""
        tail = self.dataschema.rpartition(":")[2]
        major, dot, minor = tail.partition(".")
        if not (
            self.dataschema.startswith("urn:polewatch:")
            and dot
            and major.isdecimal()
            and minor.isdecimal()
        ):
            raise EnvelopeError(
                "schema", f"dataschema {self.dataschema!r} is not urn:polewatch:kind:major.minor"
            )
        return int(major)


@dataclass(frozen=True, slots=True)
class Verified:
    """A message whose signature held."""

    kid: str
    event: CloudEvent
    token: bytes
    """The JWS as it travelled: the evidence."""


def cloud_event(
    kind: str,
    body: WireModel,
    *,
    id: str,
    source: str,
    time: datetime,
    subject: str | None = None,
    epoch: str | None = None,
    seq: int | None = None,
) -> CloudEvent:
    """Wrap a message body; `epoch` and `seq` only for what passes through a device's outbox."""
    return CloudEvent(
        id=id,
        source=source,
        type=TYPE_PREFIX + kind,
        time=time,
        dataschema=f"urn:polewatch:{kind}:{SCHEMA_MAJOR}.{SCHEMA_MINOR}",
        subject=subject,
        sequence=None if seq is None else f"{seq:012d}",
        epoch=epoch,
        data=body.model_dump(mode="json", exclude_none=True),
    )


def sign_bytes(payload: bytes, kid: str, key: OKPKey) -> bytes:
    """A compact JWS over any payload."""
    header = {"alg": ALGORITHM, "kid": kid}
    return jws.serialize_compact(header, payload, key, algorithms=_ACCEPTED).encode()


def sign(event: CloudEvent, kid: str, key: OKPKey) -> bytes:
    """Sign one CloudEvent as certificate name `kid`."""
    return sign_bytes(event.model_dump_json(exclude_none=True).encode(), kid, key)


def verify_bytes(
    token: bytes, key_of: KeyOf, at_most: int = MAX_MESSAGE_BYTES
) -> tuple[str, bytes]:
    """Check size, header and signature; returns (kid, payload). Raises EnvelopeError."""
    if len(token) > at_most:
        raise EnvelopeError("oversized", f"{len(token)} bytes, at most {at_most}")
    head, dot, rest = token.partition(b".")
    payload, dot_again, signature = rest.partition(b".")
    if not dot or not dot_again or b"." in signature or len(head) > 512:
        raise EnvelopeError("malformed", "not a compact JWS")
    kid = _kid(head)
    key = key_of(kid)
    if key is None:
        raise EnvelopeError("unknown-signer", f"no trusted certificate of the name {kid!r}")
    public = key.get_op_key("verify")
    if not isinstance(public, Ed25519PublicKey):
        raise EnvelopeError("signature", f"the key of {kid!r} is none for Ed25519")
    try:
        # RFC 7515, 5.2: over the text as it came.
        public.verify(_exactly(signature), b".".join((head, payload)))
        return kid, _exactly(payload)
    except InvalidSignature as error:
        raise EnvelopeError("signature", f"signature of {kid!r} does not hold") from error
    except ValueError as error:
        raise EnvelopeError("malformed", f"not base64url ({error})") from error


def verify(token: bytes, key_of: KeyOf, *, source: str | None = None) -> Verified:
    """Check the signature, then the CloudEvent; `source` is what the topic says it must be.

    Raises EnvelopeError with one of the reasons oversized, malformed, unknown-signer, signature,
    schema, source.
    """
    kid, payload = verify_bytes(token, key_of)
    try:
        event = CloudEvent.model_validate_json(payload)
    except (ValidationError, RecursionError) as error:
        raise EnvelopeError("schema", _short(error)) from error
    if source is not None and event.source != source:
        raise EnvelopeError("source", f"says {event.source!r} but came on the topic of {source!r}")
    return Verified(kid, event, token)


def body(event: CloudEvent, model: type[Body]) -> Body:
    """The message body; raises EnvelopeError `schema` (content) or `version` (a newer major)."""
    if event.major > SCHEMA_MAJOR:
        raise EnvelopeError("version", f"schema {event.dataschema} is newer than {SCHEMA_MAJOR}.x")
    try:
        return model.model_validate(event.data)
    except (ValidationError, RecursionError) as error:
        raise EnvelopeError("schema", _short(error)) from error


@lru_cache(4096)
def _kid(head: bytes) -> str:
    """The signer's name out of a header; a signer's headers are all the same bytes.

    Raises EnvelopeError for every header but one of ours: `crit`, `b64` and the like change what
    a signature means.
    """
    try:
        header = json.loads(_exactly(head))
        kid, algorithm = header["kid"], header["alg"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise EnvelopeError("malformed", "the JWS header has no readable kid and alg") from error
    if not isinstance(kid, str) or not is_name(kid):
        raise EnvelopeError("malformed", f"kid does not match {NAME_PATTERN}")
    if algorithm not in _ACCEPTED or not header.keys() <= _HEADER:
        raise EnvelopeError("signature", f"a header of {kid!r} that is not one of ours")
    return kid


def _exactly(text: bytes) -> bytes:
    """Base64url without padding (RFC 7515, 2), and no second spelling of the same bytes."""
    decoded = binascii.a2b_base64(
        text.translate(_FROM_URL) + b"=" * (-len(text) % 4), strict_mode=True
    )
    if binascii.b2a_base64(decoded, newline=False).rstrip(b"=").translate(_TO_URL) != text:
        raise ValueError("not the one way to write it")
    return decoded


def _short(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"{where or 'message'}: {first['msg']}"
    return str(error)[:200]
