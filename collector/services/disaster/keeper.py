"""What an alert needs without anybody asking: it runs out, and the signer hears what is over."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import structlog

from collector import step_notes
from collector.changes import Change, Changes
from collector.config import CollectorSettings
from collector.rounds import Rounds
from collector.services.disaster.case import Alerts
from collector.services.disaster.record import Disaster
from collector.services.withdrawal import Withdrawal, of_ending, order
from collector.signer.permit import CameraName, PermitEnding
from collector.store import disasters
from collector.store.database import Database
from collector.store.disasters import Ending
from wire.clock import Clock
from wire.envelope import sign_bytes
from wire.identity import Identity

log = structlog.get_logger()

LOOK_EVERY_S = 5.0
AT_ONCE = 20


class DisasterKeeper:
    """One thread; `changed` makes it look at once."""

    def __init__(
        self,
        settings: CollectorSettings,
        identity: Identity,
        database: Database,
        alerts: Alerts,
        changes: Changes,
        clock: Clock,
        wake_dispatch: Callable[[], None],
        withdrawn: Callable[[Withdrawal], None],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`wake_dispatch`: agencies must be told; `withdrawn`: poles have orders to end views.

        `transport`: another way to the signer.
        """
        tls = settings.signer.url.startswith("https://")
        self._client = httpx.Client(
            base_url=settings.signer.url,
            timeout=settings.signer.timeout_s,
            verify=identity.tls_client() if tls else True,
            trust_env=False,
            transport=transport,
        )
        self._identity = identity
        self._database = database
        self._alerts = alerts
        self._clock = clock
        self._changes = changes
        self._wake_dispatch = wake_dispatch
        self._withdrawn = withdrawn
        self._rounds = Rounds("disasters", self._look, LOOK_EVERY_S, clock)

    def start(self) -> None:
        self._rounds.start()

    def stop(self) -> None:
        self._rounds.stop()
        self._client.close()

    def changed(self, *found: Disaster) -> None:
        """Pages and agencies are told of these alerts, and the signer of permits that are over.

        Without any, a room's message changed nothing: pages that list messages read them anew.
        """
        if not found:
            self._changes.publish(Change("case", ""))
            return
        for one in found:
            if one.case_id is not None:
                self._changes.publish(Change("case", one.case_id))
            if one.incident_id is not None:
                self._changes.publish(Change("incident", one.incident_id))
        self._wake_dispatch()
        self._rounds.wake()

    def round(self) -> None:
        """All that its thread does, once."""
        self._run_out()
        with self._database.reading() as run:
            waiting = disasters.endings(run, AT_ONCE)
        for one in waiting:
            if not self._tell(one):
                return

    def _look(self) -> bool:
        self.round()
        return False

    def _run_out(self) -> None:
        """Alerts whose time is over are closed as a Cancel would."""
        now = self._clock.now()
        with self._database.reading() as run:
            due = disasters.due(run, now)
            ran_out = disasters.cases_ran_out(run, now)
        if ran_out:
            with self._database.transaction() as run:
                ran_out = self._alerts.permits_ran_out(run)
            self._changes.publish(*(Change("case", one) for one in ran_out))
        for one in due:
            over = self._over(one.disaster_id)
            if over is not None:
                log.info("disaster.expired", disaster=one.disaster_id)
                self.changed(over)

    def _over(self, disaster_id: str) -> Disaster | None:
        with self._database.transaction() as run:
            one = disasters.find(run, disaster_id)
            now = self._clock.now()
            # An Update may have come in between.
            if one is None or one.state != "active" or not one.expires_at or one.expires_at > now:
                return None
            return self._alerts.over(
                run, one, "expired", step_notes.ALERT_RAN_OUT, one.room or "centre"
            )

    def _tell(self, one: Ending) -> bool:
        """Whether the signer could be asked. It is told until it says that it knows."""
        ending = PermitEnding(
            act="permit.end",
            permit_id=one.permit_id,
            cameras=tuple(CameraName(device=d, camera=c) for d, c in one.cameras),
            case=one.case,
            why=one.why,
        )
        payload = ending.model_dump_json().encode()
        signed = sign_bytes(payload, self._identity.name, self._identity.key).decode()
        try:
            answer = self._client.post("/endings", json={"signed": signed})
        except httpx.HTTPError as error:
            self._later(one, f"the signer cannot be reached ({type(error).__name__})")
            return False
        if answer.is_success or _is_unknown(answer):
            now = self._clock.now()
            with self._database.transaction() as run:
                disasters.ended(run, one.number)
                withdrawal = of_ending(run, one, now)
                if withdrawal is not None:
                    order(run, withdrawal, now)
            if withdrawal is not None:
                self._withdrawn(withdrawal)
        else:
            self._later(one, f"{answer.status_code} {answer.text[:200]}")
        return True

    def _later(self, one: Ending, why: str) -> None:
        log.error(
            "permit.not-ended", permit=one.permit_id, why=why,
            remedy="it is tried again every few seconds; see to the signer",
        )  # fmt: skip
        with self._database.transaction() as run:
            disasters.not_ended(run, one.number, why)


def _is_unknown(answer: httpx.Response) -> bool:
    """The signer was set up anew: under a permit that it does not have, nothing is given."""
    try:
        return answer.status_code == 404 and answer.json()["code"] == "permit.unknown"
    except (ValueError, KeyError, TypeError):
        return False
