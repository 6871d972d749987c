"""Writing cards: sound ones end up equal, bad ones are told apart, none drags another down."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning.flash.device import PAGE, Device
from provisioning.flash.image import Content, Image
from provisioning.flash.run import Outcome, flash
from tests.provisioning.flash.cards import (
    DroppingCard,
    EndingCard,
    FailingCard,
    ForgettingCard,
    MemoryCard,
    WrappingCard,
)
from tests.provisioning.flash.pictures import CHUNK, disk_image, looked_at
from wire.clock import SimulatedClock

RAW = disk_image(2 * CHUNK + 5000)
SIZE = 1024 * 1024


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> tuple[Image, Content]:
    path = tmp_path_factory.mktemp("image") / "pole.img"
    path.write_bytes(RAW)
    return looked_at(path)


def write(
    picture: tuple[Image, Content],
    *cards: MemoryCard,
    report: Callable[[Path, str, int], None] = lambda *_: None,
) -> tuple[Outcome, ...]:
    known: dict[Path, Device] = {}
    for number, card in enumerate(cards):
        card.path = Path(f"/dev/sd{'bcdef'[number]}")
        known[card.path] = card
    return flash(*picture, tuple(known), known.__getitem__, report, SimulatedClock())


def failed(picture: tuple[Image, Content], card: MemoryCard) -> tuple[str, str]:
    (outcome,) = write(picture, card)
    assert outcome.problem is not None
    assert card.closed
    return outcome.problem.code, outcome.problem.detail


def starts(card: MemoryCard) -> bool:
    """Whether a machine would take it for a disk with partitions."""
    return card.data[510:512] == b"\x55\xaa"


def test_a_card_holds_the_image_and_nothing_of_what_was_there(
    picture: tuple[Image, Content],
) -> None:
    card = MemoryCard(SIZE)
    (outcome,) = write(picture, card)
    assert outcome.problem is None
    assert outcome.partitions == 2
    assert card.data[: len(RAW)] == RAW
    assert card.data[-CHUNK:] == bytes(CHUNK), "the copy of an old partition table is left"
    assert card.closed


def test_the_partition_table_goes_on_last_and_everything_is_read_back(
    picture: tuple[Image, Content],
) -> None:
    card = MemoryCard(SIZE)
    write(picture, card)
    whole = [(what, at) for what, at, count in card.log if count > PAGE or what != "write"]
    last = max(index for index, (what, _) in enumerate(whole) if what == "write")
    assert whole[last] == ("write", 0)
    assert whole[last - 1][0] == "flush"
    after = whole[last + 1 :]
    assert [entry for entry in after if entry[0] == "read"] == [
        ("read", 0),
        ("read", CHUNK),
        ("read", 2 * CHUNK),
    ]
    assert after[0][0] == "flush"
    assert after[-1][0] == "partitions"


def test_progress_tells_every_byte_of_every_stage(picture: tuple[Image, Content]) -> None:
    seen: dict[str, int] = {}
    lock = threading.Lock()

    def report(_: Path, stage: str, count: int) -> None:
        with lock:
            seen[stage] = seen.get(stage, 0) + count

    write(picture, MemoryCard(SIZE), MemoryCard(SIZE), report=report)
    assert seen == {"probe": 0, "write": 2 * len(RAW), "compare": 2 * len(RAW)}


@pytest.mark.parametrize("most", [PAGE, 3 * PAGE, 10_000])
def test_short_writes_and_reads_are_carried_on(picture: tuple[Image, Content], most: int) -> None:
    card = MemoryCard(SIZE, most=most)
    (outcome,) = write(picture, card)
    assert outcome.problem is None
    assert card.data[: len(RAW)] == RAW
    assert all(at % PAGE == 0 for _, at, _ in card.log)


@pytest.mark.parametrize("kind", [WrappingCard, DroppingCard])
@pytest.mark.parametrize("holds", [SIZE // 2, SIZE // 8, SIZE // 32])
def test_a_card_that_lies_about_its_size_is_found_before_it_is_written(
    picture: tuple[Image, Content], kind: type[WrappingCard | DroppingCard], holds: int
) -> None:
    card = kind(SIZE, holds=holds)
    code, detail = failed(picture, card)
    assert code == "card.capacity"
    assert f"says {SIZE:,} bytes, holds about {holds:,}" in detail
    assert all(count <= PAGE for what, _, count in card.log if what == "write")


def test_a_card_that_quietly_ends_is_found(picture: tuple[Image, Content]) -> None:
    code, detail = failed(picture, EndingCard(SIZE, ends=CHUNK))
    assert code == "card.capacity"
    assert f"ends at {CHUNK:,}" in detail


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errno.EIO, "card.io"),
        (errno.ENOSPC, "card.capacity"),
        (errno.EROFS, "card.locked"),
        (errno.EPERM, "card.locked"),
    ],
)
def test_a_write_error_names_the_place_and_leaves_nothing_that_starts(
    picture: tuple[Image, Content], error: int, code: str
) -> None:
    card = FailingCard(SIZE, at=CHUNK + 2 * PAGE + 1, error=error)
    found = failed(picture, card)
    assert found[0] == code
    assert f"byte {CHUNK:,}" in found[1]
    assert not starts(card)


@pytest.mark.parametrize("error", [errno.EIO, errno.ENODEV, errno.ENXIO, errno.ENOMEDIUM])
@pytest.mark.parametrize("when", ["write", "flush", "read"])
def test_a_card_pulled_at_any_time_is_said_so(
    picture: tuple[Image, Content], error: int, when: str
) -> None:
    place = 0 if when == "flush" else CHUNK + PAGE + 1
    card = FailingCard(SIZE, at=place, error=error, when=when, after=2, pulled=True)
    if when != "flush":
        card.after = 0
    assert failed(picture, card)[0] == "card.pulled"
    assert starts(card) == (when == "read"), "only a card that was whole before may start"


def test_what_reads_back_differently_is_found_with_its_place(
    picture: tuple[Image, Content],
) -> None:
    code, detail = failed(picture, ForgettingCard(SIZE, at=CHUNK + 3 * PAGE + 77))
    assert code == "card.differs"
    assert f"between bytes {CHUNK:,} and {2 * CHUNK:,}" in detail


def test_a_read_error_is_not_taken_for_equal(picture: tuple[Image, Content]) -> None:
    card = FailingCard(SIZE, at=CHUNK + PAGE + 1, when="read")
    assert failed(picture, card)[0] == "card.io"


def test_bad_cards_do_not_stop_good_ones(picture: tuple[Image, Content]) -> None:
    cards = (
        FailingCard(SIZE, at=2 * CHUNK + PAGE + 1, pulled=True),
        MemoryCard(SIZE, most=64 * PAGE),
        DroppingCard(SIZE, holds=SIZE // 2),
        MemoryCard(SIZE),
    )
    outcomes = write(picture, *cards)
    codes = [None if one.problem is None else one.problem.code for one in outcomes]
    assert codes == ["card.pulled", None, "card.capacity", None]
    assert cards[1].data[: len(RAW)] == cards[3].data[: len(RAW)] == RAW


@pytest.mark.parametrize("change", ["shorter", "other", "longer", "gone"])
def test_an_image_that_changes_while_it_is_written_leaves_nothing_that_starts(
    tmp_path: Path, change: str
) -> None:
    path = tmp_path / "pole.img"
    path.write_bytes(RAW)
    picture = looked_at(path)
    if change == "gone":
        path.unlink()
    else:
        other = {"shorter": RAW[:CHUNK], "other": RAW[:-1] + b"?", "longer": RAW + RAW}
        path.write_bytes(other[change])
    card = MemoryCard(SIZE)
    code, _ = failed(picture, card)
    assert code == ("image.unreadable" if change == "gone" else "image.hash")
    assert not starts(card)
