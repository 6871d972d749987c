"""The enrolment desk's configuration file."""

from __future__ import annotations

from pydantic import Field

from wire.settings import Settings, SettingsPath


class DeskHttp(Settings):
    """Where boxes reach it; always HTTPS, with the certificate of `identity`."""

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(8444, ge=0, le=65535, description="0 takes a free one.")


class DeskLimits(Settings):
    """What strangers may cost."""

    connections: int = Field(32, ge=1, le=1000, description="At once; more are turned away.")
    connections_per_address: int = Field(
        8, ge=1, le=1000, description="Of `connections`, for one address."
    )
    requests_per_minute: int = Field(
        600, ge=1, le=100_000, description="Of all addresses together."
    )
    refusals_per_address: int = Field(
        10, ge=1, le=10_000, description="Then that address waits for `refusal_minutes`."
    )
    refusal_minutes: float = Field(10.0, gt=0, le=1440, description="Refusals count so long.")
    refusals_kilobytes: int = Field(
        1_000, ge=10, le=100_000, description="Disk for what was refused; the oldest go."
    )


class DeskSettings(Settings):
    """The whole file."""

    identity: SettingsPath = Field(description="Folder of key.pem (0600), cert.pem, ca.pem.")
    keys: SettingsPath = Field(
        description="Folder that 'authority keep --desk' fills with keys; never written here."
    )
    sites: SettingsPath = Field(description="Folder of site files, POLE.yaml.")
    data: SettingsPath = Field(description="Folder for journals and refusals; nobody else's.")
    http: DeskHttp = DeskHttp()
    limits: DeskLimits = DeskLimits()
