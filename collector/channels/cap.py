"""Agencies that speak CAP 1.2: each revision a message by HTTPS POST, answered by an Ack."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from collector.cap.answer import answers
from collector.cap.document import Alert, CapError
from collector.cap.read import read_cap
from collector.cap.telling import Way, tell
from collector.cap.write import write_cap
from collector.channels.base import ChannelError, Parcel, Word
from collector.channels.https import Answer, EndpointOf, Posts, https_endpoint, usable
from collector.config import CameraPlace
from collector.endpoints import CapEndpoint
from wire.incident import Incident

MEDIA_TYPE = "application/cap+xml"


class CapChannel:
    """The answer may be the Ack itself, or nothing: then the Ack comes by itself later."""

    name = "cap"
    refers_back = True

    def __init__(
        self,
        zone: ZoneInfo,
        places: Mapping[tuple[str, str], CameraPlace],
        endpoint_of: EndpointOf,
    ) -> None:
        self._zone = zone
        self._places = places
        self._endpoint_of = endpoint_of
        self._posts = Posts()

    def waits(self, agency: str) -> str | None:
        return usable(self._endpoint_of(agency, self.name), agency, self.name)

    def send(self, parcel: Parcel) -> Word | None:
        endpoint = https_endpoint(
            self._endpoint_of(parcel.agency, self.name), parcel.agency, self.name
        )
        if not isinstance(endpoint, CapEndpoint):
            raise ChannelError(f"{parcel.agency}: the endpoint is not for CAP", permanent=True)
        alert = tell(
            parcel.incident,
            self._way(endpoint, parcel.incident),
            sent=parcel.due_at.astimezone(self._zone),
            earlier=tuple((n, at.astimezone(self._zone)) for n, at in parcel.earlier),
            still=parcel.still,
        )
        if alert is None:
            return Word("received", note="rejected before anything was sent: nothing to cancel")
        try:
            body = write_cap(alert)
        except CapError as error:
            raise ChannelError(f"cannot be said in CAP: {error}", permanent=True) from error
        answer = self._posts.post(endpoint, body, {"Content-Type": MEDIA_TYPE})
        return _word(parcel.agency, alert, answer)

    def send_still(self, agency: str, sha256: str, jpeg: bytes) -> None:  # noqa: ARG002  # of Channel
        """A CAP message is never changed; the next Update carries the picture."""
        raise ChannelError(f"{agency} gets {sha256[:8]} with its next Update", permanent=False)

    def _way(self, endpoint: CapEndpoint, incident: Incident) -> Way:
        place = self._places.get((incident.device, incident.camera))
        group = place.group if place else None
        codes = endpoint.event_codes
        return Way(
            sender=endpoint.sender,
            sender_name=endpoint.sender_name,
            agency=endpoint.agency,
            scope=endpoint.scope,
            restriction=endpoint.restriction,
            area_code=(place.area_code if place else None) or endpoint.area_code,
            event_code=codes.get(f"{group}/{incident.type}") or codes.get(incident.type),
        )


def _word(agency: str, alert: Alert, answer: Answer) -> Word | None:
    """What a success is worth: a page of some proxy is none."""
    if not answer.body.strip():
        return None
    try:
        said = answers(read_cap(answer.body), ours=alert.sender)
    except CapError as error:
        raise ChannelError(
            f"{agency} answered {answer.status} with something else than an Ack"
            f" ({answer.media_type or 'no type'}): {str(error)[:160]}; it is tried again",
            permanent=False,
        ) from None
    for one in said:
        if one.identifier == alert.identifier:
            return Word("refused" if one.refused else "received", officer=None, note=one.note)
    raise ChannelError(
        f"{agency} answered about another message ({said[0].identifier[:80]}); it is tried again",
        permanent=False,
    )
