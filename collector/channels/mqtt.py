"""Agencies that subscribe: the still as its own message, then the incident as CloudEvents JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection

from collector.channels.base import ChannelError, Parcel, Word
from collector.channels.https import EndpointOf, usable
from wire.clock import Clock
from wire.envelope import cloud_event
from wire.names import new_id
from wire.topics import agency_incident, agency_still


class MqttChannel:
    """Publishes with QoS 1 over the collector's own connection."""

    name = "mqtt"
    refers_back = False

    def __init__(
        self,
        source: str,
        clock: Clock,
        *,
        publish: Callable[[str, bytes], bool],
        is_up: Callable[[], bool],
        agencies: Callable[[], Collection[str]],
        endpoint_of: EndpointOf,
    ) -> None:
        self._source = source
        self._clock = clock
        self._publish = publish
        self._is_up = is_up
        self._agencies = agencies
        self._endpoint_of = endpoint_of

    def waits(self, agency: str) -> str | None:
        if not self._is_up():
            return "the broker cannot be reached"
        return usable(self._endpoint_of(agency, self.name), agency, self.name)

    def send(self, parcel: Parcel) -> Word | None:
        """Still first, so that the picture is there when the incident is shown."""
        self._check(parcel.agency)
        if parcel.still is not None:
            sha256 = hashlib.sha256(parcel.still).hexdigest()
            self.send_still(parcel.agency, sha256, parcel.still)
        event = cloud_event(
            "incident",
            parcel.incident,
            id=new_id(),
            source=self._source,
            time=self._clock.now(),
            subject=parcel.incident.camera,
        )
        payload = event.model_dump_json(exclude_none=True).encode()
        self._hand_over(agency_incident(parcel.agency), payload)
        # The agency's word comes on its own topic.
        return None

    def send_still(self, agency: str, sha256: str, jpeg: bytes) -> None:
        self._check(agency)
        self._hand_over(agency_still(agency, sha256), jpeg)

    def _check(self, agency: str) -> None:
        if agency not in self._agencies():
            raise ChannelError(
                f"{agency} is not enrolled or was revoked; mend routing.yaml or enrol it",
                permanent=True,
            )

    def _hand_over(self, topic: str, payload: bytes) -> None:
        if not self._publish(topic, payload):
            raise ChannelError("the broker cannot be reached; it is tried again", permanent=False)
