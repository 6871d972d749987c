"""Takes messages of disaster rooms and follows them: one message is one transaction, or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from collector.areas import NamedArea
from collector.cap.answer import acknowledgement
from collector.cap.document import Alert, CapError
from collector.cap.read import read_cap
from collector.cap.write import write_cap
from collector.channels.signature import SignatureError, check
from collector.config import DisasterRoom
from collector.problems import STATUS, ProblemError
from collector.services.disaster.case import Alerts, Scene, Terms
from collector.services.disaster.following import (
    YEARS,
    Step,
    expires,
    impossible_time,
    is_drill,
    judge,
)
from collector.services.disaster.record import Disaster, Message
from collector.services.disaster.told import AreaError, Shapes, Told, told_of, zone_of
from collector.services.disaster.told import middle_of as middle_of_zone
from collector.services.offering import Offering
from collector.store import disasters
from collector.store.database import Database
from collector.store.refusals import clean
from wire import faultpoint
from wire.clock import Clock
from wire.grant import PersonToken
from wire.names import new_id

_AREA = ("Alert", "Update")
"""Messages that must say where."""
MOST_CAMERAS = 5_000
"""As many as one permit names."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a room gets: a CAP document, or nothing for its own answers."""

    status: int
    document: bytes | None


@dataclass(frozen=True, slots=True)
class _Read:
    """What a message says of its area, or why that cannot be meant."""

    told: Told | None = None
    scene: Scene | None = None
    elsewhere: str | None = None
    wrong: str | None = None


class DisasterDesk:
    """Safe from any thread."""

    def __init__(
        self,
        rooms: Iterable[DisasterRoom],
        database: Database,
        alerts: Alerts,
        offering: Offering,
        areas: Callable[[], tuple[NamedArea, ...]],
        clock: Clock,
        zone: ZoneInfo,
        changed: Callable[..., None],
    ) -> None:
        """`areas`: those of routing.yaml; `zone`: the site's; `changed(*alerts)`: tells all."""
        self._rooms = {one.name: (one, one.secret_file.read_bytes().strip()) for one in rooms}
        self._database = database
        self._alerts = alerts
        self._offering = offering
        self._areas = areas
        self._clock = clock
        self._zone = zone
        self.changed = changed

    def take(
        self, name: str, body: bytes, signature: str | None, program: PersonToken | None = None
    ) -> Answered:
        """A room's message; raises ProblemError when it is not the room's, or cannot be read.

        `program`: whose API token stands for the signature.
        """
        room = self._believed(name, body, signature, program)
        try:
            message = read_cap(body)
        except CapError as error:
            self._keep_unread(room, body, str(error))
            raise ProblemError("request.invalid", str(error)[:400]) from error
        refusal = _refusal(room, message)
        if refusal is not None:
            kept = self._kept(room, message, body, refusal)
            with self._database.transaction() as run:
                disasters.keep(run, kept, body)
            self.changed()
        else:
            kept = self._follow(room, message, body)
        return self._answer(room, message, kept)

    def drawn(self, shapes: Shapes) -> Shapes:
        """With what its named areas are drawn as, so that agencies see them too."""
        named = [one for one in self._areas() if one.name in shapes.names]
        rings = [*shapes.polygons, *(one.polygon for one in named if one.polygon)]
        rounds = [*shapes.circles, *(one.circle for one in named if one.circle)]
        # An alert that is changed brings what was drawn before along.
        update = {"polygons": tuple(dict.fromkeys(rings)), "circles": tuple(dict.fromkeys(rounds))}
        return shapes.model_copy(update=update)

    def scene(self, told: Told) -> Scene:
        """Place and cameras of what people typed in; raises ProblemError place.impossible."""
        try:
            scene, elsewhere = self._scene(told)
        except AreaError as error:
            raise ProblemError("place.impossible", str(error)) from error
        if elsewhere is not None:
            raise ProblemError("place.impossible", elsewhere)
        return scene

    def _believed(
        self, name: str, body: bytes, signature: str | None, program: PersonToken | None
    ) -> DisasterRoom:
        """Whose machine it is; raises ProblemError auth.refused."""
        found = self._rooms.get(name)
        if found is None:
            raise ProblemError("auth.refused", f"there is no disaster room {name}")
        if program is not None:
            if program.agency != found[0].agency:
                raise ProblemError("auth.forbidden", f"the room {name} is another agency's")
            return found[0]
        try:
            check(found[1], body, signature, self._clock.now())
        except SignatureError as error:
            raise ProblemError("auth.refused", str(error)) from error
        return found[0]

    def _follow(self, room: DisasterRoom, message: Alert, body: bytes) -> Message:
        """Decide, act and remember, in one transaction."""
        read = self._read(message)
        now = self._clock.now()
        changed: list[Disaster] = []
        with self._database.transaction() as run:
            before = disasters.taken(run, room.name, message)
            if before is not None:
                return before
            names = (message.reference, *message.references)
            known = disasters.named(run, room.name, names)
            step = judge(message, [one.thread for one in known], now, elsewhere=read.elsewhere)
            if step.act in ("open", "change") and read.wrong is not None:
                step = Step("refuse", (), read.wrong, "place.impossible")
            if step.act != "refuse":
                changed = self._act(run, room, message, step, known, read)
            disaster_id = changed[0].disaster_id if changed else None
            kept = self._kept(room, message, body, step, disaster_id)
            disasters.keep(run, kept, body)
            faultpoint.reach("disaster.decided")
        faultpoint.reach("disaster.taken")
        self.changed(*changed)
        return kept

    def _act(
        self,
        run: sqlite3.Connection,
        room: DisasterRoom,
        message: Alert,
        step: Step,
        known: list[Disaster],
        read: _Read,
    ) -> list[Disaster]:
        """What `step` changes; the alerts as they are then."""
        now = self._clock.now()
        match step.act:
            case "open" | "change":
                assert read.told is not None, "`_read` has looked"
                assert read.scene is not None, "`_read` has looked"
                one = known[0] if known else self._fresh(room, message)
                one = one.model_copy(
                    update={
                        "state": "active",
                        "sent": message.sent,
                        "expires_at": expires(message),
                        "told": read.told,
                        "updated_at": now,
                        "why": None,
                    }
                )
                if step.act == "open":
                    changed = [
                        self._alerts.opened(run, one, _terms(room, message, one), read.scene)
                    ]
                else:
                    changed = [self._alerts.moved(run, one, read.scene)]
            case "end" | "forestall":
                # One that nobody has seen is remembered, so that its Alert opens nothing.
                changed = [
                    self._alerts.over(
                        run,
                        one.model_copy(update={"sent": message.sent}),
                        "cancelled" if message.msg_type == "Cancel" else "closed",
                        step.why,
                        room.name,
                    )
                    for one in known or [self._fresh(room, message)]
                ]
            case _:
                return known
        names = (message.reference, *message.references)
        disasters.name(run, room.name, names, changed[0].disaster_id)
        return changed

    def _fresh(self, room: DisasterRoom, message: Alert) -> Disaster:
        now = self._clock.now()
        return Disaster(
            disaster_id=new_id(),
            room=room.name,
            agency=room.agency,
            state="active",
            drill=is_drill(message),
            sent=message.sent,
            opened_at=now,
            updated_at=now,
        )

    def _read(self, message: Alert) -> _Read:
        if message.msg_type not in _AREA:
            return _Read()
        try:
            told = told_of(message)
            scene, elsewhere = self._scene(told)
        except AreaError as error:
            return _Read(wrong=str(error))
        return _Read(told, scene, elsewhere)

    def _scene(self, told: Told) -> tuple[Scene, str | None]:
        """With what is to be said when it lies elsewhere; raises AreaError."""
        city, codes = self._offering.area, self._offering.area_codes()
        zone, elsewhere = zone_of(told.shapes, self._areas(), city, codes)
        points = () if zone.bounds else self._offering.points_within(zone)
        if city is None:
            raise AreaError("area: no camera of the city has a place yet; fill in collector.yaml")
        middle = middle_of_zone(zone, points, city)
        cameras = self._offering.of_area(zone, middle)
        spot = self._offering.nearest(middle)
        if cameras:
            spot = (cameras[0].device, cameras[0].camera)
        return Scene(middle, spot, cameras[:MOST_CAMERAS], len(cameras)), elsewhere

    def _kept(
        self,
        room: DisasterRoom,
        message: Alert,
        body: bytes,
        step: Step,
        disaster_id: str | None = None,
    ) -> Message:
        return Message(
            room=room.name,
            received_at=self._clock.now(),
            sender=message.sender[:400],
            identifier=message.identifier[:400],
            sent=message.sent if message.sent.year in YEARS else None,
            msg_type=message.msg_type,
            status=message.status,
            disaster_id=disaster_id,
            act=step.act,
            code=step.code or None,
            detail=clean(step.why, 400),
            bytes=len(body),
        )

    def _keep_unread(self, room: DisasterRoom, body: bytes, why: str) -> None:
        kept = Message(
            room=room.name,
            received_at=self._clock.now(),
            act="refuse",
            code="request.invalid",
            detail=clean(why, 400),
            bytes=len(body),
        )
        with self._database.transaction() as run:
            disasters.keep(run, kept, body)
        self.changed()

    def _answer(self, room: DisasterRoom, message: Alert, kept: Message) -> Answered:
        if message.msg_type in ("Ack", "Error"):
            # Who answers answers has no end.
            return Answered(204, None)
        refused = kept.act == "refuse"
        word = acknowledgement(
            message,
            sender=room.answers_as,
            sent=self._clock.now().astimezone(self._zone),
            refused_because=f"{kept.code}: {kept.detail}" if refused else None,
            note=kept.detail or None,
        )
        status = STATUS.get(kept.code or "", 400) if refused else 200
        return Answered(status, write_cap(word))


def _refusal(room: DisasterRoom, message: Alert) -> Step | None:
    """What is wrong with it, whatever is known; None when nothing is."""
    if room.senders and message.sender not in room.senders:
        said = f"sender: {room.name} does not speak for {message.sender[:80]}"
        return Step("refuse", (), said, "auth.forbidden")
    wrong = impossible_time(message)
    return None if wrong is None else Step("refuse", (), wrong, "request.invalid")


def _terms(room: DisasterRoom, message: Alert, one: Disaster) -> Terms:
    """Its number is the message's own, and that of no other alert."""
    return Terms(
        source=room.name,
        case=f"{clean(message.identifier, 50)}/{one.disaster_id[-8:]}",
        purpose=room.purpose,
        basis=room.basis,
        minutes_back=room.minutes_back,
        hours=room.hours,
    )
