"""`polewatch broker`: arguments and printing only."""

from __future__ import annotations

import json
import os
import signal
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from collector.broker.files import follow_file, pid_file, reload, write_mosquitto, write_nats
from collector.broker.live import bring_up_to_date
from collector.broker.mosquitto import mosquitto_program
from collector.broker.nats import Cluster
from collector.broker.runner import BrokerError, server_program
from collector.broker.settings import BrokerSettings
from collector.broker.witness import run as watch
from wire.register import load_register
from wire.stopping import stop_on_signals

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

SyncAlways = Annotated[
    bool, typer.Option("--sync-always", help="Write through to the disk before every answer.")
]
LogFile = Annotated[
    Path | None,
    typer.Option("--log", help="What it refuses is written there, for the collector to read."),
]
User = Annotated[str | None, typer.Option("--user", help="Account that mosquitto runs as.")]


ClusterNodes = Annotated[
    list[str] | None,
    typer.Option("--cluster", help="A node as NAME=HOST:PORT, once for each of three or more."),
]
Node = Annotated[str | None, typer.Option("--node", help="Which node of the cluster it is.")]


class Kind(StrEnum):
    """The brokers that are supported."""

    nats = "nats"
    mosquitto = "mosquitto"


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
    sync_always: SyncAlways = False,
    cluster: ClusterNodes = None,
    node: Node = None,
    log_file: LogFile = None,
    as_json: AsJson = False,
) -> None:
    """Write nats-server's configuration with the rights of everybody who is enrolled.

    With --cluster it is that of one node of three: --cluster a=10.0.0.1:6222 --cluster b=… --node a
    """
    settings = _settings(identity, store, host, port)
    nodes = _cluster(cluster, node)
    files = write_nats(
        out, register, settings, sync_always=sync_always, cluster=nodes, log_file=log_file
    )
    _report(files, as_json)


@config.command(epilog="Example: polewatch broker config mosquitto --out mosquitto.conf")
def mosquitto(
    out: Out,
    register: RegisterFile = REGISTER,
    identity: IdentityFolder = IDENTITY,
    store: Store = Path("broker-store"),
    host: Host = "127.0.0.1",
    port: Port = 8883,
    user: User = None,
    as_json: AsJson = False,
) -> None:
    """Write mosquitto's configuration and, beside it, the rights of everybody who is enrolled."""
    settings = _settings(identity, store, host, port)
    _report(write_mosquitto(out, register, settings, user=user, rights_too=True), as_json)


@app.command(epilog="Example: polewatch broker apply nats --out nats.conf --follow")
def apply(
    kind: Annotated[Kind, typer.Argument(help="Which broker it is.")],
    out: Out,
    register: RegisterFile = REGISTER,
    identity: IdentityFolder = IDENTITY,
    store: Store = Path("broker-store"),
    host: Host = "127.0.0.1",
    port: Port = 8883,
    sync_always: SyncAlways = False,
    cluster: ClusterNodes = None,
    node: Node = None,
    log_file: LogFile = None,
    user: User = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Stay, and do it again whenever the register changes.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a running broker to the register: new ones are let in, revoked ones cut off at once.

    Give it what 'broker config' was given; the process is found by OUT with the ending .pid.
    """
    settings = _settings(identity, store, host, port)
    nodes = _cluster(cluster, node)

    def bring() -> None:
        if kind is Kind.nats:
            files = write_nats(
                out, register, settings, sync_always=sync_always, cluster=nodes, log_file=log_file
            )
            reload(pid_file(out))
        else:
            files = write_mosquitto(out, register, settings, user=user, rights_too=False)
            # The revocations first: who is cut off must not come back.
            reload(pid_file(out))
            changed = bring_up_to_date(load_register(register), settings)
            told = f"let in: {_names(changed.added)}; cut off: {_names(changed.removed)}"
            typer.echo(told, err=True)
        _report(files, as_json)

    bring()
    if follow:
        follow_file(register, stop_on_signals(), bring)


@app.command(epilog="Example: polewatch broker run mosquitto --config mosquitto.conf --log mq.log")
def run(
    config: Annotated[Path, typer.Option("--config", help="A file of 'broker config'.")],
    kind: Annotated[Kind, typer.Argument(help="Which broker it is for.")] = Kind.nats,
    log_file: Annotated[
        Path | None,
        typer.Option("--log", help="Of mosquitto: what it refuses, for the collector to read."),
    ] = None,
) -> None:
    """Run a broker in the foreground; SIGHUP reloads it, SIGTERM ends it.

    nats-server writes its log itself: give --log to 'broker config nats'.
    """
    if not config.is_file():
        raise BrokerError(f"{config} does not exist; write it by: polewatch broker config {kind}")
    # The broker takes this process's place: signals and the exit code are its own.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if kind is Kind.mosquitto:
        program = [str(mosquitto_program()), "-c", str(config)]
        if log_file is not None:
            watch([*program, "-v"], log_file.resolve())
        os.execv(program[0], program)
    if log_file is not None:
        raise BrokerError("nats-server writes its log itself: give --log to 'broker config nats'")
    server = server_program()
    os.execv(server, [str(server), "-c", str(config)])


def _cluster(nodes: list[str] | None, node: str | None) -> Cluster | None:
    if not nodes and node is None:
        return None
    parts = [one.partition("=") for one in nodes or ()]
    if node is None or not all(name and address for name, _, address in parts):
        raise BrokerError("give --node NAME, and --cluster NAME=HOST:PORT for each node")
    try:
        return Cluster(node, {name: address for name, _, address in parts})
    except ValueError as error:
        raise BrokerError(str(error)) from error


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


def _report(files: list[Path], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"files": [str(file) for file in files]}))
        return
    typer.echo(f"written: {', '.join(str(file) for file in files)}")


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nobody"
