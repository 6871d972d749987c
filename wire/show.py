"""Any message, readably: what `polewatch wire show` prints."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from joserfc.util import urlsafe_b64decode

from wire import kinds
from wire.clock import SystemClock
from wire.envelope import CloudEvent, EnvelopeError, body, verify_bytes
from wire.register import RegisterError, Trust

app = typer.Typer(no_args_is_help=True, help="The messages on the wire.")


def describe(message: bytes, trust: Trust | None = None) -> dict[str, Any]:
    """A message as nested plain values; `signature` says whether it was checked and holds.

    Raises EnvelopeError when the message is neither a compact JWS nor a CloudEvent.
    """
    message = message.strip()
    signature: dict[str, str] = {"state": "none"}
    payload = message
    if not message.startswith(b"{"):
        parts = message.split(b".")
        if len(parts) != 3:
            raise EnvelopeError("malformed", "neither a compact JWS nor JSON")
        try:
            header = json.loads(urlsafe_b64decode(parts[0]))
            payload = urlsafe_b64decode(parts[1])
            signature = {"state": "not checked", "kid": str(header["kid"])}
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise EnvelopeError("malformed", f"no JWS header with a kid ({error})") from error
        if trust is not None:
            signature["state"] = _check(message, trust)
    shown: dict[str, Any] = {"signature": signature}
    try:
        event = CloudEvent.model_validate_json(payload)
        model = kinds.ALL.get(event.kind)
        shown["message"] = event.model_dump(mode="json", exclude_none=True)
        if model is None:
            shown["note"] = f"unknown kind {event.kind!r}: shown as it is"
        else:
            body(event, model)
    except EnvelopeError as error:
        shown["note"] = str(error)
    except ValueError:
        try:
            shown["message"] = json.loads(payload)
        except (ValueError, RecursionError) as error:
            raise EnvelopeError("malformed", "the payload is not JSON") from error
    return shown


def _check(message: bytes, trust: Trust) -> str:
    try:
        verify_bytes(message, lambda kid: trust.device_key(kid) or trust.service_key(kid))
    except EnvelopeError as error:
        return f"DOES NOT HOLD: {error}"
    return "holds"


@app.command()
def show(
    file: Annotated[
        Path | None, typer.Argument(help="Message file; standard input when left out.")
    ] = None,
    register: Annotated[
        Path | None, typer.Option(help="Register to check the signature against.")
    ] = None,
) -> None:
    """Print any message readably and, with a register, say whether its signature holds.

    Example: polewatch wire show event.jws --register authority/register.yaml
    """
    try:
        trust = None if register is None else Trust(register, now=SystemClock().now())
        message = sys.stdin.buffer.read() if file is None else file.read_bytes()
        shown = describe(message, trust)
    except (EnvelopeError, RegisterError, OSError) as error:
        typer.echo(f"wire show: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(json.dumps(shown, indent=2, ensure_ascii=False))
    if shown["signature"]["state"].startswith("DOES NOT"):
        raise typer.Exit(1)


@app.callback()
def _main() -> None:
    """Keeps `show` a subcommand."""
