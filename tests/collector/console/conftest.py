from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.support.console_store import FilledStore, console_app


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FilledStore]:
    filled = FilledStore(tmp_path)
    yield filled
    filled.close()


@pytest.fixture
def app(store: FilledStore) -> FastAPI:
    return console_app(store)


@pytest.fixture
def anybody(app: FastAPI) -> Iterator[TestClient]:
    """A browser without a sign-in."""
    with TestClient(app, follow_redirects=False) as client:
        yield client


@pytest.fixture
def operator(anybody: TestClient) -> TestClient:
    """A browser of somebody who is signed in."""
    anybody.cookies.set("pw_person", "yes")
    return anybody
