"""A thread a board, so that none waits for another, and one that follows the incidents."""

from __future__ import annotations

from collector.changes import Changes
from collector.config import CollectorSettings
from collector.incident_desk import IncidentDesk
from collector.rounds import Rounds
from collector.services.boards.drivers.base import Driver
from collector.services.boards.drivers.web import Screens, WebDriver
from collector.services.boards.registry import Board, Boards
from collector.services.boards.watch import IncidentWatch
from collector.services.boards.worker import BoardWorker
from collector.store.database import Database
from wire.clock import Clock

LOOK_EVERY_S = 2.0


class BoardKeeper:
    """`start` once, `stop` once."""

    def __init__(
        self,
        settings: CollectorSettings,
        boards: Boards,
        desk: IncidentDesk,
        database: Database,
        changes: Changes,
        clock: Clock,
        screens: Screens,
    ) -> None:
        self._screens = screens
        self._workers = [
            BoardWorker(one, self._driver(one), database, changes, clock, settings.zone)
            for one in boards.boards
        ]
        watch = IncidentWatch(settings, boards, desk, database, changes, clock, self.lead_on)
        self._watch = Rounds("boards", watch.round, LOOK_EVERY_S, clock)
        self._rounds = [
            Rounds(f"board-{one.board.id}", one.round, one.board.every_s, clock)
            for one in self._workers
        ]

    def start(self) -> None:
        if not self._workers:
            return
        for one in (*self._rounds, self._watch):
            one.start()

    def stop(self) -> None:
        """End after what each is doing; one that hangs is left behind."""
        if not self._workers:
            return
        for one in (self._watch, *self._rounds):
            one.end()
        self._watch.stop()
        for worker, rounds in zip(self._workers, self._rounds, strict=True):
            if rounds.stop():
                worker.close()

    def incidents_changed(self) -> None:
        """There may be something to say, or to take back."""
        self._watch.wake()

    def lead_on(self) -> None:
        """Messages changed: boards are led on at once."""
        for worker, rounds in zip(self._workers, self._rounds, strict=True):
            worker.due_now()
            rounds.wake()

    def _driver(self, board: Board) -> Driver:
        if board.driver == "web":
            return WebDriver(board, self._screens)
        # The libraries of SNMP take a twentieth of the collector's start, and few cities need them.
        from collector.services.boards.drivers.ntcip import NtcipDriver
        from collector.services.boards.drivers.snmp import Snmp

        assert board.snmp is not None, "the file's model says so"
        return NtcipDriver(board, Snmp(board.snmp))
