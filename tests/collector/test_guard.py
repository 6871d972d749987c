"""What stands before every request."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import Depends, FastAPI, Request

from collector import problems
from collector.guard import MAX_BODY_BYTES, Guard, same_origin
from collector.problems import STATUS, ProblemError, problem
from collector.serving import ListenError, listen
from wire.codes import FAULTS


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    problems.install(app)
    app.add_middleware(Guard, secure=True, longer={"/large": 2 * MAX_BODY_BYTES})

    @app.post("/large")
    @app.post("/change", dependencies=[Depends(same_origin)])
    async def change(request: Request) -> int:
        return len(await request.body())

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://watch") as made:
        yield made


OURS = {"X-Polewatch": "1"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (OURS, 200),
        ({**OURS, "Origin": "https://watch"}, 200),
        ({**OURS, "Sec-Fetch-Site": "same-origin"}, 200),
        ({}, 403),
        ({"X-Polewatch": "0"}, 403),
        ({**OURS, "Origin": "https://evil"}, 403),
        ({**OURS, "Origin": "null"}, 403),
        ({**OURS, "Sec-Fetch-Site": "cross-site"}, 403),
        ({**OURS, "Sec-Fetch-Site": "same-site"}, 403),
    ],
)
async def test_only_our_own_pages_change_anything(
    client: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    assert (await client.post("/change", headers=headers)).status_code == status


async def test_bodies_are_bounded_with_and_without_a_length(client: httpx.AsyncClient) -> None:
    right = await client.post("/change", content=b"x" * MAX_BODY_BYTES, headers=OURS)
    assert right.json() == MAX_BODY_BYTES
    large = await client.post("/change", content=b"x" * (MAX_BODY_BYTES + 1), headers=OURS)
    assert large.status_code == 413

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b"x" * 1024

    chunked = await client.post("/change", content=endless(), headers=OURS)
    assert chunked.status_code == 413
    assert chunked.json()["code"] == "request.invalid"


async def test_some_paths_may_carry_more(client: httpx.AsyncClient) -> None:
    body = b"x" * (MAX_BODY_BYTES + 1)
    assert (await client.post("/large", content=body, headers=OURS)).json() == len(body)
    assert (await client.post("/large", content=2 * body, headers=OURS)).status_code == 413


async def test_every_answer_carries_the_headers(client: httpx.AsyncClient) -> None:
    for answer in (await client.post("/change", headers=OURS), await client.get("/nowhere")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "max-age" in answer.headers["strict-transport-security"]


def test_every_status_belongs_to_a_known_code() -> None:
    assert set(STATUS) <= set(FAULTS)


def test_a_problem_names_number_and_remedy_in_both_languages() -> None:
    body = bytes(problem(ProblemError("clip.busy")).body).decode()
    for part in ("PW-802", "Too many sessions", "Try again in a while", "동시 열람", "잠시 후"):
        assert part in body
    assert problem(ProblemError("clip.busy")).headers["retry-after"] == "10"


def test_a_port_in_use_is_said_with_its_remedy() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ListenError, match="PW-502 The port is in use"):
            listen("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(ListenError, match="cannot listen"):
        listen("203.0.113.9", 0)


async def test_small_answers_are_sent_at_once() -> None:
    set_at_once: list[int] = []

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken = writer.get_extra_info("socket")
        set_at_once.append(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = listen("127.0.0.1", 0)
    async with await asyncio.start_server(serve, sock=listener):
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        await reader.read()
        writer.close()
    # Held back for the other side's acknowledgement, each answer would come 40 ms later.
    assert set_at_once == [1]
