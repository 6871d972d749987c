"""Routers become part of an application as they are."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI


def mount(app: FastAPI | APIRouter, router: APIRouter) -> None:
    """The router's routes, for an `app` that has no dependencies of its own to add to them.

    `include_router` keeps them apart and builds each anew at the first request, for prefixes and
    tags that nobody here gives it: as much work again as the start of a centre has with them.
    """
    assert not (app.router if isinstance(app, FastAPI) else app).dependencies
    app.routes.extend(router.routes)
