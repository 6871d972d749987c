"""When a new epoch must begin, decided purely; and the mark that decides it."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.uplink.epoch import Current, Start, decide
from edge_agent.uplink.mark import SLOT_BYTES, Mark, Reading
from edge_agent.uplink.ranges import Range, ranges_of, size, without

A, B, C = "epoch-a", "epoch-b", "epoch-c"


@pytest.mark.parametrize(
    ("mark", "current", "known", "damaged", "wanted"),
    [
        (None, None, [], False, Start("first", None, None, ())),
        (Reading(A, 9, 4, 1), None, [], False, Start("folder-lost", A, 9, ((5, 9),))),
        (Reading(A, 9, 9, 1), None, [], False, Start("folder-lost", A, 9, ())),
        (Reading(A, 9, 4, 1), Current(A, 9), [A], False, None),
        # The mark lags by one: killed between the commit and the mark.
        (Reading(A, 8, 4, 1), Current(A, 9), [A], False, None),
        (None, Current(A, 9), [A], False, None),
        # The mark knows more: an older copy, or a journal that is gone.
        (
            Reading(A, 12, 4, 1), Current(A, 9), [A], False,
            Start("folder-restored", A, 12, ((10, 12),)),
        ),
        # Killed between the commit of a new epoch and the mark.
        (Reading(A, 9, 4, 1), Current(B, 1), [A, B], False, None),
        # A copy from before the newest epoch.
        (Reading(C, 5, 0, 1), Current(A, 9), [A], False, Start("folder-restored", C, 5, ((1, 5),))),
        (None, None, [], True, Start("corrupt", None, None, ())),
        (Reading(A, 9, 4, 1), None, [], True, Start("corrupt", A, 9, ((5, 9),))),
        (None, Current(A, 9), [A], True, Start("corrupt", A, 9, ((1, 9),))),
        (Reading(A, 9, 4, 1), Current(A, 7), [A], True, Start("corrupt", A, 9, ((5, 9),))),
        (Reading(B, 3, 0, 1), Current(A, 7), [A], True, Start("corrupt", B, 3, ((1, 3),))),
    ],
)  # fmt: skip
def test_decision(
    mark: Reading | None,
    current: Current | None,
    known: list[str],
    damaged: bool,
    wanted: Start | None,
) -> None:
    assert decide(mark, current, known, damaged=damaged) == wanted


class TestMark:
    def test_the_newest_slot_counts(self, tmp_path: Path) -> None:
        mark = Mark(tmp_path / "mark")
        for seq in range(1, 8):
            mark.write(A, seq, seq // 2)
        mark.close()
        assert Mark(tmp_path / "mark").read() == Reading(A, 7, 3, 7)
        assert (tmp_path / "mark").stat().st_size == 2 * SLOT_BYTES
        assert (tmp_path / "mark").stat().st_mode & 0o077 == 0

    def test_turns_go_on_after_a_restart(self, tmp_path: Path) -> None:
        first = Mark(tmp_path / "mark")
        first.write(A, 1, 0)
        first.close()
        second = Mark(tmp_path / "mark")
        second.read()
        second.write(B, 1, 0)
        second.close()
        assert Mark(tmp_path / "mark").read() == Reading(B, 1, 0, 2)

    @pytest.mark.parametrize("cut", range(0, SLOT_BYTES, 37))
    def test_a_torn_write_costs_one_step(self, tmp_path: Path, cut: int) -> None:
        file = tmp_path / "mark"
        mark = Mark(file)
        mark.write(A, 1, 0)
        mark.write(A, 2, 0)
        before = file.read_bytes()
        mark.write(A, 3, 0)
        mark.close()
        after = file.read_bytes()
        file.write_bytes(
            before[:SLOT_BYTES] + after[SLOT_BYTES : SLOT_BYTES + cut] + before[SLOT_BYTES + cut :]
        )
        reading = Mark(file).read()
        assert reading is not None
        assert reading.last_seq in (2, 3)

    @pytest.mark.parametrize("content", [b"", b"\0" * 600, b"00000000 {}\n", b"\xff" * 512])
    def test_garbage_is_no_mark(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "mark").write_bytes(content)
        assert Mark(tmp_path / "mark").read() is None

    def test_where_it_cannot_be_written_nothing_else_fails(self, tmp_path: Path) -> None:
        mark = Mark(tmp_path / "no" / "such" / "folder")
        mark.write(A, 1, 0)
        mark.sync()
        mark.close()
        assert mark.read() is None


@pytest.mark.parametrize(
    ("numbers", "ranges"),
    [([], []), ([5], [(5, 5)]), ([3, 1, 2, 2, 9, 8, 5], [(1, 3), (5, 5), (8, 9)])],
)
def test_numbers_as_ranges(numbers: list[int], ranges: list[Range]) -> None:
    assert ranges_of(numbers) == ranges
    assert size(ranges) == len(set(numbers))


@pytest.mark.parametrize(
    ("parts", "left"),
    [
        ([], [(3, 9)]),
        ([(1, 20)], []),
        ([(3, 3), (9, 9)], [(4, 8)]),
        ([(5, 6), (5, 7), (1, 2)], [(3, 4), (8, 9)]),
        ([(8, 12), (1, 4)], [(5, 7)]),
        ([(10, 12)], [(3, 9)]),
    ],
)
def test_what_parts_leave_of_a_whole(parts: list[Range], left: list[Range]) -> None:
    assert without((3, 9), parts) == left
