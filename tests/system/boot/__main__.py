"""`make boot`: a blank card becomes a box that watches; what happened is timed and written down.

Three commands: `authority claim`, `image`, `flash`. The card then starts in qemu, under KVM where
a system really starts under it, else in emulation. In emulation looking at one picture takes ten
seconds and more, too slow to follow people; so the same is done once more with the card's own root
as plain processes of this machine, in a network namespace. FOLDER/boot.md and plain.md tell both.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from polewatch.demo.clip import ClipError
from polewatch.demo.ports import free_port
from polewatch.demo.processes import ProcessError
from polewatch.demo.run import password
from tests.support.netns import NetnsError, alone
from tests.system.boot.centre import HOST, POLE, Centre
from tests.system.boot.happens import happens
from tests.system.boot.machine import MachineError, booted, check_tools, kvm_starts
from tests.system.boot.plain import unboxed
from tests.system.boot.story import Story

SUITE, MACHINE, PYTHON = "bookworm", "amd64", "3.11"
PACKAGES = (
    "linux-image-cloud-amd64,systemd-sysv,udev,dbus,python3,cloud-init,cloud-guest-utils,"
    "openssh-server,grub-efi-amd64-bin,iproute2,netbase,sudo,zstd,systemd-timesyncd,"
    "systemd-resolved,netplan.io"
)
CARD_BYTES = 4_000_000_000
EMULATED_S, NATIVE_S = 2400.0, 240.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/boot"))
    parser.add_argument("--accelerator", choices=["auto", "kvm", "tcg"], default="auto")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--only", choices=["boot", "plain", "both"], default="both")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    folder: Path = asked.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    name = "plain" if asked.here else "boot"
    story = Story(folder, name)
    try:
        check_tools()
        _prepare(folder, story)
        if asked.here:
            _plain(folder, story)
        elif asked.only != "plain":
            _boot(folder, asked.accelerator, asked.cores, story)
    except (MachineError, ProcessError, ClipError, NetnsError, AssertionError) as error:
        story.facts["failed"] = str(error)
        story.write()
        print(f"make boot: {error}", file=sys.stderr)
        return 1
    if asked.here or asked.only == "boot":
        return 0
    return _in_namespace(folder)


def _prepare(folder: Path, story: Story) -> None:
    root, wheels = folder / "root.tar", folder / "wheels"
    if not root.is_file():
        story.timed("a Debian root by mmdebstrap", lambda: _debian(root))
    if not wheels.is_dir():
        command = ["provision", "wheels", MACHINE, "--python", PYTHON, "--out", str(wheels)]
        story.timed("the wheels of the agent", lambda: _polewatch(*command))


def _boot(folder: Path, accelerator: str, cores: int, story: Story) -> None:
    work = _fresh(folder / "boot")
    centre = Centre(work, password())
    try:
        story.timed("the centre starts", centre.start)
        card = _three_commands(centre, folder, work, story)
        how = accelerator
        if how == "auto":
            how = "kvm" if kvm_starts(card, work) else "tcg"
        story.facts["accelerator"] = how
        door, began = free_port(), time.monotonic()
        with booted(card, work, how, cores, door) as machine:
            try:
                happens(centre, machine, story, began, EMULATED_S if how == "tcg" else NATIVE_S)
            finally:
                _keep_journal(work, door)
    finally:
        centre.stop()


def _plain(folder: Path, story: Story) -> None:
    work = _fresh(folder / "plain")
    centre = Centre(work, password())
    try:
        story.timed("the centre starts", centre.start)
        card = _three_commands(centre, folder, work, story)
        began = time.monotonic()
        with unboxed(card, work) as machine:
            happens(centre, machine, story, began, NATIVE_S)
    finally:
        centre.stop()


def _in_namespace(folder: Path) -> int:
    """Plain processes with nothing but a loopback, on which HOST is an address as in qemu."""
    with alone() as place:
        add = ["ip", "address", "add", f"{HOST}/32", "dev", "lo"]
        subprocess.run(place.command(*add), check=True)
        # What qemu's own network does: that address's TCP ports are the loopback's.
        rules = (
            "add table ip boot\nadd chain ip boot out { type nat hook output priority -100; }\n"
            f"add rule ip boot out ip daddr {HOST} meta l4proto tcp dnat to 127.0.0.1\n"
        )
        subprocess.run(place.command("nft", "-f", "-"), input=rules, text=True, check=True)
        command = [sys.executable, "-m", "tests.system.boot", "--folder", str(folder), "--here"]
        return subprocess.run(place.command(*command), check=False).returncode


def _three_commands(centre: Centre, folder: Path, work: Path, story: Story) -> Path:
    claim, image, card = work / "claim", work / "pole.img", work / "card"
    with card.open("wb") as blank:
        blank.truncate(CARD_BYTES)
    began = time.monotonic()
    command = ["provision", "authority", "claim", POLE, "--folder", str(centre.authority)]
    claim.write_text(story.timed("1. authority claim", lambda: _polewatch(*command)))
    making = [
        "provision", "image", str(folder / "root.tar"), "--site", str(centre.site_file),
        "--claim-file", str(claim), "--ca", str(centre.authority / "ca.pem"), "--wheels",
        str(folder / "wheels"), "--desk", centre.desk, "--ssh-key", str(_key(work)), "--out",
        str(image), "--json",
    ]  # fmt: skip
    made = json.loads(story.timed("2. image", lambda: _polewatch(*making)))
    writing = ["provision", "flash", str(image), str(card), "--yes", "--json"]
    story.timed("3. flash", lambda: _polewatch(*writing))
    story.note("the three commands together", time.monotonic() - began)
    story.facts["image"] = {key: made[key] for key in ("name", "machine", "bytes", "sha256")}
    image.unlink()
    return card


def _key(work: Path) -> Path:
    """The technician's key for this run."""
    key = work / "tech"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "tech", "-f", str(key)]
    subprocess.run(command, check=True)
    return key.with_suffix(".pub")


def _keep_journal(work: Path, door: int) -> None:
    """What the box itself wrote, fetched as a technician would."""
    asked = (
        "systemd-analyze; sudo systemctl --no-pager status 'polewatch-*'; "
        "sudo journalctl --no-pager -o short-monotonic -u 'polewatch-*'"
    )
    command = [
        "ssh", "-i", str(work / "tech"), "-p", str(door), "-o", "StrictHostKeyChecking=no",
        "-o", f"UserKnownHostsFile={work / 'known'}", "-o", "ConnectTimeout=60",
        "tech@127.0.0.1", asked,
    ]  # fmt: skip
    with (work / "journal.log").open("wb") as log:
        try:
            subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False, timeout=180)
        except subprocess.TimeoutExpired:
            log.write(b"\nthe box did not answer by ssh in time\n")


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _debian(root: Path) -> None:
    waiting = root.with_suffix(".new.tar")
    command = ["mmdebstrap", "--variant=apt", f"--include={PACKAGES}", SUITE, str(waiting)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MachineError(f"mmdebstrap: {done.stderr[-600:]}")
    waiting.rename(root)


def _polewatch(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "polewatch", *arguments],
        env={**os.environ, "POLEWATCH_LANG": "en"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise AssertionError(f"polewatch {' '.join(arguments[:3])}: {done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
