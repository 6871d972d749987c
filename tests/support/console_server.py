"""The console's own router on a real socket, over a store that a test fills."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from collector import problems
from collector.console.routes import build_router
from collector.guard import Guard
from collector.mounting import mount
from collector.services.estate.api import LONGER
from collector.serving import listen
from tests.support.console_assets import asset_routers
from tests.support.console_store import FilledStore
from tests.support.wait import wait_until


@contextmanager
def served(store: FilledStore, port: int = 0) -> Iterator[str]:
    """The address; the cookie `pw_person=yes` is a sign-in. Ends all connections on leaving."""
    app = FastAPI()
    mount(app, build_router(store.services()))
    for router in asset_routers(store):
        mount(app, router)
    problems.install(app)
    app.add_middleware(Guard, secure=False, longer=LONGER)
    listener = listen("127.0.0.1", port)
    config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started, 40, "the console's server")
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()
