"""Whether approved cases still have their permit: rules are withdrawn at the signer, without us.

One thread; what it finds withdrawn is shown no more, and waits for an operator again.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Collection
from datetime import datetime

import httpx
import structlog
from pydantic import ValidationError

from collector.config import SignerAddress
from collector.relay import way_to
from collector.services.cases import CaseDesk
from collector.signer.permit import MAX_PERMITS, PermitsAnswer
from wire.clock import Clock
from wire.identity import Identity
from wire.names import Id

EVERY_S = 5.0
log = structlog.get_logger()


class PermitWatch:
    """Asks the signer every few seconds while any case is approved."""

    def __init__(
        self,
        signer: SignerAddress,
        identity: Identity,
        cases: CaseDesk,
        clock: Clock,
        in_force: Callable[[Collection[Id]], None] = lambda _permits: None,
    ) -> None:
        """`in_force` hears each time which permits of cases last."""
        self._client = httpx.Client(**way_to(signer, identity))
        self._cases = cases
        self._in_force = in_force
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="permits", daemon=True)
        self._silent = False

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        self._stop.set()
        self._thread.join(timeout_s)
        self._client.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
                self._silent = False
            except (httpx.HTTPError, ValidationError, sqlite3.Error) as error:
                if not self._silent:
                    log.warning("permits.unknown", error=str(error))
                self._silent = True
            self._clock.wait(self._stop, EVERY_S)

    def look(self) -> None:
        """Once; raises httpx.HTTPError, ValidationError, sqlite3.Error."""
        known = self._cases.permits_in_force()
        self._in_force(known)
        for first in range(0, len(known), MAX_PERMITS):
            for permit_id, at in self._ask(known[first : first + MAX_PERMITS]).items():
                self._cases.permit_withdrawn(permit_id, at)

    def _ask(self, permits: tuple[str, ...]) -> dict[str, datetime]:
        answer = self._client.post("/permits/withdrawn", json={"permits": permits})
        answer.raise_for_status()
        return PermitsAnswer.model_validate_json(answer.content).withdrawn
