"""The collector's sessions at the broker: what poles send, and apart from it everything else.

A session is one line: whoever stands in it waits behind all that came before. In a flood of events
an agency's acknowledgement would come later than its delivery is repeated, so agencies' words have
a session of their own, with a certificate of its own (mosquitto gives a certificate one session).
What the collector itself says goes out there too: a broker's word that it has taken a receipt would
come behind the flood as well, and the first session may be left unread while the inbox is full.
Each of the two is then one subscription, and nats-server's bound on what a subscription has under
way (`collector.broker.settings.MAX_IN_FLIGHT`) is also the session's: nothing is over it and held
back. Without that certificate all is one session, and words wait.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from collector.config import BrokerSettings
from collector.link import Filters, Incoming, Link
from wire.identity import Identity
from wire.topics import ALL_AGENCY_OUT, ALL_UP

log = structlog.get_logger()

POLES, AGENCIES = "poles", "agencies"


class Links:
    """Both sessions, or the one; `start` once, `stop` once."""

    def __init__(
        self,
        identity: Identity,
        broker: BrokerSettings,
        on_message: Callable[[Incoming], None],
        on_up: Callable[[], None],
    ) -> None:
        """`on_message` and `on_up` are called on network threads and must not wait.

        Raises IdentityError.
        """
        apart = broker.words_identity is not None
        filters = (
            Filters((ALL_UP,), (ALL_AGENCY_OUT,)) if apart else Filters((ALL_UP, ALL_AGENCY_OUT))
        )
        self._poles = Link(POLES, identity, broker, filters, on_message, on_up)
        self._all = [self._poles]
        if broker.words_identity is not None:
            words = Identity.load(broker.words_identity)
            filters = Filters((ALL_AGENCY_OUT,))
            self._all.append(Link(AGENCIES, words, broker, filters, on_message, on_up))

    @property
    def words_apart(self) -> bool:
        """Whether agencies' words have a session of their own."""
        return len(self._all) > 1

    @property
    def up(self) -> bool:
        """Whether messages flow on every session."""
        return all(one.up for one in self._all)

    @property
    def can_publish(self) -> bool:
        """Whether what is published goes out; its answer may be late."""
        return any(one.up for one in self._all)

    def sessions(self) -> dict[str, bool]:
        """Whether messages flow, by session."""
        return {one.session: one.up for one in self._all}

    def wait_up(self, timeout_s: float) -> bool:
        """Wait for each in turn; whether all are up."""
        return all(one.wait_up(timeout_s) for one in self._all)

    def start(self) -> None:
        """Connect, and keep connecting; returns at once."""
        if not self.words_apart:
            log.info(
                "broker.one-session", remedy="broker.words_identity, see docs/guide/brokers.md"
            )
        for one in self._all:
            one.start()

    def stop(self) -> None:
        """Say goodbye and end the network threads."""
        for one in self._all:
            one.stop()

    def publish(self, topic: str, payload: bytes) -> bool:
        """Hand a message to the socket with QoS 1; false when there is no connection."""
        return any(one.publish(topic, payload) for one in reversed(self._all))

    def done(self, message: Incoming) -> None:
        """The message is committed: the broker may forget it."""
        for one in self._all:
            one.done(message)
