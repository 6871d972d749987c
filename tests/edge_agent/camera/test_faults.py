"""Failures get a code and a remedy, and never show credentials."""

from __future__ import annotations

import errno

import av.error
import pytest

from edge_agent.camera.faults import CameraError, check_url, classify, redact

URL = "rtsp://kim:s3cret@10.0.0.7:554/stream1?token=abc"


def test_redaction_keeps_what_helps_and_nothing_else() -> None:
    assert redact(URL) == "rtsp://***@10.0.0.7:554/stream1"
    assert redact("rtsp://10.0.0.7/a") == "rtsp://10.0.0.7/a"
    assert redact("rtsp://kim:s3cret@host:port/x") == "an unreadable URL"


@pytest.mark.parametrize(
    "url", ["", "http://host/x", "rtsp:///x", "rtsp://kim:s3cret@host:99999/x", "/dev/video0"]
)
def test_malformed_urls_are_permanent_faults(url: str) -> None:
    with pytest.raises(CameraError) as caught:
        check_url(url)
    assert caught.value.code == "camera.bad-url"
    assert caught.value.permanent
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "code", "permanent"),
    [
        (av.error.HTTPUnauthorizedError, "camera.unauthorized", True),
        (av.error.HTTPForbiddenError, "camera.unauthorized", True),
        (av.error.HTTPNotFoundError, "camera.not-found", True),
        (av.error.HTTPOtherClientError, "camera.not-video", True),
        (av.error.InvalidDataError, "camera.not-video", False),
        (av.error.ExitError, "camera.stalled", False),
        (av.error.ConnectionRefusedError, "camera.unreachable", False),
        (av.error.OSError, "camera.unreachable", False),
    ],
)
def test_libav_errors_are_classed(
    error: type[av.error.FFmpegError], code: str, permanent: bool
) -> None:
    problem = classify(error(errno.EIO, "reason", URL), URL)
    assert (problem.code, problem.permanent) == (code, permanent)
    assert "s3cret" not in str(problem)
    assert "PW-" in str(problem)
