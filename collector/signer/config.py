"""The signer's configuration file."""

from __future__ import annotations

from pydantic import Field

from collector.config import HttpSettings
from wire.settings import Settings, SettingsPath


class SignerHttp(HttpSettings):
    """Its own listener; off loopback only clients with a certificate of the city may connect."""

    port: int = Field(8081, ge=0, le=65535, description="0 takes a free one.")


class SignerSettings(Settings):
    """The whole file."""

    identity: SettingsPath = Field(description="Folder of key.pem (0600), cert.pem, ca.pem.")
    register_file: SettingsPath = Field(description="register.yaml: which devices exist.")
    data: SettingsPath = Field(description="Folder of accounts and log; nobody else's.")
    http: SignerHttp = SignerHttp()
    session_hours: float = Field(8.0, gt=0, le=24, description="How long a sign-in lasts.")
    grant_minutes: float = Field(10.0, gt=0, le=10, description="How long a grant lasts.")
    longest_clip_minutes: float = Field(
        60.0, gt=0, le=1440, description="Of recorded video under one grant."
    )
    grants_per_minute: int = Field(60, ge=1, le=10_000, description="For one person.")
    failures_before_lock: int = Field(5, ge=1, le=100, description="Wrong passwords in a row.")
    lock_seconds: float = Field(
        30.0, ge=1, le=3600, description="First lockout; doubled with every further failure."
    )
