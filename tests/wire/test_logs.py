"""Each line of the log, and the ready line, is one write: both streams may be one file."""

from __future__ import annotations

import json
import os
import subprocess
import sys

TALK = """
import structlog
from wire import logs
logs.configure()
structlog.get_logger().info("said", number=1)
logs.print_ready(http="http://127.0.0.1:1")
structlog.get_logger().info("said", number=2)
"""


def test_every_line_is_written_whole() -> None:
    # Of a pipe with O_DIRECT each read gives what one write gave (pipe(2)).
    reading, writing = os.pipe2(os.O_DIRECT)
    subprocess.run(
        [sys.executable, "-c", TALK],
        stdout=writing,
        stderr=writing,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        check=True,
    )
    os.close(writing)
    written = [os.read(reading, 4096) for _ in range(3)]
    assert os.read(reading, 4096) == b""
    os.close(reading)
    assert all(one.endswith(b"\n") and one.count(b"\n") == 1 for one in written)
    said = [json.loads(one) for one in written]
    assert said[1] == {"ready": True, "http": "http://127.0.0.1:1"}
    assert [said[0]["number"], said[2]["number"]] == [1, 2]
