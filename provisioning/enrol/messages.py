"""What box, laptop and authority hand to each other, as files."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from provisioning.enrol.claims import Claim
from provisioning.problems import ProvisionError
from wire.names import Name, Shard

MAX_BYTES = 1_000_000


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Request(_Message):
    """From the box: let me be this pole."""

    pole: Name
    claim: str = Field(max_length=100)
    csr: str = Field(max_length=10_000)


class Answer(_Message):
    """To the box; nothing in it is secret."""

    name: Name
    certificate: str = Field(max_length=50_000, description="The chain, the box's own first.")
    ca: str = Field(max_length=50_000)
    collector: str = Field(max_length=20_000)
    signer: str = Field(max_length=20_000)
    agent: str | None = Field(None, max_length=200_000, description="agent.yaml.")


class PoleLimit(_Message):
    """One pole that a laptop may enrol: the next board's name, and the claims that count."""

    pole: Name
    name: Name
    shard: Shard
    claims: tuple[Claim, ...]


class Limits(_Message):
    """What a laptop may do, as its own software reads it; its certificate says so too."""

    laptop: Name
    site: Name
    expires_at: AwareDatetime
    poles: tuple[PoleLimit, ...]


class Prepared(_Message):
    """What the keeper tells the desk: every pole with a claim, and its next board."""

    poles: tuple[PoleLimit, ...]


class Entry(_Message):
    """One line of a laptop's journal."""

    pole: Name
    name: Name
    claim_sha256: str = Field(max_length=64)
    csr: str = Field(max_length=10_000)
    certificate: str = Field(max_length=50_000)
    at: AwareDatetime


Model = TypeVar("Model", bound=BaseModel)


def read(path: Path, model: type[Model], most_bytes: int = MAX_BYTES) -> Model:
    """Read a message; raises ProvisionError naming file and field, never the content."""
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except OSError as error:
        raise ProvisionError("request.invalid", f"{path}: {error.strerror}") from error
    if len(data) > most_bytes:
        raise ProvisionError("request.invalid", f"{path}: larger than {most_bytes:,} bytes")
    return parse(data, model, str(path))


def parse(data: bytes, model: type[Model], source: str) -> Model:
    """A message of `source`; raises ProvisionError naming the field, never the content."""
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "file"
        raise ProvisionError("request.invalid", f"{source}: {where}: {first['msg']}") from None
