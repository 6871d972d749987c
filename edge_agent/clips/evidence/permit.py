"""Whether a grant permits an export: it stands in the manifest, so it must hold then."""

from __future__ import annotations

from pathlib import Path

from edge_agent.clips.evidence.harvest import ExportError, ExportOrder
from wire.clock import Clock
from wire.envelope import EnvelopeError
from wire.grant import verify_grant
from wire.identity import common_name, load_authorities, load_certificate, signing_key_of


def check_grant(
    token: str, order: ExportOrder, device: str, signer: Path, authority: Path, clock: Clock
) -> None:
    """Raises ExportError naming what the grant does not permit, IdentityError for the signer's."""
    certificate = load_certificate(signer)
    now = clock.now()
    key = signing_key_of(certificate, load_authorities(authority), now=now)
    try:
        grant = verify_grant(
            token.encode(), lambda kid: key if kid == common_name(certificate) else None
        )
    except (EnvelopeError, UnicodeError) as error:
        raise ExportError(f"the grant is not the signer's ({error}); ask for a new one") from error
    if not grant.issued_at <= now < grant.expires_at:
        raise ExportError(f"the grant is valid until {grant.expires_at}; ask for a new one")
    if (grant.device, grant.camera) != (device, order.camera):
        raise ExportError(f"the grant is for {grant.device}/{grant.camera}; ask for a new one")
    if grant.case != order.case:
        raise ExportError(f"the grant is for case {grant.case}, not {order.case}")
    if "export" not in grant.rights or grant.start_at is None or grant.end_at is None:
        permitted = ", ".join(grant.rights)
        raise ExportError(f"the grant permits {permitted}; ask for one to export, with a code")
    if order.from_at < grant.start_at or order.to_at > grant.end_at:
        raise ExportError(
            f"the grant is for {grant.start_at} to {grant.end_at}; ask for a longer one"
        )
