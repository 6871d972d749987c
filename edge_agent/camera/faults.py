"""Why a camera gives no usable picture, and how libav's errors map to the fault codes."""

from __future__ import annotations

from urllib.parse import urlsplit

import av.error

from wire.codes import explain


class CameraError(Exception):
    """A camera that cannot be used as it is. The text never holds credentials."""

    def __init__(self, code: str, detail: str, *, permanent: bool = False) -> None:
        super().__init__(f"{detail}: {explain(code)}")
        self.code = code
        self.detail = detail
        self.permanent = permanent
        """True when only a person can mend it; the camera is then asked less often."""


def redact(url: str) -> str:
    """The URL without user, password and query, fit for logs: `rtsp://***@host/path`."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an unreadable URL"
    user = "***@" if "@" in parts.netloc else ""
    return f"{parts.scheme}://{user}{parts.hostname or ''}{port}{parts.path}"


def check_url(url: str) -> None:
    """Raises CameraError unless it is an RTSP URL with a host."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("rtsp", "rtsps") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise CameraError("camera.bad-url", redact(url), permanent=True)


def classify(error: Exception, url: str) -> CameraError:
    """The fault behind an error of libav; its own text is not used, because it repeats the URL."""
    where = redact(url)
    if isinstance(error, CameraError):
        return error
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return CameraError("camera.unauthorized", where, permanent=True)
    if isinstance(error, av.error.HTTPNotFoundError):
        return CameraError("camera.not-found", where, permanent=True)
    if isinstance(error, av.error.HTTPClientError):
        return CameraError("camera.not-video", where, permanent=True)
    if isinstance(error, av.error.InvalidDataError):
        # Also what a camera that is still starting may answer: worth trying again soon.
        return CameraError("camera.not-video", where)
    if isinstance(error, av.error.ExitError | av.error.TimeoutError):
        return CameraError("camera.stalled", f"{where} was silent too long")
    reason = error.strerror if isinstance(error, OSError | av.error.FFmpegError) else None
    return CameraError("camera.unreachable", f"{where} ({reason or type(error).__name__})")
