"""A box: qemu's own PC with the card in it, its serial line kept in a file."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

FIRMWARE = Path("/usr/share/OVMF")
NEEDED = {
    "qemu-system-x86_64": "qemu-system-x86",
    "mmdebstrap": "mmdebstrap",
    "mcopy": "mtools",
    "mkfs.ext4": "e2fsprogs",
}
MEMORY_MB = 2048
PROBE_S = 30.0
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


class MachineError(Exception):
    """It cannot be started here; holds the remedy."""


def check_tools() -> None:
    """Raise MachineError naming what must be installed."""
    missing = [package for name, package in NEEDED.items() if not shutil.which(name, path=_PATH)]
    if not (FIRMWARE / "OVMF_CODE.fd").is_file():
        missing.append("ovmf")
    if missing:
        raise MachineError(f"apt-get install --no-install-recommends {' '.join(sorted(missing))}")


class Machine:
    """Running until `power_off`, or until it ends by itself."""

    def __init__(self, process: subprocess.Popen[bytes], serial: Path, how: str) -> None:
        self._process = process
        self._serial = serial
        self.how = how

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def said(self) -> str:
        """Its serial line so far."""
        if not self._serial.is_file():
            return ""
        return self._serial.read_text(errors="replace")

    def cpu_s(self) -> float:
        """CPU seconds of this machine that it and its children have cost."""
        own = psutil.Process(self._process.pid)
        times = [one.cpu_times() for one in (own, *own.children(recursive=True))]
        return sum(float(one.user + one.system) for one in times)


@contextmanager
def booted(
    card: Path, folder: Path, accelerator: str, cores: int, ssh_port: int = 0
) -> Iterator[Machine]:
    """The card in a PC with UEFI; `accelerator` is kvm or tcg. Gone afterwards.

    Its ssh door is `ssh_port` of this machine's loopback; 0 leaves it shut.
    """
    variables = folder / "uefi-variables"
    shutil.copy(FIRMWARE / "OVMF_VARS.fd", variables)
    serial = folder / "serial.log"
    serial.unlink(missing_ok=True)
    process = subprocess.Popen(
        ["qemu-system-x86_64", *_arguments(card, variables, serial, accelerator, cores, ssh_port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=(folder / "qemu.log").open("wb"),
    )
    try:
        yield Machine(process, serial, accelerator)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def kvm_starts(card: Path, folder: Path) -> bool:
    """Whether a system really starts under KVM: in a cloud, /dev/kvm alone says little."""
    if not Path("/dev/kvm").exists():
        return False
    probe = folder / "probe"
    probe.mkdir()
    copy = probe / "card"
    subprocess.run(["cp", "--sparse=always", str(card), str(copy)], check=True)
    try:
        with booted(copy, probe, "kvm", 1) as machine:
            deadline = time.monotonic() + PROBE_S
            while machine.running and time.monotonic() < deadline:
                if "Linux version" in machine.said():
                    return True
                time.sleep(0.5)
    finally:
        shutil.rmtree(probe)
    return False


def _arguments(
    card: Path, variables: Path, serial: Path, accelerator: str, cores: int, ssh_port: int
) -> Sequence[str]:
    how = ["kvm", "-cpu", "host"] if accelerator == "kvm" else ["tcg,thread=multi", "-cpu", "max"]
    door = f",hostfwd=tcp:127.0.0.1:{ssh_port}-:22" if ssh_port else ""
    flash = "if=pflash,format=raw"
    return [
        "-machine", "q35", "-accel", *how, "-smp", str(cores), "-m", str(MEMORY_MB),
        "-drive", f"{flash},unit=0,readonly=on,file={FIRMWARE / 'OVMF_CODE.fd'}",
        "-drive", f"{flash},unit=1,file={variables}",
        "-drive", f"if=virtio,format=raw,cache=writeback,file={card}",
        "-netdev", "user,id=net" + door, "-device", "virtio-net-pci,netdev=net",
        "-device", "virtio-rng-pci", "-display", "none", "-monitor", "none",
        "-serial", f"file:{serial}", "-no-reboot",
    ]  # fmt: skip
