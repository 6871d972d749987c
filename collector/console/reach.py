"""How far a person's roles reach in the console: everything, one agency's open incidents, or none.

Operators and supervisors see all. An agency's officer sees the incidents that were routed to his
agency, while they are open. Technicians, privacy officers and administrators see none of them:
cameras and boxes are their trade, the ledger, accounts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import get_args

from collector.store.rows import IncidentFilter, IncidentRow
from wire.grant import PersonToken
from wire.incident import IncidentState

CENTRE = frozenset({"operator", "supervisor"})
VIEWERS = CENTRE | {"officer"}
"""Who is shown ways to video; whether somebody sees it is the signer's word."""
CAMERA_TRADE = CENTRE | {"technician", "administrator"}
OVER: frozenset[IncidentState] = frozenset({"rejected", "closed"})
OPEN: tuple[IncidentState, ...] = tuple(one for one in get_args(IncidentState) if one not in OVER)


@dataclass(frozen=True, slots=True)
class Reach:
    """What of the incidents somebody sees; `agency` None: of all agencies, over or not."""

    incidents: bool
    agency: str | None = None

    @classmethod
    def of(cls, person: PersonToken) -> Reach:
        """The widest of a person's roles counts."""
        roles = set(person.roles)
        if CENTRE & roles:
            return cls(True)
        return cls(True, person.agency) if "officer" in roles else cls(False)

    @property
    def all(self) -> bool:
        return self.incidents and self.agency is None

    def narrowed(self, wanted: IncidentFilter | None = None) -> IncidentFilter | None:
        """The filter that shows no more than may be seen; None: nothing may."""
        wanted = wanted or IncidentFilter()
        if self.all:
            return wanted
        states = tuple(one for one in OPEN if not wanted.states or one in wanted.states)
        if not self.incidents or not states:
            return None
        return replace(wanted, agency=self.agency, states=states)

    def routed(self, one: IncidentRow) -> bool:
        """Whether it was routed to where somebody belongs, open or not."""
        return self.all or (
            self.incidents and any(told.agency == self.agency for told in one.deliveries)
        )

    def sees(self, one: IncidentRow) -> bool:
        """Whether somebody may see an incident."""
        return self.routed(one) and (self.all or one.state not in OVER)


def sees_every_camera(person: PersonToken) -> bool:
    """Whether where all cameras stand and look, and how they are, is somebody's business."""
    return bool(CAMERA_TRADE & set(person.roles))
