"""What may be believed: signatures first, then form, then content."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import OKPKey

from tests.wire.samples import AT, EVENT, KEY, uid
from wire.envelope import (
    MAX_MESSAGE_BYTES,
    CloudEvent,
    EnvelopeError,
    body,
    cloud_event,
    sign,
    sign_bytes,
    verify,
)
from wire.event import Event
from wire.kinds import ALL

SOURCE = "/polewatch/gyeyang/pole-001-1"
OTHER = OKPKey.generate_key("Ed25519")


def key_of(kid: str) -> OKPKey | None:
    return KEY if kid == "pole-001-1" else None


def _event(**changes: object) -> CloudEvent:
    event = cloud_event("finding", EVENT, id=uid(1), source=SOURCE, time=AT, epoch=uid(4), seq=6)
    return event.model_copy(update=changes)


def _reason(token: bytes, source: str | None = SOURCE) -> str:
    with pytest.raises(EnvelopeError) as caught:
        body(verify(token, key_of, source=source).event, Event)
    return caught.value.reason


def test_a_signed_event_comes_back_whole() -> None:
    verified = verify(sign(_event(), "pole-001-1", KEY), key_of, source=SOURCE)
    assert verified.kid == "pole-001-1"
    assert verified.event.seq == 6
    assert body(verified.event, Event) == EVENT


def test_refusals_name_their_reason() -> None:
    good = sign(_event(), "pole-001-1", KEY)
    head, payload, signature = good.split(b".")
    assert _reason(sign(_event(), "pole-001-1", OTHER)) == "signature"
    assert _reason(sign(_event(), "stranger", KEY)) == "unknown-signer"
    assert _reason(b".".join([head, payload[:-4] + b"AAAA", signature])) == "signature"
    assert _reason(b".".join([head, payload, b""])) == "signature"
    assert _reason(good, source="/polewatch/gyeyang/pole-002-1") == "source"
    assert _reason(b"x" * (MAX_MESSAGE_BYTES + 1)) == "oversized"
    assert _reason(b"no jws") == "malformed"
    assert _reason(b"..") == "malformed"
    assert _reason(sign_bytes(b"[" * 90_000, "pole-001-1", KEY)) == "schema"
    assert _reason(sign_bytes(b"{}", "pole-001-1", KEY)) == "schema"


def test_a_header_that_asks_for_another_algorithm_is_refused() -> None:
    from joserfc.util import urlsafe_b64encode

    _, payload, signature = sign(_event(), "pole-001-1", KEY).split(b".")
    for alg in ("none", "HS256"):
        head = urlsafe_b64encode(json.dumps({"alg": alg, "kid": "pole-001-1"}).encode())
        assert _reason(b".".join([head, payload, signature])) == "signature"


def test_there_is_one_spelling_and_one_kind_of_header() -> None:
    head, payload, signature = sign(_event(), "pole-001-1", KEY).split(b".")
    last = signature[-1:]
    twin = next(bytes([one]) for one in (last[0] ^ 1, last[0] + 1) if bytes([one]).isalnum())
    for other in (signature + b"=", signature + b"\n", b" " + signature, signature[:-1] + twin):
        assert _reason(b".".join([head, payload, other])) in ("malformed", "signature")
    for extra in ({"crit": ["b64"], "b64": False}, {"jku": "x"}):
        fields = {"alg": "EdDSA", "kid": "pole-001-1", **extra}
        odd = urlsafe_b64encode(json.dumps(fields).encode()).rstrip(b"=")
        private = KEY.get_op_key("sign")
        assert isinstance(private, Ed25519PrivateKey)
        good = urlsafe_b64encode(private.sign(b".".join([odd, payload]))).rstrip(b"=")
        assert _reason(b".".join([odd, payload, good])) == "signature"


def test_newer_minor_is_read_and_newer_major_is_told_apart() -> None:
    minor = _event(dataschema="urn:polewatch:finding:1.7", data={**_event().data, "new_field": 1})
    assert body(minor, Event) == EVENT
    assert (
        _reason(sign(_event(dataschema="urn:polewatch:finding:2.0"), "pole-001-1", KEY))
        == "version"
    )
    assert _reason(sign(_event(dataschema="finding"), "pole-001-1", KEY)) == "schema"


def test_an_unknown_finding_type_is_kept() -> None:
    data = {**_event().data, "type": "drone_landing"}
    assert body(_event(data=data), Event).type == "drone_landing"


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_with_a_reason(token: bytes) -> None:
    assert _reason(token) in {"malformed", "unknown-signer", "signature"}


_json = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.sampled_from(sorted(ALL)), st.dictionaries(st.text(max_size=12), _json, max_size=6))
def test_signed_nonsense_never_gets_past_with_another_error(
    kind: str, data: dict[str, object]
) -> None:
    event = _event(type="kr.polewatch." + kind, data=data)
    token = sign(event, "pole-001-1", KEY)
    with pytest.raises(EnvelopeError) as caught:
        body(verify(token, key_of).event, ALL[kind])
    assert caught.value.reason == "schema"
