"""`polewatch broker`: arguments and printing only."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Annotated

import typer

from collector.broker.mosquitto import mosquitto_access, mosquitto_config
from collector.broker.nats import nats_config
from collector.broker.runner import BrokerError, server_program
from collector.broker.settings import BrokerSettings
from wire.register import load_register

app = typer.Typer(no_args_is_help=True, help="Configures brokers and runs the embedded one.")
config = typer.Typer(no_args_is_help=True, help="Writes a broker's configuration.")
app.add_typer(config, name="config")

RegisterFile = Annotated[Path, typer.Option("--register", help="Who is enrolled.")]
IdentityFolder = Annotated[
    Path, typer.Option("--identity", help="Folder with the broker's key.pem, cert.pem, ca.pem.")
]
Out = Annotated[Path, typer.Option("--out", help="The file to write.")]
Store = Annotated[Path, typer.Option("--store", help="Folder for sessions and messages.")]
Host = Annotated[str, typer.Option("--host", help="Address to listen at.")]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen at.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object for programs.")]

AUTHORITY = Path("authority")
REGISTER = AUTHORITY / "register.yaml"
IDENTITY = AUTHORITY / "identities" / "broker"


@config.command(epilog="Example: polewatch broker config nats --out nats.conf --store nats-store")
def nats(
    out: Out,
    register: RegisterFile = REGISTER,
    identity: IdentityFolder = IDENTITY,
    store: Store = Path("broker-store"),
    host: Host = "127.0.0.1",
    port: Port = 8883,
    sync_always: Annotated[
        bool, typer.Option("--sync-always", help="Write through to the disk before every answer.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write nats-server's configuration with the rights of everybody who is enrolled."""
    settings = _settings(identity, store, host, port)
    text = nats_config(load_register(register), settings, sync_always=sync_always)
    _write(out, text)
    _report([out], as_json)


@config.command(epilog="Example: polewatch broker config mosquitto --out mosquitto.conf")
def mosquitto(
    out: Out,
    register: RegisterFile = REGISTER,
    identity: IdentityFolder = IDENTITY,
    store: Store = Path("broker-store"),
    host: Host = "127.0.0.1",
    port: Port = 8883,
    user: Annotated[
        str | None, typer.Option("--user", help="Account that mosquitto runs as.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write mosquitto's configuration and, beside it, its access list."""
    enrolled = load_register(register)
    revocations = register.resolve().parent / "crl.pem"
    access_list = out.resolve().with_suffix(".acl")
    text = mosquitto_config(
        enrolled,
        _settings(identity, store, host, port),
        access_list=access_list,
        revocations=revocations if revocations.exists() else None,
        user=user,
    )
    _write(access_list, mosquitto_access(enrolled))
    _write(out, text)
    _report([out, access_list], as_json)


@app.command(epilog="Example: polewatch broker run --config nats.conf")
def run(
    config: Annotated[Path, typer.Option("--config", help="A file of 'broker config nats'.")],
) -> None:
    """Run the embedded broker in the foreground; SIGHUP reloads it, SIGTERM ends it."""
    if not config.is_file():
        raise BrokerError(f"{config} does not exist; write it by: polewatch broker config nats")
    program = server_program()
    # The broker takes this process's place: signals and the exit code are its own.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execv(program, [str(program), "-c", str(config)])


def _settings(identity: Path, store: Path, host: str, port: int) -> BrokerSettings:
    # Absolute, because a broker may be started in any folder.
    for name in ("key.pem", "cert.pem", "ca.pem"):
        if not (identity / name).is_file():
            raise BrokerError(
                f"{identity / name} is missing; make it by: "
                f"polewatch provision authority issue service broker --role broker --host HOST"
            )
    store.mkdir(parents=True, exist_ok=True, mode=0o700)
    return BrokerSettings(identity.resolve(), store.resolve(), host, port)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text)
    fresh.replace(path)


def _report(files: list[Path], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"files": [str(file) for file in files]}))
        return
    typer.echo(f"written: {', '.join(str(file) for file in files)}")
