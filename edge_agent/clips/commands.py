"""`polewatch clip …`: arguments and printing only."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Evidence: recorded video out, and checked.")


@app.command(
    epilog="Example: polewatch clip export --config /etc/polewatch/agent.yaml --camera yard "
    "--from 2026-11-25T21:04:00+09:00 --to 2026-11-25T21:06:00+09:00 --case 2026-1187 "
    "--out case-1187.zip"
)
def export(
    config: Annotated[Path, typer.Option("--config", help="The agent's YAML file.")],
    camera: Annotated[str, typer.Option(help="The camera's name.")],
    from_at: Annotated[datetime, typer.Option("--from", help="Begin, in the site's time zone.")],
    to_at: Annotated[datetime, typer.Option("--to", help="End, in the site's time zone.")],
    case: Annotated[str, typer.Option(help="Number of the case.")],
    out: Annotated[Path, typer.Option(help="The ZIP to write; must not exist.")],
    recipient: Annotated[str, typer.Option(help="Agency, unit and person who receive it.")] = "",
    purpose: Annotated[str, typer.Option(help="What it is for.")] = "",
    basis: Annotated[str, typer.Option(help="Legal basis, e.g. 'PIPA 18(2)7'.")] = "",
    grant: Annotated[
        Path | None, typer.Option(help="File with the grant, if there is one.")
    ] = None,
    mark: Annotated[
        bool, typer.Option(help="Mark copies with case and recipient: stills, and clip.vtt.")
    ] = True,
    still: Annotated[
        list[datetime] | None,
        typer.Option(help="A moment of which a JPEG is wanted too; may be repeated."),
    ] = None,
    exporter: Annotated[
        Path | None, typer.Option(help="Folder of the exporter's own key and certificate.")
    ] = None,
) -> None:
    """Write recorded video with its proof: an uncompressed ZIP of clip.mp4 and manifest.json.

    Whole GOPs that hold any of the span are taken; what is missing stands in the manifest. The
    running agent reports the export to the centre, whose ledger keeps it.
    """
    from zoneinfo import ZoneInfo

    from edge_agent.check import model_names
    from edge_agent.clips.evidence.export import export as run
    from edge_agent.clips.evidence.harvest import ExportError, ExportOrder
    from edge_agent.clips.evidence.permit import check_grant
    from edge_agent.config import load_agent_settings
    from edge_agent.export_notes import leave_note, on_the_box
    from edge_agent.ring_keeper import ring_folder
    from models.registry import ModelError, Registry
    from wire import __version__
    from wire.clock import SystemClock
    from wire.event import ModelPart
    from wire.identity import Identity, IdentityError
    from wire.settings import SettingsError
    from wire.topics import DeviceAddress

    try:
        settings = load_agent_settings(config)
        if camera not in {one.id for one in settings.cameras}:
            known = ", ".join(one.id for one in settings.cameras)
            raise ExportError(f"there is no camera {camera!r}; the cameras are: {known}")
        if out.exists():
            raise ExportError(f"{out} exists; name another file by --out")
        zone = ZoneInfo(settings.time_zone)
        device = Identity.load(settings.identity)
        models = [Registry.default().entry(name) for name in model_names(settings)]
        token = None if grant is None else grant.read_text().strip()
        clock = SystemClock()

        def moment(given: datetime) -> datetime:
            return given if given.tzinfo else given.replace(tzinfo=zone)

        order = ExportOrder(
            camera=camera,
            from_at=moment(from_at),
            to_at=moment(to_at),
            case=case,
            recipient=recipient,
            purpose=purpose,
            basis=basis,
            exporter=on_the_box(),
            grant=token,
            mark=mark,
            stills_at=tuple(map(moment, still or [])),
            zone=zone,
        )
        if token is not None:
            check_grant(token, order, device.name, settings.trust.signer, device.ca_file, clock)
        statement = run(
            ring_folder(settings.data),
            order,
            out,
            device=device,
            address=DeviceAddress(settings.site, settings.shard, device.name),
            exporter=None if exporter is None else Identity.load(exporter),
            software=f"polewatch {__version__}",
            models=[
                ModelPart(name=model.name, sha256=model.sha256, config_sha256=settings.sha256())
                for model in models
            ],
            clock=clock,
        )
        leave_note(settings.data, statement, out)
    except (SettingsError, IdentityError, ModelError, ExportError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(
        f"{out}: {len(statement.gops)} GOPs from {statement.start_at.astimezone(zone)} "
        f"to {statement.end_at.astimezone(zone)}"
    )
    for part in statement.missing:
        start, end = part.start_at.astimezone(zone), part.end_at.astimezone(zone)
        typer.echo(f"missing ({part.reason}): {start} to {end}")


@app.command(epilog="Example: polewatch clip verify case-1187.zip --authority city-ca.pem")
def verify(
    file: Annotated[Path, typer.Argument(help="An exported ZIP, or a video with --manifest.")],
    manifest: Annotated[
        Path | None, typer.Option(help="manifest.json, for a video that was cut or remuxed.")
    ] = None,
    authority: Annotated[
        Path | None, typer.Option(help="The city's CA certificate (PEM), to know who signed.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check offline that an export is whole, unchanged and signed; names the first bad GOP."""
    from edge_agent.clips.evidence.verify import verify_export
    from wire.identity import IdentityError, load_authorities

    try:
        trusted = None if authority is None else load_authorities(authority)
    except IdentityError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    verdict = verify_export(file, manifest, trusted)
    if as_json:
        typer.echo(json.dumps(verdict.as_json(), ensure_ascii=False))
    else:
        typer.echo(
            f"{'holds' if verdict.ok else 'DOES NOT HOLD'} ({verdict.code}): {verdict.detail}"
        )
        if verdict.bad_at is not None:
            typer.echo(f"first bad GOP recorded at {verdict.bad_at.astimezone()}")
        for name, fingerprint in zip(verdict.signers, verdict.fingerprints, strict=False):
            typer.echo(f"signed by {name}, certificate {fingerprint}")
        if verdict.ok and verdict.authority != "trusted":
            typer.echo("who signed was not checked: give --authority, or compare the fingerprints")
    if not verdict.ok:
        raise typer.Exit(1)
