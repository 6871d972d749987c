"""The centre's figures in Prometheus' words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

from prometheus_client.core import Metric

from collector.inbox import InboxCounts
from collector.store.reader import Places, Reader
from collector.store.rows import DeliveryCount, DeviceRow, Summary
from wire.clock import Clock
from wire.exposition import counter, gauge, gauges

P = "polewatch_collector_"
WAITING = ("waiting", "sent")


class Figures:
    """Asks the parts and the database at each question of Prometheus."""

    def __init__(
        self,
        database: Path,
        places: Places,
        counts: InboxCounts,
        waiting: Callable[[], Mapping[str, int]],
        sessions: Callable[[], Mapping[str, bool]],
        clock: Clock,
    ) -> None:
        """`database`: its file; `counts`: the inbox's own, which go on; `waiting`: what it has not
        taken in, by kind; `sessions`: which of the broker's are up, by name."""
        self._database = database
        self._places = places
        self._counts = counts
        self._waiting = waiting
        self._sessions = sessions
        self._clock = clock

    def families(self) -> Iterator[Metric]:
        """Each figure, under `polewatch_collector_…`. Raises sqlite3.Error."""
        # Each question has a thread of its own, and a reader keeps one connection a thread.
        with closing(Reader(self._database, self._places)) as reader:
            summary, devices = reader.summary(), reader.devices()
            deliveries = reader.delivery_counts()
        sessions = self._sessions()
        yield gauge(f"{P}broker_up", "1 while messages flow.", all(sessions.values()))
        yield gauges(
            f"{P}broker_session_up",
            "1 while messages flow, of poles and of agencies.",
            ("session",),
            (((name,), up) for name, up in sessions.items()),
        )
        yield gauges(
            f"{P}inbox_waiting_messages",
            "Came and are not taken in yet, by kind.",
            ("kind",),
            (((kind,), count) for kind, count in self._waiting().items()),
        )
        yield from _inbox(self._counts)
        yield from _store(summary)
        yield from _deliveries(deliveries, self._clock.now().timestamp())
        yield from _devices(devices)


def _inbox(counts: InboxCounts) -> Iterator[Metric]:
    name = f"{P}inbox_"
    yield counter(f"{name}messages_total", "From the broker.", counts.messages)
    yield counter(f"{name}events_total", "Stored as new.", counts.events)
    yield counter(f"{name}duplicates_total", "Known already.", counts.duplicates)
    yield counter(f"{name}refused_total", "Put into quarantine.", counts.refused)
    yield counter(f"{name}dropped_total", "Came while the queue stayed full.", counts.dropped)
    yield counter(f"{name}batches_total", "Commits.", counts.batches)


def _store(summary: Summary) -> Iterator[Metric]:
    yield gauge(f"{P}incidents", "In the store.", summary.incidents)
    yield gauge(f"{P}incidents_ongoing", "Not over.", summary.incidents_ongoing)
    yield gauge(f"{P}incidents_unhandled", "That wait for a person.", summary.incidents_unhandled)
    yield gauge(f"{P}events", "In the store.", summary.events)
    yield gauge(f"{P}quarantined_messages", "Refused, kept.", summary.quarantined)
    yield gauge(f"{P}security_entries", "In the security log.", summary.security_entries)
    yield gauge(f"{P}ledger_entries", "In the ledger.", summary.ledger_entries)
    yield gauge(f"{P}cameras", "Known cameras.", summary.cameras)
    yield gauge(f"{P}cameras_up", "Whose pictures come.", summary.cameras_up)


def _deliveries(counts: tuple[DeliveryCount, ...], now: float) -> Iterator[Metric]:
    yield gauges(
        f"{P}deliveries",
        "By agency, channel and how they stand.",
        ("agency", "channel", "state"),
        (((one.agency, one.channel, one.state), one.count) for one in counts),
    )
    oldest = {(one.agency, one.channel): 0.0 for one in counts}
    for one in counts:
        if one.state in WAITING:
            key = (one.agency, one.channel)
            oldest[key] = max(oldest[key], now - one.oldest.timestamp())
    yield gauges(
        f"{P}delivery_oldest_seconds",
        "How long the oldest one has been without the agency's acknowledgement.",
        ("agency", "channel"),
        oldest.items(),
    )


def _devices(devices: tuple[DeviceRow, ...]) -> Iterator[Metric]:
    label = ("device",)
    yield gauges(
        f"{P}device_online",
        "1 while the box is connected.",
        label,
        (((one.device,), one.online) for one in devices),
    )
    yield gauges(
        f"{P}device_missing_messages",
        "Numbers that are neither here nor covered by a loss record.",
        label,
        (((one.device,), one.missing) for one in devices),
    )
    yield gauges(
        f"{P}device_outbox_messages",
        "What waits on the box, as it last said.",
        label,
        (((one.device,), one.health.outbox.depth) for one in devices if one.health),
    )
    faults = Counter(code for one in devices if one.health for code in one.health.faults)
    yield gauges(
        f"{P}devices_with_fault",
        "Boxes that report it, by its code.",
        ("code",),
        (((code,), count) for code, count in sorted(faults.items())),
    )
