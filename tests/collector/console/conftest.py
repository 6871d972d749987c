from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from collector.console.routes import build_router
from tests.support.console_store import FilledStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FilledStore]:
    filled = FilledStore(tmp_path)
    yield filled
    filled.close()


@pytest.fixture
def anybody(store: FilledStore) -> Iterator[TestClient]:
    """A browser without a sign-in."""
    app = FastAPI()
    app.include_router(build_router(store.services()))
    with TestClient(app, follow_redirects=False) as client:
        yield client


@pytest.fixture
def operator(anybody: TestClient) -> TestClient:
    """A browser of somebody who is signed in."""
    anybody.cookies.set("pw_person", "yes")
    return anybody
