"""The card's own system at this machine's speed: its root in a chroot, its units' commands by hand.

For what is too slow in emulation. The kernel is this machine's; everything else is the card's.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provisioning.image.partitions import read_table
from tests.system.boot.machine import Machine

RUN = """
mount -o loop,offset={offset} "{card}" "{root}"
mount -t proc proc "{root}/proc"
mount --rbind /dev "{root}/dev"
mount -t tmpfs tmpfs "{root}/tmp"
agent() {{
  chroot --userspec=polewatch-agent:polewatch-agent "{root}" \\
    /usr/bin/env -i PATH=/usr/bin LC_ALL=C.UTF-8 /opt/polewatch/bin/polewatch "$@"
}}
# The root grows to the whole card only at a real boot, so that there is room to record elsewhere.
install -d -o $(chroot "{root}" id -u polewatch-agent) -m 700 "{data}"
mount --bind "{data}" "{root}/var/lib/polewatch"
agent provision enrol online --folder /etc/polewatch --patience 120
agent agent run --config /etc/polewatch/agent.yaml
"""


@contextmanager
def unboxed(card: Path, folder: Path) -> Iterator[Machine]:
    """The same interface as a booted machine; needs root. Gone afterwards, mounts with it."""
    with card.open("rb") as disk:
        (_, system) = read_table(disk, card).partitions
    root = folder / "root"
    root.mkdir()
    script = folder / "run.sh"
    data = folder / "data"
    text = RUN.format(offset=system.start, card=card, root=root, data=data)
    script.write_text("set -eu\n" + text)
    log = folder / "serial.log"
    process = subprocess.Popen(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", str(script)],
        stdin=subprocess.DEVNULL,
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
    )
    try:
        yield Machine(process, log, "plain processes")
    finally:
        # `unshare` waits deaf for its child, and takes it along only when it is killed.
        process.kill()
        process.wait(20)
