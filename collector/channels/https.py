"""What channels over HTTPS share: one connection an endpoint, bounded answers, classed failures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from collector.channels.base import ChannelError
from collector.endpoints import CapEndpoint, HttpsEndpoint, MqttEndpoint, WebhookEndpoint

MAX_ANSWER_BYTES = 64 * 1024
PASSING = frozenset({408, 425, 429, *range(500, 600)})
"""What the next attempt may find otherwise; any other refusal needs a person."""

EndpointOf = Callable[[str, str], HttpsEndpoint | MqttEndpoint | None]


@dataclass(frozen=True, slots=True)
class Answer:
    """A success, as HTTP understands it; what it is worth is in its body."""

    status: int
    media_type: str
    body: bytes


class Posts:
    """POSTs to endpoints, from any thread; connections live as long as their endpoint does."""

    def __init__(self) -> None:
        self._clients: dict[tuple[str, str], tuple[HttpsEndpoint, httpx.Client]] = {}
        self._lock = threading.Lock()

    def post(self, endpoint: HttpsEndpoint, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Raises ChannelError, permanent when a person must mend something."""
        where = f"{endpoint.agency}'s endpoint {endpoint.url}"
        try:
            client = self._client(endpoint)
            with client.stream("POST", endpoint.url, content=body, headers=headers) as response:
                answer = _bounded(response, where)
        except httpx.TimeoutException:
            raise ChannelError(
                f"{where} did not answer in {endpoint.timeout_s:g} s; it is tried again",
                permanent=False,
            ) from None
        except httpx.HTTPError as error:
            raise ChannelError(
                f"{where} cannot be reached: {str(error)[:120]}; it is tried again",
                permanent=False,
            ) from None
        except ValueError as error:
            raise ChannelError(f"{where}: {error}; mend routing.yaml", permanent=True) from None
        if 200 <= answer.status < 300:
            return answer
        said = f"{where} answered {answer.status}{_excerpt(answer)}"
        if answer.status in PASSING:
            raise ChannelError(f"{said}; it is tried again", permanent=False)
        raise ChannelError(
            f"{said}; check its address, certificate and secret, or call {endpoint.agency}",
            permanent=True,
        )

    def _client(self, endpoint: HttpsEndpoint) -> httpx.Client:
        key = (endpoint.agency, endpoint.channel)
        with self._lock:
            held = self._clients.get(key)
            if held is not None and held[0] == endpoint:
                return held[1]
            if held is not None:
                held[1].close()
            client = httpx.Client(
                verify=endpoint.tls(),
                timeout=endpoint.timeout_s,
                trust_env=False,
                follow_redirects=False,
            )
            self._clients[key] = (endpoint, client)
            return client


def usable(endpoint: HttpsEndpoint | MqttEndpoint | None, agency: str, channel: str) -> str | None:
    """Why nothing is sent to it now; None when it can be tried."""
    if endpoint is not None and not endpoint.enabled:
        return f"{agency} by {channel} is disabled in routing.yaml"
    return None


def https_endpoint(
    endpoint: HttpsEndpoint | MqttEndpoint | None, agency: str, channel: str
) -> WebhookEndpoint | CapEndpoint:
    """The endpoint; raises ChannelError when the table has none any more."""
    if endpoint is None or isinstance(endpoint, MqttEndpoint):
        raise ChannelError(
            f"{agency} has no endpoint for {channel} any more; mend routing.yaml", permanent=True
        )
    return endpoint


def _bounded(response: httpx.Response, where: str) -> Answer:
    body = b""
    for part in response.iter_bytes():
        body += part
        if len(body) > MAX_ANSWER_BYTES:
            raise ChannelError(
                f"{where} answered {response.status_code} with more than {MAX_ANSWER_BYTES} bytes;"
                f" it is tried again",
                permanent=False,
            )
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Answer(response.status_code, media_type, body)


def _excerpt(answer: Answer) -> str:
    text = " ".join(answer.body[:160].decode("utf-8", "replace").split())
    return f" ({text})" if text else ""
