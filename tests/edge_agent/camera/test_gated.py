"""What comes out of a gated stream: nothing while nothing moves, and no beginning lost."""

from __future__ import annotations

from itertools import pairwise

import pytest

from edge_agent.camera.gate import LOOK_S, PacketGate
from edge_agent.camera.gated import GatedDecoding, Taken
from edge_agent.camera.learning import TURN_S, LearningTurns
from edge_agent.camera.nal import Codec
from edge_agent.camera.packet import EncodedPacket
from tests.support.media import encode, info_of

MOVES_S = 34.5


def _stream(codec: Codec = "h264", b_frames: int = 0, gop: int = 20) -> tuple[EncodedPacket, ...]:
    quiet = range(round(MOVES_S * 10))
    return encode(400, quiet=quiet, width=96, height=64, gop=gop, codec=codec, b_frames=b_frames)


def _run(
    packets: tuple[EncodedPacket, ...], gate: PacketGate | None, codec: Codec = "h264"
) -> tuple[list[Taken], GatedDecoding]:
    decoding = GatedDecoding("yard", gate, analysis_fps=5)
    decoding.stream(info_of(packets, codec))
    out = []
    for packet in packets:
        for taken in decoding.packet(packet):
            out.append(taken)
            if gate is not None:
                gate.judged(taken.frame.media_s, busy=taken.frame.media_s >= MOVES_S)
    return out, decoding


@pytest.mark.parametrize(
    ("codec", "b_frames"), [("h264", 0), ("h264", 2), ("hevc", 0)], ids=["h264", "b-frames", "hevc"]
)
def test_a_movement_is_seen_from_its_first_picture_on(codec: Codec, b_frames: int) -> None:
    packets = _stream(codec, b_frames)
    plain, whole = _run(packets, None, codec)
    gated, part = _run(packets, PacketGate(), codec)
    assert whole.errors == part.errors == 0
    times = [taken.frame.media_s for taken in gated]
    assert all(a < b for a, b in pairwise(times))
    moving = [one.frame for one in plain if one.frame.media_s >= MOVES_S]
    ours = [one.frame for one in gated if one.frame.media_s >= MOVES_S]
    assert len(ours) >= len(moving) - 1
    assert ours[0].media_s <= MOVES_S + 0.2
    assert any(taken.late for taken in gated)
    known = {one.frame.media_s: one.frame.image for one in plain}
    same = [one for one in ours if one.media_s in known]
    assert same
    assert all((one.image == known[one.media_s]).all() for one in same)


@pytest.mark.parametrize("gop", [20, 5], ids=["every-keyframe-looked-at", "every-other"])
def test_a_change_that_only_a_look_shows_is_taken_up_from_the_look_before_it(gop: int) -> None:
    quiet = encode(400, quiet=range(400), width=96, height=64, gop=gop)
    moved = {one.pts_90k: one for one in _stream(gop=gop)}
    decoding = GatedDecoding("yard", gate := PacketGate(), analysis_fps=5)
    decoding.stream(info_of(quiet))
    looked_s, looks, out = 0.0, 0, list[Taken]()
    for packet in quiet:
        look_due = packet.keyframe and packet.media_s >= max(38.0, looked_s + LOOK_S[0])
        out = list(decoding.packet(moved[packet.pts_90k] if look_due else packet))
        for taken in out:
            gate.judged(taken.frame.media_s, busy=False)
        if look_due:
            break
        if decoding.looks > looks:
            looked_s, looks = packet.media_s, decoding.looks
    assert gate.reason == "change"
    times = [one.frame.media_s for one in out]
    assert looked_s <= times[0] <= looked_s + 0.21
    assert all(b - a == pytest.approx(0.2) for a, b in pairwise(times))
    assert times[-1] == packet.media_s


def test_most_of_a_quiet_stream_is_not_decoded() -> None:
    packets = _stream()
    _, part = _run(packets, PacketGate())
    idle = [packet for packet in packets if 20 <= packet.media_s < MOVES_S]
    before = sum(packet.media_s < 20 for packet in packets)
    after = sum(packet.media_s >= MOVES_S - 2 for packet in packets)
    assert part.looks >= 3
    assert part.decoded <= before + after + 0.1 * len(idle)


def test_of_keyframes_alone_only_those_due_are_decoded() -> None:
    packets = _stream(gop=1)
    taken, part = _run(packets, PacketGate())
    plain, _ = _run(packets, None)
    assert part.decoded <= 0.6 * len(packets)
    assert len(taken) >= len(plain) - 1


def test_a_stream_that_begins_anew_forgets_what_was_held() -> None:
    packets = _stream()
    decoding = GatedDecoding("yard", gate := PacketGate(), analysis_fps=5)
    decoding.stream(info_of(packets))
    for packet in packets[:325]:
        for taken in decoding.packet(packet):
            gate.judged(taken.frame.media_s, busy=False)
    assert not gate.open
    decoding.stream(info_of(packets))
    assert list(decoding.judged(32.5, busy=True)) == []
    assert [len(list(decoding.packet(packet))) for packet in packets[325:340]] == [0] * 15
    assert len(list(decoding.packet(packets[340]))) == 1


def test_a_camera_that_waits_to_learn_is_looked_at_and_taken_up_where_somebody_is_seen() -> None:
    packets = encode(400, width=96, height=64, gop=20)
    turns = LearningTurns(lambda: 0.0, most=1)
    assert turns.take("door")
    decoding = GatedDecoding("yard", PacketGate(), analysis_fps=5, turns=turns)
    decoding.stream(info_of(packets))
    taken = [one for packet in packets[:50] for one in decoding.packet(packet)]
    assert [one.frame.media_s for one in taken] == [0.0, 2.0, 4.0]
    assert decoding.decoded == 3
    seen = list(decoding.judged(4.0, busy=True))
    assert [one.frame.media_s for one in seen if one.frame.media_s > 4.0]
    assert all(one.late for one in seen)
    assert [one.frame.media_s for packet in packets[50:60] for one in decoding.packet(packet)]


def test_a_gate_learns_when_another_has_learned() -> None:
    packets = _stream()
    turns = LearningTurns(lambda: 0.0, most=1)
    assert turns.take("door")
    decoding = GatedDecoding("yard", gate := PacketGate(), analysis_fps=5, turns=turns)
    decoding.stream(info_of(packets))
    for packet in packets[:325]:
        if packet.media_s == 8.0:
            assert decoding.decoded == 4
            turns.give_back("door")
        for taken in decoding.packet(packet):
            assert list(decoding.judged(taken.frame.media_s, busy=False)) == []
    assert not gate.open
    assert turns.take("door")


def test_where_keyframes_are_rare_a_gate_does_not_wait() -> None:
    packets = encode(120, quiet=range(120), width=96, height=64, gop=120)
    turns = LearningTurns(lambda: 0.0, most=1)
    assert turns.take("door")
    decoding = GatedDecoding("yard", PacketGate(), analysis_fps=5, turns=turns)
    decoding.stream(info_of(packets))
    taken = [one.frame.media_s for packet in packets for one in decoding.packet(packet)]
    assert decoding.decoded > len(packets) - 5
    assert taken[-1] > 11


def test_a_turn_that_is_not_given_back_ends() -> None:
    now = [0.0]
    turns = LearningTurns(lambda: now[0], most=1)
    assert turns.take("door")
    assert turns.take("door")
    assert not turns.take("yard")
    now[0] = TURN_S + 0.1
    assert turns.take("yard")


def test_nobody_begins_to_learn_while_the_analysis_is_behind() -> None:
    behind = True
    turns = LearningTurns(lambda: 0.0, most=2, behind=lambda: behind)
    assert not turns.take("yard")
    behind = False
    assert turns.take("yard")
    behind = True
    assert turns.take("yard")
    assert not turns.take("door")
