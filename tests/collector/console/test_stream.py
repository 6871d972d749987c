"""What an open page hears, and that it misses nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sse_starlette import ServerSentEvent

from collector.changes import Change
from collector.console.stream import Stream
from collector.console.view import Site
from tests.support.console_store import Delivered, FilledStore, Told

Messages = AsyncIterator[ServerSentEvent]


def listen(store: FilledStore, seconds: float = 60) -> Messages:
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    person = store.token.model_copy(update={"expires_at": until})
    return Stream(store.services(), Site.of(store.settings), person).messages()


async def hear(messages: Messages, name: str) -> Any:
    """The data of the next message of that name."""
    async with asyncio.timeout(5):
        async for one in messages:
            if one.event == name:
                return json.loads(one.data or "null")
    raise AssertionError(f"the stream ended without {name}")


async def test_a_page_loads_after_it_has_subscribed(store: FilledStore) -> None:
    messages = listen(store)
    assert await hear(messages, "resync") is None
    incident_id = store.tell(Told())
    assert (await hear(messages, "incident"))["incident_id"] == incident_id


async def test_a_delivery_shows_on_its_incident(store: FilledStore) -> None:
    incident_id = store.tell(Told(deliveries=(Delivered("fire"),)))
    messages = listen(store)
    await hear(messages, "resync")
    store.changes.publish(Change("delivery", incident_id), Change("delivery", incident_id))
    assert (await hear(messages, "incident"))["deliveries"][0]["agency"] == "fire"
    # Both changes were one message: what comes next is something else.
    store.still_comes(240)
    names = [(await anext(messages)).event]
    assert names == ["still"]


async def test_an_officer_hears_of_the_cameras_of_his_incidents_alone(store: FilledStore) -> None:
    store.tell(Told(place=1))
    store.token = store.token.model_copy(update={"roles": ("officer",), "agency": "police"})
    messages = listen(store)
    await hear(messages, "resync")
    store.device("pole-001-1")
    for place in (0, 1, 2):
        store.camera(place)
    assert [one["camera"] for one in (await hear(messages, "cameras"))["cameras"]] == ["yard"]
    # Another camera is his once an incident there is his.
    store.tell(Told(place=2))
    assert [one["camera"] for one in (await hear(messages, "cameras"))["cameras"]] == ["market"]


async def test_where_units_are_is_told_to_the_map_that_asks(store: FilledStore) -> None:
    for units, said in ((False, "things"), (True, "units")):
        until = datetime.now(UTC) + timedelta(seconds=60)
        person = store.token.model_copy(update={"expires_at": until})
        site = Site.of(store.settings)
        messages = Stream(store.services(), site, person, units=units).messages()
        await hear(messages, "resync")
        store.changes.publish(Change("unit", "c"), Change("thing", "board/1"))
        assert (await anext(messages)).event == said


async def test_cameras_are_told_when_they_change_and_only_those(store: FilledStore) -> None:
    store.device("pole-001-1")
    store.camera(0)
    messages = listen(store)
    await hear(messages, "resync")
    store.camera(0, "down", "camera.unreachable")
    changed = (await hear(messages, "cameras"))["cameras"]
    assert [(one["camera"], one["state"]) for one in changed] == [("gate", "down")]


async def test_counts_follow(store: FilledStore) -> None:
    messages = listen(store)
    await hear(messages, "resync")
    store.tell(Told(severity="severe", picture=None))
    assert (await hear(messages, "summary"))["ongoing_by_severity"] == {"severe": 1}


async def test_a_page_that_fell_behind_loads_anew(store: FilledStore) -> None:
    messages = listen(store)
    await hear(messages, "resync")
    store.changes.publish(*(Change("incident", f"unknown-{n}") for n in range(400)))
    assert await hear(messages, "resync") is None


async def test_the_stream_ends_with_the_sign_in(store: FilledStore) -> None:
    messages = listen(store, seconds=0.3)
    await hear(messages, "resync")
    with pytest.raises(AssertionError, match="ended"):
        await hear(messages, "incident")
