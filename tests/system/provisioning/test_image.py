"""Images made by the real e2fsprogs, mtools and pip of bases like Debian's; every refusal."""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from provisioning.files import write_public
from provisioning.flash.image import Image, inspect
from provisioning.image import partitions, tools
from provisioning.image.build import Made, build
from provisioning.image.ext4 import Ext4
from provisioning.image.node import Node, with_parents
from provisioning.image.partitions import ALIGN, Planned
from provisioning.image.tarball import unpack
from provisioning.problems import ProvisionError
from provisioning.site.model import site_text
from tests.provisioning.image.bases import (
    CA,
    CLAIM,
    KEY,
    NEEDED,
    SITE,
    WANTED,
    members,
    status,
    tarball,
    wheels,
)

MB = 1024 * 1024
SPARE = 8 * MB


class Bench:
    """A folder with a base and wheels, where images are made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pins = wheels(folder / "wheels")
        self.base = tarball(members(status()), folder / "root.tar")
        self.out = folder / "pole.img"

    def make(self, **change: Any) -> Made:
        given = {"base": self.base, "out": self.out, "wanted": WANTED,
                 "wheel_folder": self.folder / "wheels", "pins": self.pins,
                 "spare": SPARE}  # fmt: skip
        return build(**{**given, **change})

    def refused(self, **change: Any) -> ProvisionError:
        """The problem; neither a result nor anything of the work is left, the base is untouched."""
        base: Path = change.get("base", self.base)
        before = base.read_bytes() if base.is_file() else None
        with pytest.raises(ProvisionError) as caught:
            self.make(**change)
        assert not self.out.exists()
        assert not list(self.folder.glob(".polewatch-image-*"))
        assert (base.read_bytes() if base.is_file() else None) == before
        return caught.value

    def root_of(self, image: Path, number: int = 2) -> Ext4:
        """The image's root, taken out to be read."""
        with image.open("rb") as disk:
            part = partitions.read_table(disk, image).partitions[number - 1]
            disk.seek(part.start)
            copy = self.folder / "copy"
            copy.write_bytes(disk.read(part.size))
        scratch = self.folder / "scratch"
        scratch.mkdir(exist_ok=True)
        return Ext4(copy, scratch)

    def disk(
        self,
        kind: str,
        listed: str = "",
        *,
        last: bool = True,
        root: bool = True,
        more: dict[str, bytes | str] | None = None,
    ) -> Path:
        """A disk with a boot partition and a root of 24 MB, as raspberry pi's or Debian's are."""
        scratch = self.folder / "making"
        scratch.mkdir()
        system = Ext4.make(scratch / "root", scratch, 24 * MB, uuid.UUID(int=9), 1_690_000_000)
        source = tarball({**members(listed or status()), **(more or {})}, scratch / "root.tar")
        nodes = unpack(Image(source), scratch) if root else [Node("/data/x")]
        system.write(with_parents(nodes, frozenset(("/lost+found",))))
        system.check()
        path = self.folder / f"{kind}.img"
        with path.open("w+b") as disk:
            disk.truncate(partitions.disk_size((26 if last else 28) * MB))
            _table(kind, disk, last=last)
            disk.seek(ALIGN)
            disk.write(b"firmware" * 1000)
            disk.seek(2 * ALIGN)
            disk.write((scratch / "root").read_bytes())
        shutil.rmtree(scratch)
        return path


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_tarball_becomes_a_disk_that_starts_and_enrols(bench: Bench) -> None:
    before = bench.base.read_bytes()
    made = bench.make()
    assert (made.facts.machine, made.facts.python) == ("amd64", "3.11")
    assert bench.base.read_bytes() == before
    _sound(bench.out)
    expected = bench.out.with_name("pole.img.sha256").read_text().split()[0]
    assert inspect(Image(bench.out), expected, 1 << 40, lambda _: None).sha256 == made.sha256
    root = bench.root_of(bench.out)
    assert root.read("/etc/polewatch/claim") == f"{CLAIM}\n".encode()
    assert _stat(root, "/etc/polewatch/claim") == (0o600, 979, 979)
    assert root.read("/etc/hostname") == b"gy-0001\n"
    assert b"/ ext4" in (root.read("/etc/fstab") or b"")
    packages = "/opt/polewatch/lib/python3.11/site-packages"
    assert root.read(f"{packages}/tiny/__init__.py") == b'NAME = "tiny"\n'
    kinds = root.kinds(["/opt/polewatch/bin/python3.11", "/dev/console", "/vmlinuz"])
    assert kinds == {"/opt/polewatch/bin/python3.11": "symlink",
                     "/dev/console": "character special", "/vmlinuz": "symlink"}  # fmt: skip
    esp = bench.folder / "esp"
    with bench.out.open("rb") as disk:
        disk.seek(ALIGN)
        esp.write_bytes(disk.read(64 * MB))
    said = tools.run(["mcopy", "-i", str(esp), "::/EFI/debian/grub.cfg", "-"]).stdout
    assert f"linux /vmlinuz root=UUID={root.room().uuid}".encode() in said
    loader = tools.run(["mcopy", "-i", str(esp), "::/EFI/BOOT/BOOTX64.EFI", "-"]).stdout
    assert loader == b"MZ a boot loader"


def test_a_pi_gets_its_own_wheels_and_loader(bench: Bench) -> None:
    found = members(status("arm64"))
    del found["usr/lib/grub/x86_64-efi/monolithic/grubx64.efi"]
    found["usr/lib/grub/arm64-efi/monolithic/grubaa64.efi"] = b"MZ for arm"
    pins = wheels(bench.folder / "pi", "cp311-cp311-manylinux_2_17_aarch64")
    base = tarball(found, bench.folder / "pi.tar")
    made = bench.make(base=base, wheel_folder=bench.folder / "pi", pins=pins)
    assert made.facts.machine == "arm64"
    esp = bench.folder / "esp"
    with bench.out.open("rb") as disk:
        disk.seek(ALIGN)
        esp.write_bytes(disk.read(64 * MB))
    loader = tools.run(["mcopy", "-i", str(esp), "::/EFI/BOOT/BOOTAA64.EFI", "-"]).stdout
    assert loader == b"MZ for arm"
    packages = "/opt/polewatch/lib/python3.11/site-packages"
    assert bench.root_of(bench.out).read(f"{packages}/tiny/__init__.py") is not None


def test_capabilities_and_times_of_files_are_kept(bench: Bench) -> None:
    scratch = bench.folder / "making"
    scratch.mkdir()
    system = Ext4.make(scratch / "root", scratch, 8 * MB, uuid.UUID(int=3), 1_690_000_000)
    ping = Node("/bin/ping", mode=0o4755, mtime=1_600_000_000, content=b"\x7fELF",
                attributes=(("user.note", b"of a test"),))  # fmt: skip
    odd = Node('/bin/a "b" c', content=b"odd")
    system.write(with_parents([ping, odd], frozenset()))
    system.check()
    said = tools.run(["debugfs", "-R", "ea_get /bin/ping user.note", str(system.file)]).stdout
    assert b"of a test" in said
    told = tools.run(["debugfs", "-R", "stat /bin/ping", str(system.file)]).stdout.decode()
    assert "Mode:  04755" in told
    assert f"mtime: 0x{1_600_000_000:08x}" in told
    assert system.read('/bin/a "b" c') == b"odd"


def test_what_every_box_would_share_is_gone(bench: Bench) -> None:
    bench.make()
    root = bench.root_of(bench.out)
    assert root.names("/etc/ssh") == ["sshd_config"]
    assert root.read("/var/lib/systemd/random-seed") is None
    assert root.kinds(["/etc/machine-id"]) == {"/etc/machine-id": "regular"}
    assert root.read("/etc/machine-id") is None, "not empty"


@pytest.mark.parametrize("kind", ["gpt", "mbr"])
def test_a_disks_root_grows_and_all_else_stays(bench: Bench, kind: str) -> None:
    base = bench.disk(kind)
    before = base.read_bytes()
    bench.make(base=base, size=60 * MB)
    assert base.read_bytes() == before
    _sound(bench.out)
    after = bench.out.read_bytes()
    assert len(after) == 60 * MB
    assert after[ALIGN : 2 * ALIGN] == before[ALIGN : 2 * ALIGN]
    root = bench.root_of(bench.out)
    assert root.read("/etc/polewatch/claim") is not None
    assert root.room().size > 50 * MB
    assert root.room().uuid == str(uuid.UUID(int=9))


def test_a_packed_base_is_taken_and_needs_no_size(bench: Bench) -> None:
    base = bench.disk("mbr")
    packed = base.with_name("base.img.xz")
    packed.write_bytes(lzma.compress(base.read_bytes(), preset=0))
    bench.make(base=packed)
    _sound(bench.out)
    assert bench.root_of(bench.out).room().free >= 0.9 * SPARE


@pytest.mark.parametrize("kind", ["tar", "gpt"])
def test_the_same_inputs_give_the_same_bytes(bench: Bench, kind: str) -> None:
    base = bench.base if kind == "tar" else bench.disk("gpt")
    first = bench.make(base=base)
    began = int(time.time())
    while int(time.time()) <= began:  # another second, which nothing may show
        time.sleep(0.05)
    second = bench.make(base=base, out=bench.folder / "again.img")
    assert first.sha256 == second.sha256
    third = bench.make(base=base, out=bench.folder / "other.img",
                       wanted=replace(WANTED, claim="z" * 26))  # fmt: skip
    assert third.sha256 != first.sha256


def test_a_base_that_is_no_image_is_refused(bench: Bench) -> None:
    for name, data in (
        ("noise.img", os.urandom(5 * MB)),
        ("zeros.img", bytes(5 * MB)),
        ("empty.img", b""),
        ("archive.zip", b"PK\x03\x04" + bytes(1000)),
        ("damaged.img.xz", lzma.compress(bytes(5 * MB))[:-40]),
    ):
        base = bench.folder / name
        base.write_bytes(data)
        assert bench.refused(base=base).code == "image.unreadable", name
    missing = bench.folder / "nothing.img"
    assert bench.refused(base=missing).code == "image.unreadable"


def test_a_disk_without_a_system_is_refused(bench: Bench) -> None:
    problem = bench.refused(base=bench.disk("gpt", root=False))
    assert problem.code == "image.no-root"
    assert "1: 1,048,576 bytes, no ext4; 2: 25,165,824 bytes, ext4" in problem.detail


def test_a_size_that_is_too_small_is_refused_with_the_least(bench: Bench) -> None:
    for base in (bench.base, bench.disk("gpt")):
        problem = bench.refused(base=base, size=30 * MB, spare=40 * MB)
        assert problem.code == "image.too-small"
        least = int(problem.detail.split("at least ")[1].split(" ")[0].replace(",", ""))
        bench.make(base=base, size=least, spare=40 * MB)
        bench.out.unlink()


def test_a_root_that_cannot_grow_is_refused(bench: Bench) -> None:
    problem = bench.refused(base=bench.disk("gpt", last=False), spare=40 * MB)
    assert problem.code == "image.too-small"
    assert "are free" in problem.detail


def test_another_machine_is_refused(bench: Bench) -> None:
    problem = bench.refused(base=bench.disk("mbr", status("armhf")))
    assert (problem.code, "armhf" in problem.detail) == ("image.architecture", True)


@pytest.mark.parametrize(
    ("leave_out", "said"),
    [
        ("vmlinuz", "linux-image"),
        ("usr/lib/grub/x86_64-efi/monolithic/grubx64.efi", "grub-efi-amd64-bin"),
        ("var/lib/dpkg/status", "no Debian"),
    ],
)
def test_a_root_that_would_not_start_is_refused(bench: Bench, leave_out: str, said: str) -> None:
    found = members(status())
    del found[leave_out]
    problem = bench.refused(base=tarball(found, bench.folder / "less.tar"))
    assert (problem.code, said in problem.detail) == ("image.base", True)


def test_a_base_without_cloud_init_is_refused(bench: Bench) -> None:
    listed = status(packages=[name for name in NEEDED if name != "cloud-init"])
    problem = bench.refused(base=bench.disk("mbr", listed))
    assert (problem.code, "cloud-init" in problem.detail) == ("image.base", True)


def test_an_image_that_was_made_already_is_refused(bench: Bench) -> None:
    bench.make(size=120 * MB)
    base = bench.out.rename(bench.folder / "made.img")
    problem = bench.refused(base=base)
    assert (problem.code, "/opt/polewatch" in problem.detail) == ("image.base", True)


def test_wheels_that_were_altered_are_refused(bench: Bench) -> None:
    wheel = bench.folder / "wheels" / "tiny-2.0-py3-none-any.whl"
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    problem = bench.refused()
    assert (problem.code, "DO NOT MATCH" in problem.detail) == ("image.wheels", True)


def test_wheels_that_are_missing_or_for_another_machine_are_refused(bench: Bench) -> None:
    (bench.folder / "wheels" / "tiny-2.0-py3-none-any.whl").unlink()
    assert bench.refused().code == "image.wheels"
    other = bench.folder / "pi"
    pins = wheels(other, "cp311-cp311-manylinux_2_17_aarch64")
    problem = bench.refused(wheel_folder=other, pins=pins)
    assert (problem.code, "tiny" in problem.detail) == ("image.wheels", True)


def test_one_wheel_of_polewatch_is_needed(bench: Bench) -> None:
    own = bench.folder / "wheels" / "polewatch-1.0-py3-none-any.whl"
    shutil.copy(own, own.with_name("polewatch-1.1-py3-none-any.whl"))
    assert "2 wheels of polewatch" in bench.refused().detail
    for wheel in own.parent.glob("polewatch-*.whl"):
        wheel.unlink()
    assert "0 wheels of polewatch" in bench.refused().detail


def test_nothing_that_is_there_is_overwritten(bench: Bench) -> None:
    (bench.folder / "there.img").write_bytes(b"precious")
    for out, said in (
        (bench.base, "the base image itself"),
        (bench.folder / "there.img", "there already"),
        (bench.folder / "no" / "folder.img", "may be written"),
    ):
        with pytest.raises(ProvisionError, match=said) as caught:
            bench.make(out=out)
        assert caught.value.code == "image.output"
    assert (bench.folder / "there.img").read_bytes() == b"precious"


def test_a_missing_program_is_named_with_its_package(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(bench.folder))
    monkeypatch.setattr(tools, "_SBIN", str(bench.folder))
    problem = bench.refused()
    assert (problem.code, "apt install e2fsprogs" in problem.detail) == ("image.tool", True)


@pytest.mark.parametrize("megabytes", [20, 30])
def test_a_full_disk_is_told_and_left_clean(bench: Bench, megabytes: int) -> None:
    """With the real command, on a file system of its own: known before, or found on the way."""
    full = bench.disk("gpt", more={"var/log": os.urandom(16 * MB)})
    full.replace(bench.base)
    small = bench.folder / "small"
    small.mkdir()
    done = _command(
        bench, small / "pole.img",
        lambda command: ["unshare", "-m", "sh", "-c",
                         f'mount -t tmpfs -o size={megabytes}m tmpfs {small} && "$@"; s=$?; '
                         f"ls -A {small} >&2; exit $s", "sh", *command],
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["code"] == "image.no-room"
    assert done.stderr.strip() == ""


def test_the_command_refuses_what_is_no_claim_or_ca(bench: Bench) -> None:
    for name, text in (("claim", "x\n"), ("ca.pem", "-----BEGIN PRIVATE KEY-----\n")):
        done = _command(bench, bench.out, lambda command: command, {name: text})
        assert done.returncode == 1, done.stderr
        told = json.loads(done.stdout)
        assert (told["code"], name in told["detail"]) == ("image.contents", True)


def _command(
    bench: Bench,
    out: Path,
    wrapped: Callable[[list[str]], list[str]],
    change: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    files = {"site.yaml": site_text(SITE), "claim": f"{CLAIM}\n", "ca.pem": CA, "tech.pub": KEY}
    for name, text in {**files, **(change or {})}.items():
        write_public(bench.folder / name, text.encode())
    command = [
        sys.executable, "-m", "polewatch", "provision", "image", str(bench.base),
        "--site", "site.yaml", "--claim-file", "claim", "--ca", "ca.pem", "--ssh-key", "tech.pub",
        "--wheels", "wheels", "--out", str(out), "--json",
    ]  # fmt: skip
    return subprocess.run(
        wrapped(command),
        cwd=bench.folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def _table(kind: str, disk: BinaryIO, *, last: bool) -> None:
    places = [(ALIGN, ALIGN), (2 * ALIGN, 24 * ALIGN)] + ([] if last else [(26 * ALIGN, ALIGN)])
    if kind == "gpt":
        plan = [
            Planned(partitions.ESP, uuid.UUID(int=n + 1), f"p{n}", start, size)
            for n, (start, size) in enumerate(places)
        ]
        partitions.make(disk, plan, uuid.UUID(int=5))
        return
    for number, (start, size) in enumerate(places):
        disk.seek(446 + 16 * number + 4)
        disk.write(b"\x83\0\0\0")
        for value in (start, size):
            disk.write((value // partitions.SECTOR).to_bytes(4, "little"))
    disk.seek(510)
    disk.write(b"\x55\xaa")


def _sound(image: Path) -> None:
    """As the tools of the operating system judge it."""
    done = subprocess.run(
        ["/usr/sbin/sfdisk", "--verify", str(image)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No errors" in done.stdout, done.stdout
    assert (
        hashlib.sha256(image.read_bytes()).hexdigest()
        in image.with_name(f"{image.name}.sha256").read_text()
    )


def _stat(root: Ext4, path: str) -> tuple[int, int, int]:
    said = tools.run(["debugfs", "-R", f"stat {path}", str(root.file)]).stdout.decode()
    found = re.search(r"Mode: +(\d+).*?User: +(\d+) +Group: +(\d+)", said, re.S)
    assert found is not None, said
    return int(found[1], 8), int(found[2]), int(found[3])
