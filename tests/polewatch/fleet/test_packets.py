"""MQTT packets as the standard writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polewatch.fleet import packets
from polewatch.fleet.packets import Packet, PacketError, Reader


def test_connect_is_what_the_standard_shows() -> None:
    assert packets.connect("ab", 30) == b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x1e\x00\x02ab"
    with_will = packets.connect("a", 30, clean=False, will=("t", b"gone"))
    assert with_will == b"\x10\x16\x00\x04MQTT\x04\x2c\x00\x1e\x00\x01a\x00\x01t\x00\x04gone"


@given(
    st.text(min_size=1, max_size=300).filter(lambda text: "\0" not in text),
    st.binary(max_size=40_000),
    st.sampled_from([0, 1]),
    st.integers(1, 65_535),
    st.integers(1, 7),
)
def test_what_is_published_is_read_whole_however_it_is_cut(
    topic: str, payload: bytes, qos: int, mid: int, pieces: int
) -> None:
    data = packets.publish(topic, payload, qos, mid) * 2 + b"\xd0\x00"
    step = len(data) // pieces + 1
    reader = Reader()
    found: list[Packet] = []
    for at in range(0, len(data), step):
        found += reader.feed(data[at : at + step])
    assert [one.kind for one in found] == [packets.PUBLISH, packets.PUBLISH, packets.PINGRESP]
    message = packets.published(found[1])
    assert (message.topic, message.payload, message.qos) == (topic, payload, qos)
    assert message.mid == (mid if qos else 0)


def test_bytes_that_are_no_mqtt_are_refused() -> None:
    with pytest.raises(PacketError, match="four bytes"):
        list(Reader().feed(b"\x30\xff\xff\xff\xff\x01"))
    with pytest.raises(PacketError, match="cannot be read"):
        packets.published(Packet(packets.PUBLISH, 2, b"\x00"))
    with pytest.raises(PacketError, match="without its number"):
        packets.number(Packet(packets.PUBACK, 0, b"\x00"))
