"""`python -m tests.fuzz [--seconds 600] [TARGET…]`: the parsers under atheris, one after the other.

Needs the environment of `make fuzz`. Prints a line for each; what crashed or hung is left in
`var/fuzz` and makes the exit code 1. What is new to know goes into tests/fuzz/corpus.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.targets import NAMES

KEPT = Path(__file__).with_name("corpus")
WORK = Path("var/fuzz")
HANG_S = 60
LONGEST = 8_192
KEPT_FILES, KEPT_BYTES = 12, 2_000
FOUND = "found-"
_RUNS = re.compile(r"Done (\d+) runs in (\d+) second")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(NAMES))
    parser.add_argument("--seconds", type=int, default=600, help="for each target")
    arguments = parser.parse_args()
    found = [one for one in arguments.targets or NAMES if not _fuzz(one, arguments.seconds)]
    if found:
        print(f"fuzz: {', '.join(found)} did not hold; see {WORK}", flush=True)
    return 1 if found else 0


def _fuzz(target: str, seconds: int) -> bool:
    """Fuzz one target, then keep what reaches something new; true when nothing was found."""
    work, kept = WORK / target, KEPT / target
    work.mkdir(parents=True, exist_ok=True)
    kept.mkdir(parents=True, exist_ok=True)
    log = WORK / f"{target}.log"
    before = _cpu_s()
    code = _libfuzzer(
        target, log,
        f"-max_total_time={seconds}", f"-timeout={HANG_S}", f"-max_len={LONGEST}",
        f"-artifact_prefix={WORK}/{target}-", "-rss_limit_mb=2000", str(work), str(kept),
    )  # fmt: skip
    done = _RUNS.search(log.read_text(errors="replace"))
    runs, took = (done[1], done[2]) if done else ("?", "?")
    verdict = "held" if code == 0 and done else f"FAILED (code {code}, {log})"
    print(
        f"fuzz {target:9} {runs:>9} executions in {took} s, {_cpu_s() - before:.0f} CPU s: "
        f"{verdict}",
        flush=True,
    )
    _keep(work, kept)
    return code == 0 and done is not None


def _keep(work: Path, kept: Path) -> None:
    """The smallest inputs that reach something of their own; `found-…`, once a bug, stay."""
    found = sorted((one.stat().st_size, one.name, one) for one in work.iterdir())
    for old in kept.iterdir():
        if not old.name.startswith(FOUND):
            old.unlink()
    for size, _, file in found[:KEPT_FILES]:
        if size <= KEPT_BYTES:
            shutil.copyfile(file, kept / hashlib.sha256(file.read_bytes()).hexdigest()[:12])


def _libfuzzer(target: str, log: Path, *options: str) -> int:
    # In memory where that can be: a target writes its databases some hundred times a second.
    memory = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder,
        log.open("wb") as output,
    ):
        return subprocess.run(
            [sys.executable, "-m", "tests.fuzz.one", target, folder, *options],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False,
        ).returncode  # fmt: skip


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
