"""How agencies are reached, as routing.yaml says: their addresses, keys and marks."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from collector.config import TlsSettings
from wire.names import Name
from wire.settings import Settings, SettingsPath

SECRET_BYTES = 32
"""Fewer can be guessed; as many as the hash has."""


class _Endpoint(Settings):
    agency: Name = Field(description="Who is reached; enrolled, or named only here.")
    enabled: bool = Field(
        True, description="false: nothing is sent, what is due waits and is escalated."
    )


class MqttEndpoint(_Endpoint):
    """Needed only to disable an agency's topics: whoever is enrolled is reached."""

    channel: Literal["mqtt"] = Field(description="mqtt")


class _HttpsEndpoint(_Endpoint):
    url: str = Field(description="https://; redirects are not followed.")
    ca_file: SettingsPath | None = Field(
        None, description="PEM: whose servers are believed; left out: the system's."
    )
    client: TlsSettings | None = Field(None, description="Our certificate towards them.")
    timeout_s: float = Field(5.0, gt=0, le=30, description="To connect, and to answer.")

    @field_validator("url")
    @classmethod
    def _encrypted(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname:
            raise ValueError("must be https://host[:port]/path")
        if parts.username or parts.password:
            raise ValueError("must hold no name or password; use client or secret_file")
        return url

    @model_validator(mode="after")
    def _files_can_be_used(self) -> _HttpsEndpoint:
        self.tls()
        return self

    def tls(self) -> ssl.SSLContext:
        """TLS 1.2 or newer; raises ValueError naming the file that cannot be used."""
        for file in (
            self.ca_file,
            *((self.client.certificate, self.client.key) if self.client else ()),
        ):
            if file is not None and not file.is_file():
                raise ValueError(f"there is no file {file}")
        try:
            cafile = None if self.ca_file is None else str(self.ca_file)
            context = ssl.create_default_context(cafile=cafile)
            if self.client is not None:
                context.load_cert_chain(self.client.certificate, self.client.key)
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"ca_file or client cannot be used: {error}") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


class WebhookEndpoint(_HttpsEndpoint):
    """JSON by POST, signed with a secret that both sides know."""

    channel: Literal["webhook"] = Field(description="webhook")
    secret_file: SettingsPath = Field(
        description=f"Mode 0600, at least {SECRET_BYTES} bytes; signs both directions."
    )

    @field_validator("secret_file")
    @classmethod
    def _secret(cls, file: Path) -> Path:
        read_secret(file)
        return file


class CapEndpoint(_HttpsEndpoint):
    """CAP 1.2 by POST."""

    channel: Literal["cap"] = Field(description="cap")
    sender: str = Field(
        pattern=r"^[^\s,<&]{1,120}$", description="Who we are: no space, comma, < or &."
    )
    sender_name: str = Field(max_length=120, description="As people read it.")
    scope: Literal["Restricted", "Private"] = Field("Restricted", description="Never Public.")
    restriction: str = Field(
        "관계기관 한정",
        min_length=1,
        max_length=120,
        description="To whom a Restricted one may go.",
    )
    area_code: str | None = Field(
        None, pattern=r"^\d{10}$", description="District, where a camera has none of its own."
    )
    event_codes: dict[str, Annotated[str, Field(pattern=r"^[A-Z]{3}$")]] = Field(
        default_factory=dict,
        description="Instead of a type's own Korean code: 'type' or 'camera group/type', "
        "e.g. forest/fire: MFW.",
    )
    secret_file: SettingsPath | None = Field(
        None, description="Signs Acks that come later by themselves; see WebhookEndpoint."
    )

    @field_validator("secret_file")
    @classmethod
    def _secret(cls, file: Path | None) -> Path | None:
        if file is not None:
            read_secret(file)
        return file


HttpsEndpoint = WebhookEndpoint | CapEndpoint
Endpoint = Annotated[MqttEndpoint | WebhookEndpoint | CapEndpoint, Field(discriminator="channel")]


def read_secret(file: Path) -> bytes:
    """Its bytes without white space around; raises ValueError naming the remedy."""
    try:
        if file.stat().st_mode & 0o077:
            raise ValueError(f"{file} may be read by others; run: chmod 600 {file}")
        secret = file.read_bytes().strip()
    except OSError as error:
        raise ValueError(f"{file} cannot be read ({error.strerror})") from None
    if len(secret) < SECRET_BYTES:
        raise ValueError(
            f"{file} holds {len(secret)} bytes, at least {SECRET_BYTES} are needed; "
            f"run: openssl rand -hex 32 > {file}"
        )
    return secret
