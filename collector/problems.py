"""Errors over HTTP: problem+json (RFC 9457) with our code, its number and the remedy."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from collector.said import korean
from wire.codes import fault

STATUS: dict[str, int] = {
    "request.invalid": 400,
    "clip.bad-offer": 400,
    "auth.required": 401,
    "auth.refused": 401,
    "auth.code": 403,
    "link.used": 401,
    "auth.forbidden": 403,
    "permit.needed": 403,
    "grant.invalid": 403,
    "grant.expired": 403,
    "grant.foreign": 403,
    "grant.fingerprint": 403,
    "grant.withdrawn": 403,
    "device.unknown": 404,
    "permit.unknown": 404,
    "case.unknown": 404,
    "case.no-camera": 404,
    "case.no-basis": 422,
    "clip.not-recorded": 404,
    "clip.unknown-session": 404,
    "grant.in-use": 409,
    "case.state": 409,
    "ring.held": 409,
    "camera.h265": 409,
    "camera.b-frames": 409,
    "camera.codec": 409,
    "clip.impossible": 409,
    "clip.no-substream": 409,
    "place.impossible": 422,
    "rules.invalid": 422,
    "rules.stale": 409,
    "rules.no-camera": 404,
    "rules.no-plates": 422,
    "trial.busy": 409,
    "trial.no-recording": 409,
    "trial.no-room": 503,
    "trial.unknown": 404,
    "list.bad-rows": 422,
    "list.too-large": 422,
    "list.unknown": 404,
    "estate.unknown": 404,
    "estate.table": 422,
    "estate.photo": 422,
    "work.unknown": 404,
    "work.state": 409,
    "facility.unknown": 404,
    "facility.busy": 429,
    "board.unknown": 404,
    "board.unfit": 422,
    "board.state": 409,
    "auth.locked": 429,
    "clip.busy": 503,
    "clip.camera-down": 503,
    "clip.no-room": 503,
    "command.busy": 503,
    "device.offline": 503,
    "broker.unreachable": 503,
    "signer.unreachable": 503,
    "device.silent": 504,
}
OTHERWISE = 502
"""The device refused for a reason of its own."""
RETRY_AFTER_S: dict[str, int] = {
    "clip.busy": 10,
    "clip.no-room": 30,
    "command.busy": 5,
    "device.silent": 5,
}


class ProblemError(Exception):
    """Ends a request with a problem; `code` is one of wire.codes."""

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail or fault(code).title_en}")
        self.code = code
        self.detail = detail
        self.status = status or STATUS.get(code, OTHERWISE)
        self.headers = dict(headers or {})


def document(error: ProblemError) -> dict[str, object]:
    """What tells a program the code and a person the remedy, in both languages."""
    known = fault(error.code)
    return {
        "type": f"urn:polewatch:fault:{error.code}",
        "title": known.title_en,
        "status": error.status,
        "detail": error.detail or known.remedy_en,
        "code": error.code,
        "number": known.number,
        "remedy": known.remedy_en,
        "title_ko": known.title_ko,
        "remedy_ko": known.remedy_ko,
        "detail_ko": known.remedy_ko if error.detail is None else korean(error.detail),
    }


def problem(error: ProblemError) -> JSONResponse:
    """The answer with that document."""
    headers = dict(error.headers)
    if error.code in RETRY_AFTER_S:
        headers.setdefault("Retry-After", str(RETRY_AFTER_S[error.code]))
    if error.status == 401:
        headers.setdefault("WWW-Authenticate", "Bearer")
    return JSONResponse(
        document(error),
        status_code=error.status,
        headers=headers,
        media_type="application/problem+json",
    )


def install(app: FastAPI) -> None:
    """Answer ProblemError and malformed requests in this form."""

    @app.exception_handler(ProblemError)
    async def _problem(_request: Request, error: ProblemError) -> JSONResponse:
        return problem(error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return problem(ProblemError("request.invalid", f"{where}: {first['msg']}"))
