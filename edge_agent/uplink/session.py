"""What belongs to one connection of the link."""

from __future__ import annotations

from datetime import datetime

from edge_agent.uplink.connection import Connection
from edge_agent.uplink.order import Item
from edge_agent.uplink.silence import Silence
from wire.health import RunningModel


class Session:
    """From one connection's first moment to its last."""

    def __init__(self, connection: Connection, silence: Silence, since: datetime) -> None:
        self.connection = connection
        self.silence = silence
        self.since = since
        self.models: tuple[RunningModel, ...] = ()
        """As the centre was told."""
        self.unconfirmed: dict[int, Item] = {}
        self.window_id: str | None = None
        self.health_s = float("-inf")
        self.look_s = float("-inf")
        """When to look next whether figures are to be told."""
        self.told: tuple[object, ...] = ()
        """The states in the newest report of figures."""
        self.pause_s = 0.0
        self.idle = False
        """Nothing was due at the last look."""
        self.parted = False
        """The offline state was sent in person; the will is not wanted."""

    def settle(self) -> None:
        """Forget what the broker confirmed."""
        while self.connection.confirmed:
            self.unconfirmed.pop(self.connection.confirmed.popleft(), None)
