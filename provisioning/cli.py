"""`polewatch provision`: the tree of its commands, and the language that they speak."""

from __future__ import annotations

from typing import Annotated

import typer

from provisioning.commands import bundle, desk, discover, doctor, flash, image
from provisioning.commands.authority import authority, example
from provisioning.commands.enrol import enrol
from provisioning.commands.site import site
from provisioning.words import choose
from wire.language import Language

app = typer.Typer(no_args_is_help=True, help="The technician's tool.")
app.add_typer(authority, name="authority")
app.add_typer(site, name="site")
app.add_typer(enrol, name="enrol")
enrol.command(epilog="Example: polewatch provision enrol serve --config desk.yaml")(desk.serve)
enrol.command(epilog="Example: polewatch provision enrol refused --config desk.yaml")(desk.refused)
authority.command(epilog=example("keep --keys desk/keys --journals desk/data"))(desk.keep)
authority.command("refused", epilog=example("refused --json"))(desk.not_taken)
app.command("image", epilog=image.EXAMPLE)(image.image)
app.command("wheels", epilog=image.WHEELS_EXAMPLE)(image.wheels)
app.command("flash", epilog=flash.EXAMPLE)(flash.flash)
app.command("bundle", epilog=bundle.EXAMPLE)(bundle.bundle)
app.command("discover", epilog=discover.EXAMPLE)(discover.discover)
app.command("doctor", epilog=doctor.EXAMPLE)(doctor.doctor)


@app.callback()
def root(
    lang: Annotated[
        Language | None,
        typer.Option(
            "--lang",
            envvar="POLEWATCH_LANG",
            help="ko or en; the terminal's own language when left out.",
        ),
    ] = None,
) -> None:
    """The technician's tool."""
    choose(lang)
