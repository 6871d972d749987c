"""Where a process listens for figures, and which addresses need no certificate."""

from __future__ import annotations

import ipaddress

from pydantic import Field, model_validator

from wire.settings import Settings, SettingsPath


def is_loopback(host: str) -> bool:
    """Whether a listener on `host` can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class MetricsTls(Settings):
    """Who this listener is and who may ask it."""

    certificate: SettingsPath = Field(description="PEM file, the chain included.")
    key: SettingsPath = Field(description="PEM file, mode 0600.")
    clients: SettingsPath = Field(description="CA file: who shows no certificate of it is refused.")


class MetricsSettings(Settings):
    """Where Prometheus asks for figures: `http(s)://host:port/metrics`."""

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(ge=0, le=65535, description="0 takes a free one.")
    tls: MetricsTls | None = Field(None, description="Required unless the host is loopback.")

    @model_validator(mode="after")
    def _no_plain_text_off_loopback(self) -> MetricsSettings:
        if self.tls is None and not is_loopback(self.host):
            raise ValueError(
                f"metrics on {self.host} need tls with certificate, key and clients "
                "(without tls only 127.0.0.1, ::1 or localhost are allowed)"
            )
        return self
