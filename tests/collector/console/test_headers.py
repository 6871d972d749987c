"""The browser is told to run and load only what is ours, and the sources need nothing more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from collector.console.assets import shipped
from tests.support.console_store import FilledStore, Told, console_app

CONSOLE = Path(__file__).parents[3] / "collector/console"
TEXTS = [
    *(CONSOLE / "templates").glob("*.html"),
    *(CONSOLE / "static").rglob("*.js"),
    *(CONSOLE / "static").rglob("*.css"),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FilledStore]:
    """One for all: no test here minds what another told."""
    filled = FilledStore(tmp_path_factory.mktemp("store"))
    yield filled
    filled.close()


@pytest.fixture(scope="module")
def app(store: FilledStore) -> FastAPI:
    return console_app(store)


@pytest.mark.parametrize(
    "path",
    ["/", "/sign-in", "/api/incidents", "/api/summary", "/stills/none.jpg", "/static/x/none.js"],
)
def test_every_answer_carries_the_policy(operator: TestClient, path: str) -> None:
    answer = operator.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_refusal_for_strangers_carries_it_too(anybody: TestClient) -> None:
    assert "default-src 'self'" in anybody.get("/api/incidents").headers["content-security-policy"]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_no_inline_code_no_markup_from_strings_no_outside_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text)
    addresses = set(re.findall(r"(?:https?:)?//[a-z][\w.-]+", text)) - {"http://www.w3.org"}
    assert addresses == set()


def test_pages_ask_only_for_files_that_exist(operator: TestClient) -> None:
    for page in ("/", "/sign-in"):
        operator.cookies.set("pw_person", "yes" if page == "/" else "no")
        found = re.findall(r'(?:src|href|data-words)="(/static/[^"]+)"', operator.get(page).text)
        assert len(found) >= 4
        for address in found:
            answer = operator.get(address)
            assert answer.status_code == 200, address
            assert "immutable" in answer.headers["cache-control"]


def test_modules_import_only_what_is_served() -> None:
    served = set(shipped().names())
    texts = {
        path.name: path.read_text(encoding="utf-8") for path in (CONSOLE / "static/js").glob("*.js")
    }
    for importer, text in texts.items():
        for names, module in re.findall(r'import (?:\{([^}]*)\} )?from "\./([\w.]+)"', text):
            assert f"js/{module}" in served, f"{importer} imports {module}"
            for name in filter(None, (one.split(" as ")[0].strip() for one in names.split(","))):
                kind = r"^export (?:async )?(?:class|const|function|let)"
                declared = rf"{kind} {re.escape(name)}(?![\w$])"
                found = re.search(declared, texts[module], re.MULTILINE)
                assert found, f"{importer} imports {name}, which {module} does not export"


def test_nothing_beyond_the_static_files_can_be_asked_for(operator: TestClient) -> None:
    version = shipped().version
    for name in ("..%2froutes.py", "%2e%2e%2f%2e%2e%2fapp.py", "x", "words/xx.json"):
        assert operator.get(f"/static/{version}/{name}").status_code == 404


def test_what_is_personal_is_not_kept_by_caches(operator: TestClient, store: FilledStore) -> None:
    store.tell(Told())
    assert operator.get("/").headers["cache-control"] == "no-store"
    assert operator.get("/api/incidents").headers["cache-control"] == "no-store"
    still = operator.get("/api/incidents").json()["incidents"][0]["still"]
    answer = operator.get(still)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"].startswith("private")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content.startswith(b"\xff\xd8")
