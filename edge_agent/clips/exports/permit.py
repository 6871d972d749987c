"""Whether the grant of a session permits what its page wants to export. Pure."""

from __future__ import annotations

from datetime import datetime

from wire.export import ExportRequest
from wire.grant import Grant


def refusal(request: ExportRequest, grant: Grant, now: datetime) -> tuple[str, str] | None:
    """A code of wire.codes and what is wrong; None when it may."""
    if request.end_at <= request.start_at:
        return "request.invalid", "end_at lies before start_at"
    if "export" not in grant.rights:
        return "grant.foreign", f"it permits {', '.join(grant.rights)}, not export"
    if now >= grant.expires_at:
        return "grant.expired", f"valid from {grant.issued_at} to {grant.expires_at}"
    if request.camera != grant.camera:
        return "grant.foreign", f"it is for {grant.device}/{grant.camera}"
    start, end = grant.start_at, grant.end_at
    if start is None or end is None or request.start_at < start or request.end_at > end:
        return "grant.foreign", f"it covers {start} to {end}"
    return None
