"""The books of a run: what was put, what was receipted, what reached the agencies, exactly once.

A message is put when it is numbered and signed. It must be named by a signed receipt. Its finding
must reach the agency of its kind, in one delivery alone, and be told as ended when its end was put.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from wire.event import Event
from wire.incident import Incident


@dataclass(slots=True)
class Told:
    """What an agency was told of one incident, over all its revisions."""

    agency: str
    incident_id: str
    findings: set[str] = field(default_factory=set)
    revision: int = 0
    ended: bool = False
    again: int = 0
    """Revisions that came more than once."""
    clock: bool = False
    """The pole's clock was not kept: the times are in doubt, or were set right."""


@dataclass(frozen=True, slots=True)
class Balance:
    """The sum; see `faults` for what is wrong with it."""

    put: int
    """Messages numbered and signed."""
    receipted: int
    refused: int
    """Numbered messages that a receipt refused; a well-behaved device has none."""
    unreceipted: int
    findings: int
    delivered: int
    """Findings that reached their agency."""
    undelivered: int
    doubled: int
    """Findings that reached agencies in more than one delivery."""
    astray: int
    """Findings that reached another agency than theirs."""
    unknown: int
    """Findings that were delivered and never put."""
    unended: int
    """Delivered findings of which the end was put, and never told."""
    repeated: int
    """Deliveries that came again and were dropped by their id; no fault."""
    stills: int
    stills_unreceipted: int

    @property
    def faults(self) -> tuple[str, ...]:
        """Names of what does not balance."""
        names = (
            "refused",
            "unreceipted",
            "undelivered",
            "doubled",
            "astray",
            "unknown",
            "unended",
            "stills_unreceipted",
        )
        return tuple(name for name in names if getattr(self, name))


class Books:
    """Written by devices and agencies as it happens; single-threaded."""

    def __init__(self, agency_of: dict[str, str], otherwise: str) -> None:
        """`agency_of`: type of a finding to the agency that it goes to."""
        self._agency_of = agency_of
        self._otherwise = otherwise
        self.put: set[str] = set()
        self.receipted: set[str] = set()
        self.refused: set[str] = set()
        self.stills: set[str] = set()
        self.stills_receipted: set[str] = set()
        self._findings: dict[str, str] = {}
        self._ended: set[str] = set()
        self._told: dict[str, Told] = {}
        self.handed_s: dict[str, float] = {}
        """When a finding's opening was first handed to a connection, monotonic seconds."""
        self.reached_s: dict[str, float] = {}
        """When a finding first reached an agency."""

    def commit(self, id: str, event: Event | None = None) -> None:
        """A device has numbered and signed a message."""
        self.put.add(id)
        if event is None:
            return
        self._findings[event.finding_id] = self._agency_of.get(event.type, self._otherwise)
        if event.phase == "close":
            self._ended.add(event.finding_id)
        if event.still is not None:
            self.stills.add(event.still.sha256)

    def reach(self, agency: str, incident: Incident, now_s: float) -> None:
        """An incident came to an agency."""
        told = self._told.setdefault(incident.delivery_id, Told(agency, incident.incident_id))
        for finding in incident.finding_ids:
            if finding not in told.findings:
                self.reached_s.setdefault(finding, now_s)
        told.findings.update(incident.finding_ids)
        told.clock = told.clock or incident.clock is not None
        if incident.revision <= told.revision:
            told.again += 1
            return
        told.revision, told.ended = incident.revision, incident.ended_at is not None

    @property
    def all_reached(self) -> bool:
        """Whether every finding that was put has reached an agency."""
        return len(self.reached_s) >= len(self._findings)

    @property
    def off_clock(self) -> int:
        """Findings that agencies were told of as off a clock that nothing kept."""
        return sum(len(one.findings) for one in self._told.values() if one.clock)

    def balance(self) -> Balance:
        """How it stands now."""
        deliveries: Counter[str] = Counter()
        astray, unended = set(), set()
        for told in self._told.values():
            deliveries.update(told.findings)
            for finding in told.findings:
                if self._findings.get(finding, told.agency) != told.agency:
                    astray.add(finding)
            if not told.ended:
                unended |= told.findings & self._ended
        return Balance(
            put=len(self.put),
            receipted=len(self.put & self.receipted),
            refused=len(self.put & self.refused),
            unreceipted=len(self.put - self.receipted - self.refused),
            findings=len(self._findings),
            delivered=len(self._findings.keys() & deliveries.keys()),
            undelivered=len(self._findings.keys() - deliveries.keys()),
            doubled=sum(times > 1 for times in deliveries.values()),
            astray=len(astray),
            unknown=len(deliveries.keys() - self._findings.keys()),
            unended=len(unended),
            repeated=sum(one.again for one in self._told.values()),
            stills=len(self.stills),
            stills_unreceipted=len(self.stills - self.stills_receipted),
        )

    def latencies_ms(self, findings: set[str]) -> list[float]:
        """From the device's socket to the agency, of these findings, sorted."""
        return sorted(
            (self.reached_s[one] - self.handed_s[one]) * 1000
            for one in findings
            if one in self.reached_s and one in self.handed_s
        )
