"""`python -m edge_agent CONFIG`: the agent as a service starts it."""

from __future__ import annotations

import sys
from pathlib import Path

import structlog

import wire
from edge_agent.agent import Agent
from edge_agent.config import load_agent_settings
from edge_agent.uplink.store import OutboxError
from models.registry import ModelError
from wire.identity import IdentityError
from wire.logs import configure
from wire.settings import SettingsError
from wire.stopping import stop_on_signals

log = structlog.get_logger()


def serve(config: Path, print_ready: bool = False) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code. What prevents the start is said."""
    configure()
    stop = stop_on_signals()
    try:
        agent = Agent(load_agent_settings(config), wire.__version__)
    except (SettingsError, IdentityError, ModelError, OutboxError) as error:
        print(f"agent: {error}", file=sys.stderr)
        return 1
    agent.run(stop, print_ready)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print("usage: python -m edge_agent CONFIG", file=sys.stderr)
        raise SystemExit(2)
    raise SystemExit(serve(Path(sys.argv[1])))
