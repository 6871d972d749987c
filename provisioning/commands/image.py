"""`polewatch provision image` and `wheels`: arguments and printing only."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from provisioning.commands.output import AsJson, failing, print_json
from provisioning.image import seed
from provisioning.image import wheels as sets
from provisioning.image.build import build
from provisioning.image.contents import Wanted
from provisioning.image.facts import Facts
from provisioning.problems import ProvisionError
from provisioning.site.model import load_site
from provisioning.words import t

EXAMPLE = (
    "Example: polewatch provision image debian-12-generic-amd64.raw --site sites/pole-001.yaml "
    "--claim-file claim --ca authority/ca.pem --wheels wheels --ssh-key tech.pub --out pole.img"
)
WHEELS_EXAMPLE = "Example: polewatch provision wheels arm64 --python 3.13 --out wheels-pi"
DESK_PORT = 8444
_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


def image(
    base: Annotated[
        Path,
        typer.Argument(
            help="Debian or Raspberry Pi OS: a disk image or a tarball of its root; .xz, .zst, .gz."
        ),
    ],
    site: Annotated[Path, typer.Option(help="The pole's site file.")],
    claim_file: Annotated[Path, typer.Option(help="File with the one-use claim of this pole.")],
    ca: Annotated[Path, typer.Option(help="The city's ca.pem.")],
    wheels: Annotated[Path, typer.Option(help="Folder that 'provision wheels' filled.")],
    out: Annotated[Path, typer.Option(help="The new image; OUT.sha256 is written beside it.")],
    ssh_key: Annotated[
        list[Path] | None, typer.Option(help="Public keys of technicians; repeat it.")
    ] = None,
    network: Annotated[
        Path | None,
        typer.Option(help="Network configuration as netplan reads it; DHCP when left out."),
    ] = None,
    desk: Annotated[
        str | None,
        typer.Option(help=f"Enrolment desk; https://COLLECTOR:{DESK_PORT} when left out."),
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="Of the whole disk, such as 4G; as small as can be else.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a box's own image of a base image: it starts, enrols and watches by itself.

    Works on a copy, in user space, without mounting anything. The same inputs give the same bytes.
    """
    with failing(as_json=as_json):
        found = load_site(site)
        keys = [key for path in ssh_key or [] for key in seed.public_keys(path)]
        wanted = Wanted(
            site=found,
            desk=desk or f"https://{found.collector.host}:{DESK_PORT}",
            claim=_claim(claim_file),
            authority=_certificate(ca),
            keys=tuple(keys),
            network=None if network is None else seed.network_of(network),
        )
        made = build(base, out, wanted, wheels, _size(size), _step(quiet=as_json))
    facts = made.facts
    if as_json:
        about = {"name": facts.name, "machine": facts.machine, "python": facts.python}
        numbers = {"bytes": made.size, "sha256": made.sha256, "nodes": made.nodes}
        print_json({"ok": True, "image": str(out), "pole": found.pole, **about, **numbers})
        return
    typer.echo(
        t(
            "image.made",
            out=out,
            name=facts.name,
            machine=facts.machine,
            python=facts.python,
            pole=found.pole,
            size=f"{made.size / 1e9:.2f} GB",
            sha256=made.sha256,
        )
    )


def wheels(
    machine: Annotated[Literal["amd64", "arm64"], typer.Argument(help="Of the boxes.")],
    out: Annotated[Path, typer.Option(help="Folder for the wheels.")],
    python: Annotated[str, typer.Option(help="Of the boxes: Debian 12 has 3.11, 13 has 3.13.")],
    libc: Annotated[int, typer.Option(min=17, max=99, help="Minor version of glibc 2.")] = 36,
    own: Annotated[
        Path | None, typer.Option(help="polewatch's own wheel; built of the source tree else.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Where there is a network: fetch what boxes of one kind need, each wheel by its hash."""
    with failing(as_json=as_json):
        if not re.fullmatch(r"3\.\d{2}", python):
            raise typer.BadParameter("use a version such as 3.11", param_hint="--python")
        names = sets.fetch(Facts("", machine, python, libc), out, own)
    if as_json:
        print_json({"ok": True, "machine": machine, "python": python, "wheels": list(names)})
        return
    typer.echo(t("image.wheels", folder=out, count=len(names), machine=machine, python=python))


def _claim(path: Path) -> str:
    text = _read(path).strip()
    if not re.fullmatch(r"[A-Za-z0-9 -]{16,60}", text):
        raise ProvisionError("image.contents", f"{path} holds no claim of 'authority claim'")
    return text


def _certificate(path: Path) -> str:
    text = _read(path)
    if "PRIVATE KEY" in text or "BEGIN CERTIFICATE" not in text:
        raise ProvisionError("image.contents", f"{path} is no certificate of the authority")
    return text


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is no text"
        raise ProvisionError("image.contents", f"{path}: {reason}") from error


def _size(text: str | None) -> int | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)([kmgt]?)i?b?", text.strip().lower())
    if found is None:
        raise typer.BadParameter("use a size such as 4G", param_hint="--size")
    # Partition tables count in sectors, and file systems in more.
    return int(found[1]) * _UNITS[found[2]] // 2**20 * 2**20


def _step(*, quiet: bool) -> Callable[[str], None]:
    def say(step: str) -> None:
        if not quiet and sys.stderr.isatty():
            typer.echo(f"{t(f'image.step.{step}')} …", err=True)

    return say
