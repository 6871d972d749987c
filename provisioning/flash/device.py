"""A disk opened for writing past the page cache: the border to the operating system."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
import stat
import time
from pathlib import Path
from typing import Protocol

from provisioning.flash.disks import Disk
from provisioning.problems import ProvisionError

BLKRRPART, BLKFLSBUF, BLKSSZGET = 0x125F, 0x1261, 0x1268
"""linux/fs.h"""
GONE = {errno.ENXIO, errno.ENODEV, errno.ENOMEDIUM, errno.ESHUTDOWN}
PAGE = 4096
"""Alignment of offsets, lengths and buffers that every disk takes with O_DIRECT."""
REREAD_ATTEMPTS, REREAD_PAUSE_S = 20, 0.25


class Device(Protocol):
    """What writing a card asks of it. Offsets and lengths are multiples of PAGE, or end it."""

    @property
    def path(self) -> Path: ...

    @property
    def size(self) -> int: ...

    def write(self, offset: int, data: memoryview) -> int:
        """Write some of `data` at `offset`; how many bytes. Raises OSError."""
        ...

    def read(self, offset: int, into: memoryview) -> int:
        """Read some bytes from the medium itself; how many, 0 at the end. Raises OSError."""
        ...

    def flush(self) -> None:
        """Return when everything is on the medium. Raises OSError."""
        ...

    def is_there(self) -> bool:
        """Whether the card is still in."""
        ...

    def reread_partitions(self) -> int | None:
        """Let the kernel see the new partitions: how many; None where there is nothing to see."""
        ...

    def close(self) -> None: ...


class OpenDisk:
    """A block device or a regular file, opened for itself alone."""

    def __init__(self, disk: Disk) -> None:
        """Raises ProvisionError when the kernel says that it is in use or not writable."""
        self._disk = disk
        # For a block device O_EXCL means: refuse while anybody has mounted or claimed it.
        flags = os.O_RDWR | os.O_CLOEXEC | (0 if disk.is_file else os.O_EXCL)
        self._direct = not disk.is_file or disk.size % PAGE == 0
        try:
            try:
                self._descriptor = os.open(disk.path, flags | (os.O_DIRECT if self._direct else 0))
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                self._direct = False  # a file system without it: flushed and dropped instead
                self._descriptor = os.open(disk.path, flags)
        except OSError as error:
            raise _refusal(disk, error) from error
        try:
            self._check_same()
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise ProvisionError("card.in-use", f"{disk.path}: another program writes it") from None
        except ProvisionError:
            self.close()
            raise

    @property
    def path(self) -> Path:
        return self._disk.path

    @property
    def size(self) -> int:
        return self._disk.size

    def write(self, offset: int, data: memoryview) -> int:
        return os.pwrite(self._descriptor, data, offset)

    def read(self, offset: int, into: memoryview) -> int:
        if not self._direct:
            os.posix_fadvise(self._descriptor, offset, len(into), os.POSIX_FADV_DONTNEED)
        return os.preadv(self._descriptor, [into], offset)

    def flush(self) -> None:
        os.fsync(self._descriptor)
        if not self._disk.is_file:
            fcntl.ioctl(self._descriptor, BLKFLSBUF, 0)

    def is_there(self) -> bool:
        if self._disk.is_file:
            return os.fstat(self._descriptor).st_size >= self.size
        return _size(self._descriptor) >= self.size

    def reread_partitions(self) -> int | None:
        if self._disk.is_file:
            return None
        for attempt in range(REREAD_ATTEMPTS):
            try:
                fcntl.ioctl(self._descriptor, BLKRRPART, 0)
                break
            except OSError as error:
                if error.errno == errno.EINVAL:  # a loop device that was made without partitions
                    return None
                # udev looks at new partitions on its own and is soon done.
                if error.errno != errno.EBUSY or attempt == REREAD_ATTEMPTS - 1:
                    raise
                time.sleep(REREAD_PAUSE_S)
        return len(list(Path("/sys/class/block", self.path.name).glob("*/partition")))

    def close(self) -> None:
        with contextlib.suppress(OSError):  # a card that was pulled has nothing left to close
            os.close(self._descriptor)

    def _check_same(self) -> None:
        status = os.fstat(self._descriptor)
        if self._disk.is_file:
            same = stat.S_ISREG(status.st_mode) and status.st_size == self.size
        else:
            number = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
            same = stat.S_ISBLK(status.st_mode) and number == self._disk.number
            same = same and _size(self._descriptor) == self.size
        if not same:
            raise ProvisionError(
                "card.pulled", f"{self.path} is not the device any more that was shown"
            )


def aligned(size: int) -> memoryview:
    """A buffer that O_DIRECT takes."""
    return memoryview(mmap.mmap(-1, -(-size // PAGE) * PAGE))


def trouble(device: Device, error: OSError, offset: int) -> ProvisionError:
    """What an error while reading or writing means to the person with the card."""
    where = f"{device.path} at byte {offset:,}"
    if error.errno in GONE or not device.is_there():
        return ProvisionError("card.pulled", where)
    if error.errno == errno.ENOSPC:
        return ProvisionError("card.capacity", f"{where} of {device.size:,}: it ends there")
    if error.errno in (errno.EROFS, errno.EPERM, errno.EACCES):
        return ProvisionError("card.locked", where)
    return ProvisionError("card.io", f"{where}: {error.strerror or error}")


def _size(descriptor: int) -> int:
    try:
        return os.lseek(descriptor, 0, os.SEEK_END)
    except OSError:
        return 0


def _refusal(disk: Disk, error: OSError) -> ProvisionError:
    if error.errno == errno.EBUSY:
        return ProvisionError("card.in-use", f"{disk.path}: the kernel says that it is in use")
    if error.errno in GONE or error.errno == errno.ENOENT:
        return ProvisionError("card.pulled", f"{disk.path}")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ProvisionError("card.locked", f"{disk.path}: {error.strerror}")
    return ProvisionError("card.io", f"{disk.path}: {error.strerror or error}")
