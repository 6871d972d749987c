"""Documents of others: what is accepted is what the schema accepts, and each mistake is named."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.cap.document import CapError, Circle, Reference
from collector.cap.read import MAX_BYTES, read_cap
from collector.cap.write import write_cap
from tests.support.cap import against_the_schema, read_by_another

STORM = (Path(__file__).parents[2] / "fuzz/corpus/cap/storm.xml").read_text(encoding="utf-8")


def changed(pattern: str, by: str) -> bytes:
    text, count = re.subn(pattern, by, STORM, count=1, flags=re.DOTALL)
    assert count == 1
    return text.encode()


def test_it_is_read_as_another_parser_reads_it() -> None:
    ours, theirs = read_cap(STORM.encode()), read_by_another(STORM.encode())
    assert against_the_schema(STORM.encode()) is None
    assert (ours.identifier, ours.sender) == (theirs.identifier, theirs.sender)
    assert (ours.status, ours.msg_type, ours.scope) == ("Actual", "Update", "Public")
    assert ours.sent.isoformat() == str(theirs.sent)
    (reference,) = ours.references
    (other,) = theirs.references_to_list()
    assert isinstance(reference, Reference)
    assert (reference.identifier, reference.sent.isoformat()) == (other.identifier, str(other.sent))
    assert ours.incidents == ("storm-1", "storm of march")
    info, other_info = ours.infos[0], theirs.infos[0]
    assert info.categories == tuple(one.value for one in other_info.categories)
    assert (info.event, info.headline) == (other_info.event, other_info.headline)
    assert info.expires is not None
    assert info.expires.isoformat() == str(other_info.expires)
    (area,) = info.areas
    assert area.circles == (Circle(37.54, 126.74, 3.5),)
    assert len(area.polygons[0]) == 4
    assert area.geocodes == (("행정구역코드", "2824500000"),)
    assert read_cap(write_cap(ours)) == ours


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"", "no well-formed XML"),
        (b"<html><body>502</body></html>", "not an alert"),
        (changed("cap:1.2", "cap:1.1"), "not an alert"),
        (changed("<sender>.*?</sender>", ""), "alert/sender: is missing"),
        (changed("KMA-20260301-7", "KMA 7"), "alert/identifier: 'KMA 7' must be one word"),
        (changed("(<identifier>.*?</identifier>)", r"\1\1"), "identifier: stands 2 times"),
        (
            changed("(<sender>.*?</sender>)(.*?)(<status>.*?</status>)", r"\3\2\1"),
            "alert/sent: stands behind status",
        ),
        (changed("<note>", "<novelty/><note>"), "that CAP 1.2 does not know"),
        (changed("Actual", "Real"), "alert/status: 'Real' is none of Actual, Exercise"),
        (changed("Update", "Updated"), "alert/msgType"),
        (changed("Immediate", "Now"), r"alert/info\[1\]/urgency"),
        (changed("<category>.*</category>", ""), r"info\[1\]/category: is missing"),
        (changed(r"21:30:00\+09:00", "21:30:00Z"), "alert/sent: .* must be a time such as"),
        (changed(r"21:30:00\+09:00", "25:30:00+09:00"), "alert/sent: .* is no time"),
        (changed(",KMA-20260301-6", ""), "must be sender,identifier,sent"),
        (changed("37.54,126.74 3.5", "126.74,37.54 3.5"), "longitude first"),
        (changed("37.54,126.74 3.5", "137.54,226.74 3.5"), "is no position"),
        (changed("37.54,126.74 3.5", "37.54,126.74"), r"area\[1\]/circle\[1\]: .* lat,lon radius"),
        (changed("37.54,126.74 3.5", "37.54,126.74 -1"), "must be kilometres"),
        (changed("37.54,126.74 3.5", "nan,126.74 1"), "plain decimal number"),
        (changed("37.60,126.80 37.50,126.70", "37.60,126.80 37.51,126.70"), "is not closed"),
        (changed("37.60,126.80 37.50,126.70", ""), "has 2 positions"),
        (changed("기상청", "<b>기상청</b>"), "senderName: must hold text"),
        (STORM.encode().replace(b"UTF-8", b"x-unknown"), "no well-formed XML|encoding"),
        (STORM.encode().replace("기상청".encode(), b"\xff\xfe"), "no well-formed XML"),
    ],
)
def test_a_mistake_is_named(document: bytes, said: str) -> None:
    with pytest.raises(CapError, match=said):
        read_cap(document)


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "declaration",
    [
        f'<!DOCTYPE alert [<!ENTITY l0 "ha">{LAUGHS}]>',
        '<!DOCTYPE alert [<!ENTITY l9 SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE alert SYSTEM "http://127.0.0.1:1/x.dtd">',
        '<!DOCTYPE alert [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
    ],
)
def test_entities_are_refused_before_they_grow(declaration: str) -> None:
    text = STORM.replace("<alert", declaration + "<alert", 1).replace("기상청", "&l9;")
    began = time.process_time()
    with pytest.raises(CapError, match="declares a DTD or entities"):
        read_cap(text.encode())
    assert time.process_time() - began < 1


def test_ten_megabytes_of_polygons_are_not_even_parsed() -> None:
    corners = "37.5,126.7 " * 900_000
    text = STORM.replace("37.50,126.70 37.60", corners + "37.50,126.70 37.60").encode()
    assert len(text) > 9_000_000
    began = time.process_time()
    with pytest.raises(CapError, match=rf"has {len(text)} bytes; at most {MAX_BYTES}"):
        read_cap(text)
    assert time.process_time() - began < 0.1


@pytest.mark.parametrize(
    ("what", "times", "said"),
    [
        ("<polygon>" + "37.5,126.7 " * 4 + "</polygon>", 5_200, "more than 20000 positions"),
        ("</area><area><areaDesc>x</areaDesc>", 600, "more than 500 areas"),
    ],
)
def test_within_its_bytes_it_is_bounded_too(what: str, times: int, said: str) -> None:
    with pytest.raises(CapError, match=said):
        read_cap(STORM.replace("<circle>", what * times + "<circle>", 1).encode())


def test_a_deep_document_is_no_stack() -> None:
    deep = STORM.replace("기상청", "<b>" * 20_000 + "</b>" * 20_000)
    with pytest.raises(CapError, match="must hold text"):
        read_cap(deep.encode())


@given(st.binary(max_size=400))
def test_bytes_are_a_document_or_a_mistake(data: bytes) -> None:
    with pytest.raises(CapError):
        read_cap(data)


@given(st.integers(0, 2**32))
def test_a_mutated_document_is_accepted_only_where_the_schema_accepts_it(seed: int) -> None:
    mutated = _mutate(STORM.encode(), random.Random(seed))
    try:
        found = read_cap(mutated)
    except CapError:
        return
    # What we accepted can be written, and the schema has nothing against that.
    if found.msg_type == "Alert" or found.references:
        assert against_the_schema(write_cap(found)) is None


def _mutate(text: bytes, chance: random.Random) -> bytes:
    """Bytes flipped, pieces doubled, dropped or moved, numbers and words grown."""
    data = bytearray(text)
    for _ in range(chance.randint(1, 4)):
        at, other = sorted(chance.randrange(len(data)) for _ in range(2))
        other = min(other, at + 60)
        match chance.randrange(5):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at:other]
            case 2:
                data[at:at] = data[at:other]
            case 3:
                piece = data[at:other]
                del data[at:other]
                to = chance.randrange(len(data))
                data[to:to] = piece
            case _:
                data[at:at] = chance.choice(
                    [b"9" * 400, b"<", b"&", b"\0", "가".encode(), b"]]>", b"<!--", b"-0"]
                )
    return bytes(data)
