"""Agencies with a web service: the incident as CloudEvents JSON, signed, by HTTPS POST."""

from __future__ import annotations

import base64
import json
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from collector.channels import signature
from collector.channels.base import ChannelError, Parcel, Word
from collector.channels.https import Answer, EndpointOf, Posts, https_endpoint, usable
from collector.endpoints import WebhookEndpoint, read_secret
from wire.clock import Clock
from wire.envelope import cloud_event
from wire.incident import Incident
from wire.names import Id, new_id

JSON = "application/json"


class WebhookAnswer(BaseModel):
    """What the service answers when the incident reached it; without a body it answers later."""

    delivery_id: Id
    state: Literal["received", "accepted", "refused"] = "received"
    officer: str | None = Field(None, max_length=80)
    note: str | None = Field(None, max_length=400)


class WebhookChannel:
    """The signature proves who sends, and so does the client certificate where one is set."""

    name = "webhook"
    refers_back = False

    def __init__(self, source: str, clock: Clock, endpoint_of: EndpointOf) -> None:
        self._source = source
        self._clock = clock
        self._endpoint_of = endpoint_of
        self._posts = Posts()

    def waits(self, agency: str) -> str | None:
        return usable(self._endpoint_of(agency, self.name), agency, self.name)

    def send(self, parcel: Parcel) -> Word | None:
        """The picture travels within, as `still` in base64."""
        incident = parcel.incident
        event = cloud_event(
            "incident",
            incident,
            id=new_id(),
            source=self._source,
            time=self._clock.now(),
            subject=incident.camera,
        ).model_dump(mode="json", exclude_none=True)
        if parcel.still is not None:
            event["still"] = base64.b64encode(parcel.still).decode("ascii")
        body = json.dumps(event, ensure_ascii=False).encode()
        named = {"X-Polewatch-Delivery": incident.delivery_id}
        answer = self._post(parcel.agency, body, JSON, named)
        return _word(parcel.agency, incident, answer)

    def send_still(self, agency: str, sha256: str, jpeg: bytes) -> None:
        self._post(agency, jpeg, "image/jpeg", {"X-Polewatch-Still": sha256})

    def _post(self, agency: str, body: bytes, media_type: str, more: dict[str, str]) -> Answer:
        endpoint = https_endpoint(self._endpoint_of(agency, self.name), agency, self.name)
        if not isinstance(endpoint, WebhookEndpoint):
            raise ChannelError(f"{agency}: the endpoint is no webhook", permanent=True)
        try:
            secret = read_secret(endpoint.secret_file)
        except ValueError as error:
            raise ChannelError(str(error), permanent=False) from None
        signed = signature.sign(secret, body, self._clock.now())
        headers = {"Content-Type": media_type, signature.HEADER: signed, **more}
        return self._posts.post(endpoint, body, headers)


def _word(agency: str, incident: Incident, answer: Answer) -> Word | None:
    """What a success is worth: a page of some proxy is none."""
    if not answer.body.strip():
        return None
    try:
        said = WebhookAnswer.model_validate_json(answer.body)
    except ValidationError:
        raise ChannelError(
            f"{agency} answered {answer.status} with something else than its word about the"
            f" delivery ({answer.media_type or 'no type'}, {len(answer.body)} bytes);"
            f" it is tried again",
            permanent=False,
        ) from None
    if said.delivery_id != incident.delivery_id:
        raise ChannelError(
            f"{agency} answered about another delivery ({said.delivery_id}); it is tried again",
            permanent=False,
        )
    return Word(said.state, said.officer, said.note)
