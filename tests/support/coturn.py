"""A real coturn with short-lived credentials, as the guide sets one up."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.netns import Place
from tests.support.wait import wait_until

PORT = 3478
SECRET = "a secret of the test's own"


@dataclass(frozen=True, slots=True)
class Relay:
    """A TURN server that runs."""

    address: str
    secret_file: Path
    log_file: Path

    @property
    def settings(self) -> dict[str, str]:
        """`ice` of collector.yaml."""
        return {
            "stun": f"stun:{self.address}:{PORT}",
            "turn": f"turn:{self.address}:{PORT}",
            "turn_secret_file": str(self.secret_file),
        }

    def allocations(self) -> int:
        """Relayed addresses given out so far."""
        return self.log_file.read_text().count("ALLOCATE processed, success")


@contextmanager
def coturn(place: Place) -> Iterator[Relay]:
    """coturn on the place's address, ended afterwards."""
    program = shutil.which("turnserver")
    if program is None:
        raise RuntimeError("coturn is not installed; run: bash tests/support/debian.sh")
    with tempfile.TemporaryDirectory(prefix="coturn-") as name:
        folder = Path(name)
        relay = Relay(place.address, folder / "secret", folder / "turn.log")
        relay.secret_file.write_text(SECRET)
        relay.log_file.touch()
        command = place.command(
            program, "-n", "--verbose", "--no-cli", "--no-tls", "--no-dtls", "--fingerprint",
            "--use-auth-secret", f"--static-auth-secret={SECRET}", "--realm=polewatch",
            f"--listening-ip={place.address}", f"--relay-ip={place.address}",
            f"--listening-port={PORT}", "--min-port=49160", "--max-port=49360",
            "--log-file=stdout", f"--pidfile={folder / 'pid'}", f"--userdb={folder / 'db'}",
        )  # fmt: skip
        with relay.log_file.open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            wait_until(lambda: _listens(process, relay), 40, f"coturn:\n{relay.log_file}")
            yield relay
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise


def _listens(process: subprocess.Popen[bytes], relay: Relay) -> bool:
    said = relay.log_file.read_text()
    assert process.poll() is None, f"coturn ended at its start:\n{said[-2000:]}"
    return f"IPv4. UDP listener opened on: {relay.address}:{PORT}" in said
