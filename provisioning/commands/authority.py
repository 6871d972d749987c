"""`polewatch provision authority`: arguments and printing only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, get_args

import typer
from rich.console import Console
from rich.table import Table

from provisioning.authority import Authority, Issued, days_left
from provisioning.certificates import Kind
from provisioning.commands.output import failing, print_json
from provisioning.problems import ProvisionError
from provisioning.words import t
from wire.clock import SystemClock
from wire.register import ServiceRole

authority = typer.Typer(no_args_is_help=True, help="The city's certificate authority.")

Folder = Annotated[
    Path, typer.Option("--folder", help="The authority's folder.", envvar="POLEWATCH_AUTHORITY")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object for programs.")]
Name = Annotated[str, typer.Argument(help="Name as in its certificate, for example pole-001-1.")]
Csr = Annotated[
    Path | None,
    typer.Option("--csr", help="PEM signing request; without it the private key is made here."),
]
Hosts = Annotated[
    list[str] | None,
    typer.Option("--host", help="Host name or address of a service; may be given repeatedly."),
]
HERE = Path("authority")


def example(line: str) -> str:
    """The epilogue of a command's help."""
    return f"Example: polewatch provision authority {line}"


@authority.command(epilog=example("init --folder authority --site gyeyang"))
def init(
    site: Annotated[str, typer.Option("--site", help="The site's name, part of every topic.")],
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """Make a new authority: an offline root, an issuing key, an empty register."""
    with failing(as_json=as_json):
        made = Authority.init(folder, site)
    if as_json:
        print_json({"folder": str(folder), "site": site, "ca": str(made.ca_file)})
        return
    root, issuing = folder / "root", folder / "issuing"
    typer.echo(t("authority.made", folder=folder, site=site, root=root, issuing=issuing))


@authority.command(epilog=example("issue device pole-001 --csr pole-001.csr"))
def issue(
    kind: Annotated[Kind, typer.Argument(help="What kind of principal it is.")],
    name: Annotated[
        str, typer.Argument(help="For a device its pole: the board's number is added to it.")
    ],
    folder: Folder = HERE,
    csr: Csr = None,
    role: Annotated[ServiceRole | None, typer.Option("--role", help="What a service does.")] = None,
    host: Hosts = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Revoke the earlier boards of this pole.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Enrol a device, agency, service or operator and make its identity folder."""
    _check_issue_options(kind, role, host, replace)
    with failing(as_json=as_json):
        request = None if csr is None else _read(csr)
        opened = Authority(folder)
        if kind == "device":
            made = opened.issue_device(name, csr=request, replace=replace)
        elif kind == "agency":
            made = opened.issue_agency(name, csr=request)
        elif kind == "operator":
            made = opened.issue_operator(name, csr=request)
        else:
            assert role is not None
            made = opened.issue_service(name, role, hosts=tuple(host or ()), csr=request)
    _report(opened.issued()[-1], made, as_json, "issued")


@authority.command("list", epilog=example("list --json"))
def list_(folder: Folder = HERE, as_json: AsJson = False) -> None:
    """Every certificate ever issued, with what is left of its time."""
    with failing(as_json=as_json):
        opened = Authority(folder)
    now = SystemClock().now()
    if as_json:
        print_json([item.model_dump(mode="json") for item in opened.issued()])
        return
    columns = ("name", "kind", "expires", "state", "serial")
    table = Table(*(t(f"authority.column.{name}") for name in columns))
    for item in opened.issued():
        left = days_left(item, now)
        state = "revoked" if item.revoked_at else "valid" if left >= 0 else "expired"
        told = (t(f"authority.kind.{item.kind}"), f"{item.not_after:%Y-%m-%d}")
        table.add_row(item.name, *told, t(f"authority.{state}", days=left), item.serial[:16])
    Console().print(table)


@authority.command(epilog=example("revoke pole-001-1"))
def revoke(name: Name, folder: Folder = HERE, as_json: AsJson = False) -> None:
    """Take every right from a name for good."""
    with failing(as_json=as_json):
        opened = Authority(folder)
        opened.revoke(name)
    if as_json:
        print_json({"revoked": name, "crl": str(opened.crl_file)})
        return
    typer.echo(t("authority.is-revoked", name=name))


@authority.command(epilog=example("renew pole-001-1"))
def renew(name: Name, folder: Folder = HERE, as_json: AsJson = False) -> None:
    """A new term for the same name and key."""
    with failing(as_json=as_json):
        opened = Authority(folder)
        made = opened.renew(name)
    _report(opened.issued()[-1], made, as_json, "renewed")


def _check_issue_options(
    kind: Kind, role: ServiceRole | None, host: list[str] | None, replace: bool
) -> None:
    if kind == "service" and role is None:
        raise typer.BadParameter(t("authority.needs-role", roles=", ".join(get_args(ServiceRole))))
    if kind != "service" and (role is not None or host):
        raise typer.BadParameter(t("authority.for-services"))
    if kind != "device" and replace:
        raise typer.BadParameter(t("authority.for-devices"))


def _report(item: Issued, folder: Path, as_json: bool, what: Literal["issued", "renewed"]) -> None:
    if as_json:
        print_json({**item.model_dump(mode="json"), "folder": str(folder)})
        return
    told = {"name": item.name, "kind": t(f"authority.kind.{item.kind}"), "folder": folder}
    typer.echo(t(f"authority.{what}", until=f"{item.not_after:%Y-%m-%d}", **told))


def _read(csr: Path) -> bytes:
    try:
        return csr.read_bytes()
    except OSError as error:
        raise ProvisionError("request.invalid", f"{csr}: {error.strerror}") from error
