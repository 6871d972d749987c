"""How deliveries stand, an agency and channel a row."""

from __future__ import annotations

from dataclasses import dataclass

SQL = """
SELECT agency, channel, sum(state IN ('waiting', 'sent')) AS waiting,
       sum(state = 'failed') AS failed, sum(state = 'done') AS done,
       (SELECT error FROM delivery e WHERE e.agency = d.agency AND e.channel = d.channel
        AND e.state IN ('waiting', 'failed') AND e.error IS NOT NULL
        ORDER BY e.next_at DESC LIMIT 1) AS error
FROM delivery d GROUP BY agency, channel ORDER BY agency, channel
"""


@dataclass(frozen=True, slots=True)
class DeliveryHealth:
    """All deliveries of one agency over one channel."""

    agency: str
    channel: str
    waiting: int
    """Not yet acknowledged."""
    failed: int
    done: int
    error: str | None
    """What the newest of those that failed or wait was told last."""
