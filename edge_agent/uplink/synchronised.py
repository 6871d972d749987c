"""Whether the wall clock is kept by a time service, asked of the kernel."""

from __future__ import annotations

import ctypes
from pathlib import Path

from wire.event import TimeQuality

STA_UNSYNC = 0x0040
"""linux/timex.h: the clock is not synchronised."""

TIMESYNCD_FLAG = Path("/run/systemd/timesync/synchronized")


class _Timex(ctypes.Structure):
    """The head of `struct timex` (adjtimex(2)); the rest is room for the kernel."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def time_quality() -> TimeQuality:
    """chrony, ntpd and systemd-timesyncd all clear the kernel's flag; its file is the fallback."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        timex = _Timex(modes=0)
        if libc.adjtimex(ctypes.byref(timex)) >= 0:
            return "unsynchronised" if timex.status & STA_UNSYNC else "synchronised"
    except (OSError, AttributeError):
        pass
    return "synchronised" if TIMESYNCD_FLAG.exists() else "unsynchronised"
