"""The agent with recorded footage; besides what it sees, it reports what it is told to have seen.

`python -m tests.system.day.pole agent.yaml`: each line of standard input is one JSON object
`{"type", "camera", "severity", "phase", "drill"}`, answered by `{"finding": id}` once that lies
in the outbox. Ends in order at the end of input.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

import av
import numpy as np

import wire
from edge_agent.agent import Agent
from edge_agent.config import load_agent_settings
from edge_agent.scene import Box, Finding, Frame
from polewatch.demo_data import STREET
from wire import logs

RULE = "given"
COMMIT_S = 20.0


class GivenAgent(Agent):
    """Everything is the agent's own: outbox, signature, picture, link; only the alarm is given."""

    def report(self, told: dict[str, Any], image: np.ndarray[Any, Any]) -> str:
        """The finding's id once it is committed."""
        clock, phase = self._clock, told.get("phase", "open")
        frame = Frame(told["camera"], image, 0.0, clock.monotonic(), clock.now())
        finding = Finding(
            key=told["type"], rule=RULE, type=told["type"], phase=phase, start_s=0.0,
            alarm_s=0.0, end_s=0.0 if phase == "close" else None, confidence=0.9,
            severity=told["severity"], zone=None, tracks=(), box=Box(0.4, 0.4, 0.2, 0.2),
        )  # fmt: skip
        found = self._reporter.finding(finding, frame, drill=told.get("drill", False))
        assert self._reporter.flush(COMMIT_S), "the outbox takes nothing"
        return found


def main() -> None:
    logs.configure()
    agent = GivenAgent(load_agent_settings(Path(sys.argv[1])), wire.__version__)
    with av.open(str(STREET)) as film:
        image = next(film.decode(video=0)).to_ndarray(format="bgr24")
    stop = threading.Event()

    def listen() -> None:
        for line in sys.stdin:
            print(json.dumps({"finding": agent.report(json.loads(line), image)}), flush=True)
        stop.set()

    threading.Thread(target=listen, name="told", daemon=True).start()
    agent.run(stop)


if __name__ == "__main__":
    main()
