"""Switches what hangs on the pole: at a finding, at the operator's word, and off when it is time.

Off at the start and at the end. One thread switches, looks at the time and at what is read back:
who finds something never waits for it. A relay that sticks, or cannot be asked, is told once and
tried again.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from edge_agent.facilities.outputs import Contact, Output, OutputError, open_output
from edge_agent.facilities.settings import FacilitySettings, Switching
from edge_agent.facilities.switch import Switch, SwitchError
from edge_agent.rules.schedule import Schedule
from edge_agent.uplink.commands import Answer, CommandFailedError
from wire.clock import Clock
from wire.command import Command, FacilitySwitchCommand
from wire.facility import SWITCHED, FacilityMode, FacilityState

LOOK_S = 0.2
SETTLES_S = 2.0
"""A relay and its contact need a moment."""
AGAIN_S = 5.0
RUNG_EVERY_S = 10.0
"""Whoever presses a bell again and again has called once."""
ORDERED_S = 4.0
"""Somebody waits for the answer to his order no longer."""
WAITING = 64
"""Findings and orders that may wait for a slow relay."""

Audit = Callable[..., None]
log = structlog.get_logger()


class FacilityError(Exception):
    """Not switched; `code` is one of wire.codes."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass
class _One:
    settings: FacilitySettings
    switch: Switch
    output: Output | None
    mode: FacilityMode = "off"
    changed_at: float = 0.0
    tried_at: float = float("-inf")
    announcement: str | None = None

    @property
    def wanted(self) -> bool:
        return self.switch.on_since is not None


class FacilityDesk:
    """Safe from any thread; `start` once, `stop` once."""

    def __init__(
        self,
        facilities: tuple[FacilitySettings, ...],
        clock: Clock,
        zone: ZoneInfo,
        audit: Audit,
        pressed: Callable[[str, str], None] = lambda _bell, _camera: None,
    ) -> None:
        """`audit(action, **fields)` writes it down; `pressed(bell, camera)`: somebody rings."""
        self._clock = clock
        self._zone = zone
        self._audit = audit
        self._pressed = pressed
        self._waiting: queue.Queue[Callable[[], None]] = queue.Queue(WAITING)
        self._stopping = threading.Event()
        self._seen: tuple[FacilityState, ...] = ()
        self.dropped = 0
        """Findings and orders that found no room."""
        self._thread = threading.Thread(target=self._run, name="facilities", daemon=True)
        self._contacts: dict[str, tuple[FacilitySettings, Contact | None]] = {}
        self._ones: dict[str, _One] = {}
        for one in facilities:
            if one.kind in SWITCHED:
                switch = Switch(one.longest_on_s, one.rest_s, one.most_a_minute)
                self._ones[one.id] = _One(one, switch, self._opened(one))
            else:
                self._contacts[one.id] = (one, self._contact(one))

    def start(self) -> None:
        """All is off, whatever it was left as."""
        if self._ones or self._contacts:
            self._thread.start()

    def stop(self) -> None:
        """All is off, and nothing is switched any more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(10.0)
        for one in self._ones.values():
            if one.output is None:
                continue
            try:
                one.output.close()
            except OutputError as error:
                log.error("facility.left", facility=one.settings.id, error=str(error))
        for _, contact in self._contacts.values():
            if contact is not None:
                contact.close()

    def order(
        self,
        name: str,
        *,
        on: bool,
        by: str,
        seconds: float | None = None,
        announcement: str | None = None,
    ) -> Future[FacilityState]:
        """Somebody wants it on or off; the future fails with FacilityError."""
        told: Future[FacilityState] = Future()

        def obey() -> None:
            try:
                told.set_result(self._ordered(name, on, by, seconds, announcement))
            except FacilityError as error:
                told.set_exception(error)

        if not self._put(obey):
            told.set_exception(FacilityError("command.busy", "too much waits to be switched"))
        return told

    def found(self, type_: str, camera: str) -> None:
        """Something was found there: what is to go on for it goes on. Never waits."""
        self._put(lambda: self._found(type_, camera))

    def states(self) -> tuple[FacilityState, ...]:
        """How all were a moment ago."""
        return self._seen

    def faults(self) -> set[str]:
        """Codes of what is wrong now."""
        bad = any(one.mode in ("stuck", "unknown") for one in self._seen)
        return {"facility.stuck"} if bad else set()

    def begin(self) -> None:
        """What its thread does first: all is off."""
        for one in self._ones.values():
            self._drive(one)
        self._note()

    def tick(self) -> None:
        """All that its thread does, once; without waiting for anything to do."""
        while not self._waiting.empty():
            self._waiting.get_nowait()()
        now = self._clock.monotonic()
        for one in self._ones.values():
            if one.switch.over(now):
                self._turn(one, on=False, by="its time is over")
            self._look(one, now)
        self._note()

    def _run(self) -> None:
        self.begin()
        while not self._stopping.is_set():
            try:
                with contextlib.suppress(queue.Empty):
                    self._waiting.get(timeout=LOOK_S)()
                self.tick()
            except Exception:  # what fails with one facility must not leave others on
                log.exception("facility.failed")

    def _put(self, work: Callable[[], None]) -> bool:
        try:
            self._waiting.put_nowait(work)
        except queue.Full:
            self.dropped += 1
            return False
        return True

    def _ordered(
        self, name: str, on: bool, by: str, seconds: float | None, announcement: str | None
    ) -> FacilityState:
        one = self._ones.get(name)
        if one is None:
            raise FacilityError("facility.unknown", f"there is no {name} that can be switched")
        sounds = one.settings.sounds
        if announcement is not None and (sounds is None or announcement not in sounds.files):
            raise FacilityError("facility.unknown", f"{name} has no announcement {announcement}")
        try:
            self._turn(one, on=on, by=by, seconds=seconds, announcement=announcement)
        except SwitchError as error:
            self._audit("facility.refused", facility=name, person=by[:80], detail=str(error))
            raise FacilityError("facility.busy", str(error)) from None
        if one.mode == "unknown":
            raise FacilityError("facility.stuck", f"{name} cannot be switched or asked")
        return self._state(one)

    def _found(self, type_: str, camera: str) -> None:
        now = self._clock.now()
        for one in self._ones.values():
            rules = one.settings.on
            rule = next(
                (r for r in rules if self._fits(r, type_, camera) and self._armed(r, now)), None
            )
            if rule is None:
                continue
            by = f"rule: {type_} at {camera}"
            said = rule.announcement
            try:
                self._turn(one, on=True, by=by, seconds=rule.seconds, announcement=said)
            except SwitchError as error:
                log.info("facility.rests", facility=one.settings.id, why=str(error))

    def _note(self) -> None:
        inputs = (
            FacilityState(
                facility=name,
                kind=settings.kind,
                title=settings.title,
                mode="unknown" if contact is None else "on" if contact.active else "off",
            )
            for name, (settings, contact) in self._contacts.items()
        )
        self._seen = (*(self._state(one) for one in self._ones.values()), *inputs)

    def _turn(
        self,
        one: _One,
        *,
        on: bool,
        by: str,
        seconds: float | None = None,
        announcement: str | None = None,
    ) -> None:
        """Raises SwitchError."""
        now = self._clock.monotonic()
        if on:
            one.announcement = announcement
            changed = one.switch.on(now, seconds, by)
        else:
            changed = one.switch.off(now)
        if not changed:
            return
        action = "facility.on" if on else "facility.off"
        self._audit(action, facility=one.settings.id, person=by[:80])
        self._drive(one)

    def _drive(self, one: _One) -> None:
        """Make it what is wanted."""
        now = self._clock.monotonic()
        one.tried_at = one.changed_at = now
        if one.output is None:
            self._is(one, "unknown", "it could not be opened")
            return
        try:
            if one.wanted:
                one.output.on(one.switch.left(now) or 0.0, one.announcement)
            else:
                one.output.off()
        except OutputError as error:
            self._is(one, "unknown", str(error))
        else:
            one.mode = "on" if one.wanted else "off"

    def _look(self, one: _One, now: float) -> None:
        """What is read back must be what is wanted, a moment after it was switched."""
        if one.output is None or now - one.changed_at < SETTLES_S:
            return
        try:
            found = one.output.is_on()
        except OutputError as error:
            self._is(one, "unknown", str(error))
            found = None
        if one.settings.kind == "speaker":
            if one.wanted and found is False:
                # What was to be said is said.
                self._turn(one, on=False, by="it has been played")
            return
        if found is not None and found != one.wanted:
            said = "on" if found else "off"
            self._is(one, "stuck", f"it is {said} and should not be; see to its relay")
        elif found is not None and one.mode in ("stuck", "unknown"):
            self._is(one, "on" if one.wanted else "off", None)
        if one.mode in ("stuck", "unknown") and now - one.tried_at >= AGAIN_S:
            self._drive_again(one, now)

    def _drive_again(self, one: _One, now: float) -> None:
        assert one.output is not None, "`_look` has looked"
        one.tried_at = now
        try:
            if one.wanted:
                one.output.on(one.switch.left(now) or 0.0, one.announcement)
            else:
                one.output.off()
            if one.mode == "unknown" and one.output.is_on() is None:
                self._is(one, "on" if one.wanted else "off", None)
        except OutputError as error:
            self._is(one, "unknown", str(error))

    def _is(self, one: _One, mode: FacilityMode, why: str | None) -> None:
        """It became so; told once."""
        if one.mode == mode:
            return
        bad = mode in ("stuck", "unknown")
        one.mode = mode
        log.warning("facility.state", facility=one.settings.id, mode=mode, why=why)
        action = "facility.stuck" if bad else "facility.mended"
        code = "facility.stuck" if bad else None
        self._audit(action, facility=one.settings.id, code=code, detail=why)

    def _fits(self, rule: Switching, type_: str, camera: str) -> bool:
        return type_ in rule.types and camera in (rule.cameras or (camera,))

    def _armed(self, rule: Switching, now: datetime) -> bool:
        return Schedule(rule.schedule, self._zone).armed(now) and (not rule.dark or self.dark)

    @property
    def dark(self) -> bool:
        """What the light sensor says; without one that can be asked, it is not dark."""
        return any(
            contact is not None and contact.active
            for settings, contact in self._contacts.values()
            if settings.kind == "light-sensor"
        )

    def _state(self, one: _One) -> FacilityState:
        sounds = one.settings.sounds
        return FacilityState(
            facility=one.settings.id,
            kind=one.settings.kind,
            title=one.settings.title,
            mode=one.mode,
            wanted=one.wanted,
            left_s=one.switch.left(self._clock.monotonic()),
            by=one.switch.by,
            announcements=tuple(sounds.files) if sounds else (),
            longest_on_s=one.settings.longest_on_s,
        )

    def _opened(self, one: FacilitySettings) -> Output | None:
        try:
            return open_output(one)
        except OutputError as error:
            log.error("facility.unusable", facility=one.id, error=str(error))
            return None

    def _contact(self, one: FacilitySettings) -> Contact | None:
        assert one.gpio is not None, "its model says so"
        try:
            return Contact(one.gpio, self._rings(one) if one.kind == "bell" else None)
        except OutputError as error:
            log.error("facility.unusable", facility=one.id, error=str(error))
            return None

    def _rings(self, one: FacilitySettings) -> Callable[[bool], None]:
        last_s = float("-inf")

        def changed(pressed: bool) -> None:
            nonlocal last_s
            now_s = self._clock.monotonic()
            if pressed and one.camera is not None and now_s - last_s >= RUNG_EVERY_S:
                last_s = now_s
                self._audit("facility.pressed", facility=one.id, camera=one.camera)
                self._pressed(one.id, one.camera)
                self.found("bell", one.camera)

        return changed


def facility_handler(desk: FacilityDesk) -> Callable[[Command], Answer]:
    """Obeys `facility.switch`."""

    def handle(command: Command) -> Answer:
        if not isinstance(command.action, FacilitySwitchCommand):
            raise CommandFailedError("command.invalid", "no facility")
        wish = command.action.switch
        told = desk.order(
            wish.facility,
            on=wish.on,
            by=wish.person,
            seconds=wish.seconds,
            announcement=wish.announcement,
        )
        try:
            return Answer(facility=told.result(ORDERED_S))
        except FacilityError as error:
            raise CommandFailedError(error.code, error.message) from None
        except TimeoutError:
            raise CommandFailedError("command.busy", "other things are being switched") from None

    return handle
