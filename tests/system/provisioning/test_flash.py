"""`polewatch provision flash` on the kernel's own block devices and on files."""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import pty
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import zstandard

from provisioning.flash import plan
from provisioning.flash.device import OpenDisk
from provisioning.flash.disks import Machine
from provisioning.flash.image import CHUNK, Image, inspect
from provisioning.flash.run import flash
from provisioning.problems import ProvisionError
from tests.system.provisioning.loops import loop, mounted, run
from wire.clock import SystemClock

MIB = 1024 * 1024
CARD = 32 * MIB


@dataclass(frozen=True)
class Picture:
    """A disk image with one partition, as it is and packed."""

    raw: bytes
    plain: Path
    xz: Path
    zst: Path


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Picture:
    folder = tmp_path_factory.mktemp("image")
    raw = bytearray(random.Random(1).randbytes(2 * CHUNK + 2 * MIB + 512))
    entry = bytes((0x80, 0, 0, 0, 0x83, 0, 0, 0)) + (2048).to_bytes(4, "little")
    raw[446:510] = (entry + (4096).to_bytes(4, "little")).ljust(64, b"\0")
    raw[510:512] = b"\x55\xaa"
    data = bytes(raw)
    (folder / "pole.img").write_bytes(data)
    (folder / "pole.img.xz").write_bytes(lzma.compress(data, preset=0))
    (folder / "pole.img.zst").write_bytes(zstandard.ZstdCompressor(level=1).compress(data))
    return Picture(data, *(folder / f"pole.img{end}" for end in ("", ".xz", ".zst")))


def provision(*arguments: str | Path, language: str = "en") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "polewatch", "provision", "flash", *map(str, arguments)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "POLEWATCH_LANG": language},
        timeout=100,
    )


def test_two_cards_at_once_hold_the_image_and_their_partitions_are_seen(
    picture: Picture, tmp_path: Path
) -> None:
    with (
        loop(tmp_path / "a", CARD, "--partscan") as first,
        loop(tmp_path / "b", CARD, "--partscan") as second,
    ):
        named = (first, second, "--fixed", first, "--fixed", second)
        done = provision(picture.xz, *named, "--yes", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        report = json.loads(done.stdout)
        assert report["sha256"] == hashlib.sha256(picture.raw).hexdigest()
        counts = [one["partitions"] for one in report["devices"]]
        assert [set(one["seconds"]) for one in report["devices"]] == [
            {"probe", "write", "compare"}
        ] * 2
    # A kernel without parsers of partition tables sees none, then as now.
    again = run("losetup", "--find", "--show", "--partscan", tmp_path / "a")
    fresh = len(list(Path("/sys/class/block", Path(again).name).glob("*/partition")))
    run("losetup", "--detach", again)
    assert counts == [fresh, fresh]
    for backing in ("a", "b"):
        assert (tmp_path / backing).read_bytes()[: len(picture.raw)] == picture.raw


@pytest.mark.parametrize("kind", ["plain", "xz", "zst"])
def test_a_file_of_a_cards_size_takes_an_image(picture: Picture, tmp_path: Path, kind: str) -> None:
    card = tmp_path / "card"
    card.write_bytes(b"\xff" * CARD)
    done = provision(getattr(picture, kind), card, "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert card.read_bytes()[: len(picture.raw)] == picture.raw


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The code of a refusal that `--json` printed."""
    assert done.returncode == 1, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    assert answer["ok"] is False
    return str(answer.get("code") or answer["devices"][0]["code"])


def test_what_must_not_be_written_stays_as_it_was(picture: Picture, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.write_bytes(b"\xff" * MIB)
    assert refused(provision(picture.zst, small, "--yes", "--json")) == "card.too-small"
    card = tmp_path / "card"
    card.write_bytes(b"\xff" * CARD)
    wrong = ("--sha256", "0" * 64, "--yes", "--json")
    assert refused(provision(picture.zst, card, *wrong)) == "image.hash"
    cut = tmp_path / "cut.img.xz"
    cut.write_bytes(picture.xz.read_bytes()[:-4096])
    assert refused(provision(cut, card, "--yes", "--json")) == "image.unreadable"
    assert set(small.read_bytes()) == set(card.read_bytes()) == {0xFF}


def test_without_a_terminal_or_yes_nothing_is_written(picture: Picture, tmp_path: Path) -> None:
    card = tmp_path / "card"
    card.write_bytes(b"\xff" * CARD)
    done = provision(picture.plain, card, language="ko")
    assert done.returncode == 2
    assert "--yes를 주십시오" in done.stderr
    assert set(card.read_bytes()) == {0xFF}


def at_a_terminal(answer: bytes, *arguments: str | Path) -> tuple[int, str]:
    """Run on a terminal of its own and type `answer` when asked."""
    process, terminal = pty.fork()
    if process == 0:
        os.environ.update(POLEWATCH_LANG="en", COLUMNS="200", TERM="xterm")
        command = [sys.executable, "-m", "polewatch", "provision", "flash", *map(str, arguments)]
        os.execv(sys.executable, command)
    said, answered = b"", False
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        if not data:
            break
        said += data
        if not answered and b"Go on?" in said:
            os.write(terminal, answer)
            answered = True
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), said.decode(errors="replace")


def test_on_a_terminal_it_shows_asks_and_draws_progress(picture: Picture, tmp_path: Path) -> None:
    card = tmp_path / "card"
    card.write_bytes(b"\xff" * CARD)
    code, said = at_a_terminal(b"n\n", picture.plain, card)
    assert code == 2
    assert str(card) in said
    assert "Nothing was written" in said
    assert set(card.read_bytes()) == {0xFF}
    code, said = at_a_terminal(b"y\n", picture.plain, card)
    assert code == 0
    assert "B/s" in said
    assert "comparing" in said
    assert card.read_bytes()[: len(picture.raw)] == picture.raw


def test_a_loop_device_must_be_named_twice_and_a_mounted_one_never_helps(
    picture: Picture, tmp_path: Path
) -> None:
    with loop(tmp_path / "a", CARD) as device:
        assert refused(provision(picture.plain, device, "--yes", "--json")) == "card.fixed"
        run("mkfs.ext4", "-q", device)
        with mounted(device, tmp_path / "mnt") as folder:
            named = provision(picture.plain, device, "--fixed", device, "--yes", "--json")
            assert refused(named) == "card.in-use"
            assert str(folder) in json.loads(named.stdout)["detail"]
            backing = provision(picture.plain, tmp_path / "a", "--yes", "--json")
            assert refused(backing) == "card.in-use"


def test_the_kernel_has_the_last_word_when_somebody_claims_it_after_all(tmp_path: Path) -> None:
    with loop(tmp_path / "a", CARD) as device:
        (disk,) = plan.find(Machine(), [device])
        plan.check([disk], [device])
        run("mkfs.ext4", "-q", device)
        with (
            mounted(device, tmp_path / "mnt"),
            pytest.raises(ProvisionError, match=r"PW-252.*kernel"),
        ):
            OpenDisk(disk)


def test_every_disk_that_this_machine_has_mounted_is_refused() -> None:
    sources = {line.split()[0] for line in Path("/proc/mounts").read_text().splitlines()}
    disks = [
        Path(one) for one in sources if one.startswith("/dev/") and Path(one).is_block_device()
    ]
    for path in disks:
        disk = Machine().find(path)
        whole = Path(disk) if isinstance(disk, str) else path
        with pytest.raises(ProvisionError, match=r"PW-25[12]"):
            plan.check(plan.find(Machine(), [whole]), [whole])


def test_a_medium_that_fails_to_write_is_said_so(picture: Picture, tmp_path: Path) -> None:
    """The loop device's file lies on a file system that is full before the image is on it."""
    with (
        mounted("tmpfs", tmp_path / "thin", "-t", "tmpfs", "-o", "size=2m") as thin,
        loop(thin / "a", CARD) as device,
    ):
        done = provision(picture.plain, device, "--fixed", device, "--yes", "--json")
        assert refused(done) in ("card.io", "card.capacity")
        assert "at byte" in json.loads(done.stdout)["devices"][0]["detail"]


def test_a_device_that_goes_away_while_it_is_written_is_a_pulled_card(
    picture: Picture, tmp_path: Path
) -> None:
    backing = tmp_path / "a"
    with loop(backing, CARD) as device:
        (disk,) = plan.find(Machine(), [device])
        image = Image(picture.plain)
        content = inspect(image, None, CARD, lambda _: None)

        def pull(_: Path, stage: str, count: int) -> None:
            if stage == "write" and count and backing.stat().st_size:
                backing.write_bytes(b"")
                run("losetup", "--set-capacity", device)

        opened = [disk.path]
        (outcome,) = flash(image, content, opened, lambda _: OpenDisk(disk), pull, SystemClock())
    assert outcome.problem is not None
    assert outcome.problem.code == "card.pulled"
