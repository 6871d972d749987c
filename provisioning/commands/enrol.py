"""`polewatch provision enrol` and the authority's part of it: arguments and printing only."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from provisioning.authority import Authority, AuthorityError
from provisioning.commands.authority import HERE, Folder, authority, example
from provisioning.commands.output import AsJson, failing, print_json
from provisioning.enrol import box
from provisioning.enrol import online as first_boot
from provisioning.enrol.claims import Claims
from provisioning.enrol.configuration import agent_text
from provisioning.enrol.laptop import Laptop
from provisioning.enrol.laptops import MAX_DAYS, answer_of, make_laptop, report_lost
from provisioning.enrol.laptops import reconcile as take_back
from provisioning.enrol.messages import Answer, Request, read
from provisioning.files import write_private, write_public
from provisioning.problems import ProvisionError
from provisioning.site.model import load_site
from provisioning.words import t
from wire.clock import SystemClock
from wire.names import is_name

enrol = typer.Typer(no_args_is_help=True, help="Enrols a box, on the ladder too.")
BoxFolder = Annotated[Path, typer.Option("--folder", help="The box's configuration folder.")]
BOX = Path("/etc/polewatch")


@authority.command(epilog=example("claim pole-001"))
def claim(
    pole: Annotated[str, typer.Argument(help="The pole that the box is prepared for.")],
    folder: Folder = HERE,
    days: Annotated[int, typer.Option(min=1, max=365, help="Until it expires.")] = 30,
    revoke: Annotated[bool, typer.Option("--revoke", help="Revoke the unused ones.")] = False,
    as_json: AsJson = False,
) -> None:
    """A new one-use claim for a box of a pole; it is shown once."""
    with failing(as_json=as_json):
        opened = Authority(folder)
        if not is_name(pole):
            raise AuthorityError("name.invalid", f"pole {pole!r}")
        book = Claims(opened.folder)
        count = book.revoke(pole) if revoke else 0
        text = "" if revoke else book.issue(pole, SystemClock().now(), timedelta(days=days))
    if revoke:
        if as_json:
            print_json({"pole": pole, "revoked": count})
        else:
            typer.echo(t("enrol.revoked", pole=pole, count=count))
        return
    if as_json:
        print_json({"pole": pole, "claim": text})
    else:
        typer.echo(text)


@authority.command(epilog=example("laptop kim --pole pole-001 --pole pole-002 --out laptop-kim"))
def laptop(
    name: Annotated[str, typer.Argument(help="The laptop's name.")],
    pole: Annotated[list[str], typer.Option(help="A pole that it may enrol; repeat it.")],
    out: Annotated[Path, typer.Option(help="The new folder to hand over.")],
    folder: Folder = HERE,
    days: Annotated[int, typer.Option(min=1, max=MAX_DAYS, help="The key's life.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Make a laptop's issuing key: short-lived, for the next board of the named poles only."""
    with failing(as_json=as_json):
        made = make_laptop(Authority(folder), name, pole, out, SystemClock().now(), days)
    if as_json:
        names = [limit.name for limit in made.poles]
        print_json({"laptop": name, "names": names, "expires_at": made.expires_at.isoformat()})
        return
    until = f"{made.expires_at:%Y-%m-%d %H:%M}"
    typer.echo(t("enrol.laptop", laptop=name, poles=len(made.poles), until=until, out=out))


@authority.command(epilog=example("lost kim"))
def lost(
    name: Annotated[str, typer.Argument(help="The laptop's name.")],
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """Report a laptop lost: nothing that it brings back is taken any more."""
    with failing(as_json=as_json):
        opened = Authority(folder)
        names = report_lost(opened, name, SystemClock().now())
    enrolled = [one.name for one in opened.register.devices if not one.revoked]
    taken = [one for one in names if one in enrolled]
    if as_json:
        print_json({"laptop": name, "names": list(names), "enrolled": taken})
        return
    typer.echo(t("enrol.lost", laptop=name, names=", ".join(names)))
    if taken:
        typer.echo(t("enrol.lost-enrolled", names=", ".join(taken)))


@authority.command(epilog=example("reconcile laptop-kim --out answers"))
def reconcile(
    back: Annotated[Path, typer.Argument(help="The laptop's folder.")],
    folder: Folder = HERE,
    out: Annotated[
        Path | None, typer.Option(help="Folder for each new box's ordinary certificate.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take in what a laptop enrolled; misuse is refused and told."""
    with failing(as_json=as_json):
        opened = Authority(folder)
        found = take_back(opened, back)
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            for one in found:
                if one.state != "refused":
                    answer = answer_of(opened, one.entry.name)
                    text = answer.model_dump_json(indent=1).encode()
                    write_public(out / f"{one.entry.name}.json", text)
    refused = [one for one in found if one.problem is not None]
    if as_json:
        print_json({"ok": not refused, "entries": [one.as_json() for one in found]})
    else:
        for one in found:
            if one.problem is None:
                typer.echo(t(f"enrol.{one.state}", name=one.entry.name))
            else:
                typer.secho(f"polewatch: {one.problem}", err=True, fg=typer.colors.RED)
    if refused:
        raise typer.Exit(1)


@enrol.command(
    epilog="Example: polewatch provision enrol request pole-001 --claim-file claim --out box.json"
)
def request(
    pole: Annotated[str, typer.Argument(help="The pole that this box is for.")],
    claim_file: Annotated[Path, typer.Option(help="File with the claim of the image.")],
    out: Annotated[Path, typer.Option(help="The request to carry to the laptop.")],
    folder: BoxFolder = BOX,
    as_json: AsJson = False,
) -> None:
    """On the box: make its key, which never leaves it, and a request."""
    with failing(as_json=as_json):
        if not is_name(pole):
            raise ProvisionError("request.invalid", f"pole {pole[:40]!r} is no name")
        try:
            made = box.request(folder, pole, claim_file.read_text())
            # It holds the claim, which is a secret until it is spent.
            write_private(out, made.model_dump_json(indent=1).encode())
        except OSError as error:
            detail = f"{error.filename}: {error.strerror}"
            raise ProvisionError("request.invalid", detail) from error
    _done(out, t("enrol.requested", pole=pole, out=out), as_json=as_json)


@enrol.command(
    epilog="Example: polewatch provision enrol sign box.json --laptop laptop-kim "
    "--site sites/pole-001.yaml --out answer.json"
)
def sign(
    asked: Annotated[Path, typer.Argument(help="The box's request.")],
    laptop: Annotated[Path, typer.Option(help="The laptop's folder.")],
    out: Annotated[Path, typer.Option(help="The answer to carry to the box.")],
    site: Annotated[
        Path | None, typer.Option(help="Site file, of which the agent's configuration is made.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """On the laptop: certify a box, within the laptop's limits, once."""
    with failing(as_json=as_json):
        opened, wanted = Laptop(laptop), read(asked, Request)
        agent = None
        if site is not None:
            found = load_site(site)
            if found.pole != wanted.pole:
                raise ProvisionError("enrol.mismatch", f"{site} is of {found.pole}")
            shards = [one.shard for one in opened.limits.poles if one.pole == wanted.pole]
            agent = agent_text(found, shards[0]) if shards else None
        answer = opened.sign(wanted, SystemClock().now(), agent)
        write_public(out, answer.model_dump_json(indent=1).encode())
    _done(out, t("enrol.signed", name=answer.name, out=out), as_json=as_json)


@enrol.command(epilog="Example: polewatch provision enrol install answer.json")
def install(
    answer: Annotated[Path, typer.Argument(help="The laptop's or the authority's answer.")],
    folder: BoxFolder = BOX,
    as_json: AsJson = False,
) -> None:
    """On the box: take identity, trust and configuration, if they are for this box."""
    with failing(as_json=as_json):
        found = read(answer, Answer)
        box.install(folder, found)
    _done(folder, t("enrol.installed", name=found.name, folder=folder), as_json=as_json)


@enrol.command(epilog="Example: polewatch provision enrol online --patience 600")
def online(
    folder: BoxFolder = BOX,
    patience: Annotated[
        float, typer.Option(min=0, max=86_400, help="Seconds to go on while nobody answers.")
    ] = 300.0,
    as_json: AsJson = False,
) -> None:
    """On the box, at its first boot: be enrolled by the desk that FOLDER/enrol.yaml names."""

    def told(problem: ProvisionError, pause_s: float) -> None:
        typer.echo(f"{problem} {t('enrol.again', seconds=f'{pause_s:.0f}')}", err=True)

    with failing(as_json=as_json):
        name = first_boot.enrol(folder, SystemClock(), patience, told)
    if as_json:
        print_json({"ok": True, "name": name, "folder": str(folder)})
    elif name is None:
        typer.echo(t("enrol.already", folder=folder))
    else:
        typer.echo(t("enrol.installed", name=name, folder=folder))


def _done(path: Path, words: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"ok": True, "file": str(path)})
    else:
        typer.echo(words)
