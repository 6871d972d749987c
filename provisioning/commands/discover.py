"""`polewatch provision discover`: arguments and printing only."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from provisioning.commands.output import AsJson, failing, print_json
from provisioning.discover import find as finding
from provisioning.discover.credentials import login_of
from provisioning.discover.onvif import Described, describe
from provisioning.discover.rtsp import Measured, measure
from provisioning.discover.soap import Login
from provisioning.discover.survey import Surveyed, into_site, survey
from provisioning.files import write_public
from provisioning.problems import ProvisionError
from provisioning.site.model import load_site, site_text
from provisioning.words import t
from wire.clock import SystemClock

EXAMPLE = "Example: polewatch provision discover --credentials north --site sites/pole-001.yaml"


def discover(
    host: Annotated[
        list[str] | None,
        typer.Option(help="A camera's or recorder's HOST[:PORT] or ONVIF URL; no search then."),
    ] = None,
    credentials: Annotated[
        str | None, typer.Option(help="Name of the stored login; asked for once when new.")
    ] = None,
    secrets: Annotated[Path, typer.Option(help="Folder of stored logins, one file a name.")] = Path(
        "credentials"
    ),
    site: Annotated[Path | None, typer.Option(help="Site file to write the cameras into.")] = None,
    seconds: Annotated[
        float, typer.Option(min=0.5, max=60, help="How long to listen for answers.")
    ] = 4.0,
    watch: Annotated[
        float, typer.Option(min=1, max=120, help="How long to measure each stream.")
    ] = 6.0,
    as_json: AsJson = False,
) -> None:
    """Find ONVIF cameras and recorders, measure their streams, advise, fill in the site file.

    A recorder's channels are all taken at once. Passwords are stored in a file of their own and
    only named elsewhere.
    """
    clock = SystemClock()
    with failing(as_json=as_json):
        target = None if site is None else load_site(site)
        login = None if credentials is None else login_of(secrets, credentials, _ask)
        services = [_service(one) for one in host or []]
        if not services:
            found = finding.find(seconds, clock, finding.own_addresses())
            services = [one.service for one in found]
        if not services:
            raise ProvisionError("discover.nothing", t("discover.waited", seconds=seconds))
        devices, failed = _describe(services, login)
        surveyed: list[Surveyed] = []
        with Progress(console=Console(stderr=True), disable=as_json) as bar:
            task = bar.add_task(t("discover.measuring"), total=len(devices))
            for device in devices:
                surveyed += survey(device, lambda url: measure(url, login, watch, clock))
                bar.advance(task)
        if site is not None and target is not None:
            merged = into_site(target, surveyed, credentials)
            write_public(site, site_text(merged).encode())
    wrong = [*failed, *(one.problem for one in surveyed if one.problem)]
    if as_json:
        _print_all(devices, surveyed, failed)
    else:
        _show(devices, surveyed, failed)
    if wrong:
        raise typer.Exit(1)


def _service(text: str) -> str:
    return text if "://" in text else f"http://{text}/onvif/device_service"


def _ask() -> Login | None:
    if not sys.stdin.isatty():
        return None
    user = typer.prompt(t("discover.user"), err=True)
    return Login(user, typer.prompt(t("discover.password"), hide_input=True, err=True))


def _describe(
    services: Sequence[str], login: Login | None
) -> tuple[list[Described], list[ProvisionError]]:
    devices, failed = [], []
    for service in services:
        try:
            devices.append(describe(service, login, SystemClock().now))
        except ProvisionError as problem:
            failed.append(problem)
    return devices, failed


def _print_all(
    devices: Sequence[Described], surveyed: Sequence[Surveyed], failed: Sequence[ProvisionError]
) -> None:
    told = [
        {
            "host": one.host,
            "maker": one.maker,
            "model": one.model,
            "firmware": one.firmware,
            "clock_off_s": None if one.clock_off_s is None else round(one.clock_off_s, 1),
            "channels": len(one.channels),
        }
        for one in devices
    ]
    streams = [one.as_json() for one in surveyed]
    ok = not failed and not any(one.problem for one in surveyed)
    wrong = [one.as_json() for one in failed]
    print_json({"ok": ok, "devices": told, "streams": streams, "failed": wrong})


def _show(
    devices: Sequence[Described], surveyed: Sequence[Surveyed], failed: Sequence[ProvisionError]
) -> None:
    for device in devices:
        typer.echo(f"{device.host}: {device.maker} {device.model} {device.firmware}")
    table = Table(*(t(f"discover.column.{name}") for name in ("host", "stream", "what")))
    for one in surveyed:
        for name, stream, figures in (
            ("main", one.channel.main, one.main),
            ("sub", one.channel.sub, one.sub),
        ):
            if stream is not None and figures is not None:
                table.add_row(one.host, f"{name} {stream.url}", _figures(figures))
    if table.row_count:
        Console().print(table)
    for one in surveyed:
        for advice in one.advice:
            where = f"{one.host} {one.channel.source}: {advice.detail}"
            typer.secho(str(ProvisionError(advice.code, where)), fg=typer.colors.YELLOW)
    for problem in [*failed, *(one.problem for one in surveyed if one.problem)]:
        typer.secho(f"polewatch: {problem}", err=True, fg=typer.colors.RED)


def _figures(one: Measured) -> str:
    gop = "-" if one.gop_s is None else f"{one.gop_s:g} s"
    extras = [*(["B"] if one.b_frames else []), *([t("discover.audio")] if one.audio else [])]
    return (
        f"{one.codec} {one.width}x{one.height} {one.fps:g} fps, GOP {gop}, "
        f"{one.bits_per_s / 1e6:.2f} Mbit/s {' '.join(extras)}".strip()
    )
