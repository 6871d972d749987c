from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Watched, chromium, playwright, watched_page
from tests.support.console_day import a_day
from tests.support.console_server import served
from tests.support.console_store import FilledStore

__all__ = ["chromium", "playwright"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FilledStore]:
    filled = FilledStore(tmp_path)
    yield filled
    filled.close()


@pytest.fixture
def day(store: FilledStore) -> list[str]:
    """Ids of a shift's incidents, oldest first."""
    return a_day(store)


@pytest.fixture
def address(store: FilledStore, day: list[str]) -> Iterator[str]:
    with served(store) as url:
        yield url


@pytest.fixture
def console(chromium: Browser, address: str) -> Iterator[Watched]:
    """The queue on a desktop, open and loaded."""
    with watched_page(chromium, address, cookies={"pw_person": "yes"}) as watched:
        watched.page.goto(f"{address}/")
        watched.page.wait_for_selector("html[data-ready]")
        yield watched
