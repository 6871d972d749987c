"""The box's own checks in the order in which they are told; each is in edge_agent.checks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path

from edge_agent.checks import box, network, video
from edge_agent.checks.result import Check, CheckResult, bad, carry_out_all, good
from edge_agent.checks.sample import Sampler
from edge_agent.config import AgentSettings, load_agent_settings
from edge_agent.drawn.vault import LOST, InForce, RulesVault, effective, rules_folder, rules_of
from edge_agent.plates import locate, reader
from edge_agent.ring_keeper import planned, too_short
from edge_agent.rules.base import wants_closer_look, wants_fire, wants_plates
from edge_agent.sight import fire, posture
from models.registry import ModelError, Registry
from wire.clock import Clock
from wire.identity import (
    Identity,
    IdentityError,
    common_name,
    load_authorities,
    load_certificate,
    signing_key_of,
)
from wire.settings import SettingsError
from wire.whep import IceServer

EXPIRY_WARNING = timedelta(days=30)
LAST_DAY = timedelta(days=1)
"""What a laptop signed lasts some days from the first."""
ROOT = Path("/")


def run_checks(
    config: Path, clock: Clock, *, turn: IceServer | None = None
) -> Iterator[CheckResult]:
    """All checks in order; those that need the configuration are left out when it is unusable."""
    try:
        settings = load_agent_settings(config)
    except SettingsError as error:
        yield bad("config", "config.invalid", str(error))
        return
    yield good("config", f"{config}: {len(settings.cameras)} cameras")
    vault = RulesVault(rules_folder(settings.data))
    counts = rules_of(settings, vault)
    yield check_rules(counts, vault.unreadable)
    yield from carry_out_all(checks(effective(settings, counts), clock, turn), clock)


def checks(settings: AgentSettings, clock: Clock, turn: IceServer | None) -> Iterator[Check]:
    """Every check with its bound; later ones measure with what earlier ones brought."""
    yield Check("identity", 5, partial(check_identity, settings, clock))
    yield Check("trust", 5, partial(check_trust, settings, clock))
    yield Check("power", 5, partial(box.check_power, ROOT))
    yield Check("temperature", 5, partial(box.check_temperature, ROOT))
    yield Check("disk", 20, partial(box.check_disk, settings.data))
    yield Check("disk health", 10, partial(box.check_disk_health, settings.data, ROOT))
    yield Check("ring", 20, partial(check_ring, settings))
    yield Check("clock", 5, box.check_clock)
    yield Check("model", 60, partial(check_model, settings))
    yield Check("dns", 10, partial(network.check_names, settings))
    yield Check("broker", 25, partial(network.check_broker, settings, clock))
    yield Check("topics", 60, partial(network.check_topics, settings, clock))
    yield Check("receipts", 5, partial(network.check_receipts, settings, clock))
    samples: dict[str, Sampler] = {}
    for camera in settings.cameras:
        streams = {f"camera {camera.id}": camera.url}
        if camera.sub_url is not None:
            streams[f"camera {camera.id} sub"] = camera.sub_url
        for name, url in streams.items():
            # What is analysed is measured: the substream, where there is one.
            samples[camera.id] = sample = Sampler()
            run = partial(video.check_camera, camera, url, name, clock, sample)
            yield Check(name, 30, run, together=True)
    yield Check("decoder", 30, partial(video.check_decoder, samples, video.cores()))
    yield Check("detector", 60, partial(video.check_detector, settings, video.cores()))
    yield Check("recording", 40, partial(video.check_recording, settings.data, clock))
    yield Check("whep", 20, partial(video.check_session, clock))
    if turn is not None:
        yield Check("turn", 15, partial(network.check_turn, turn))


def check_rules(counts: Mapping[str, InForce], unreadable: Collection[str]) -> CheckResult:
    """Which zones, lines and rules count for each camera: the centre's, or those of this file."""
    told = [_told(camera, one) for camera, one in counts.items()]
    if unreadable:
        lost = ", ".join(sorted(unreadable))
        return bad("rules", LOST, f"{lost}: what the centre sent cannot be read; {'; '.join(told)}")
    return good("rules", "; ".join(told))


def _told(camera: str, one: InForce) -> str:
    rules = f"{camera}: {len(one.rules.rules)} rules"
    if one.told.source == "file":
        return f"{rules} of this file"
    since = "" if one.told.since is None else f" since {one.told.since:%Y-%m-%d %H:%M} UTC"
    return (
        f"{rules} of the centre, revision {one.told.revision}{since}: zones, lines and rules of "
        "this file do not count for it; the console changes them"
    )


def check_identity(settings: AgentSettings, clock: Clock) -> CheckResult:
    """Key, certificate and CA fit each other, and the certificate is not about to expire."""
    try:
        identity = Identity.load(settings.identity)
        certificate = load_certificate(identity.cert_file)
    except IdentityError as error:
        return bad("identity", "identity.invalid", str(error))
    if clock.now() < certificate.not_valid_before_utc:
        early = f"{identity.name} begins on {certificate.not_valid_before_utc:%Y-%m-%d}"
        return bad("identity", "clock.unsynchronised", f"{early}; this clock is before it")
    left = certificate.not_valid_after_utc - clock.now()
    try:
        authorities = load_authorities(identity.ca_file)
        signing_key_of(certificate, authorities, now=certificate.not_valid_before_utc)
        for_days = False
    except IdentityError:
        # A laptop or the desk made it for some days; the ordinary one comes over MQTT.
        for_days = True
    if left < (LAST_DAY if for_days else EXPIRY_WARNING):
        return bad("identity", "identity.invalid", f"{identity.name} expires in {left.days} days")
    more = "; the ordinary certificate comes from the collector" if for_days else ""
    return good("identity", f"{identity.name}, valid for {left.days} days{more}")


def check_trust(settings: AgentSettings, clock: Clock) -> CheckResult:
    """Collector and signer are the city's own, and their certificates are not about to expire."""
    files = {"collector": settings.trust.collector, "signer": settings.trust.signer}
    lefts = []
    for name, path in files.items():
        try:
            certificate = load_certificate(path)
            if (found := common_name(certificate)) != name:
                raise IdentityError(f"{path} is the certificate of {found!r}")
            begins = certificate.not_valid_before_utc
            signing_key_of(certificate, load_authorities(settings.identity / "ca.pem"), now=begins)
        except IdentityError as error:
            told = str(error)
            detail = told if str(path) in told else f"{path}: {told}"
            return bad("trust", "identity.invalid", detail)
        if clock.now() < begins:
            early = f"{name} begins on {begins:%Y-%m-%d}; this clock is before it"
            return bad("trust", "clock.unsynchronised", early)
        left = certificate.not_valid_after_utc - clock.now()
        if left < EXPIRY_WARNING:
            return bad("trust", "identity.invalid", f"{name} expires in {left.days} days")
        lefts.append(left.days)
    return good("trust", f"collector and signer, valid for {min(lefts)} days")


def check_model(settings: AgentSettings, registry: Registry | None = None) -> CheckResult:
    """The weights of every network that a camera asks for are the ones that the manifest names."""
    known = registry or Registry.default()
    try:
        paths = [known.verified_path(name) for name in model_names(settings)]
    except ModelError as error:
        code = "model.hash" if "sha" in str(error).lower() else "model.missing"
        return bad("model", code, str(error))
    return good("model", ", ".join(path.name for path in paths))


def check_ring(settings: AgentSettings) -> CheckResult:
    """How many hours of each camera the disk holds, and whether that is enough."""
    try:
        shares = planned(settings)
    except OSError as error:
        return bad("ring", "disk.read-only", f"{settings.data}: {error.strerror}")
    detail = "; ".join(map(str, shares))
    short = too_short(settings, shares)
    if short:
        return bad("ring", "ring.short", f"{detail}; at least {settings.ring.least_hours:g} h")
    return good("ring", detail)


def model_names(settings: AgentSettings) -> list[str]:
    """The networks that any camera's rules ask for, by their names in the manifest."""
    names = [settings.model]
    names += [] if settings.fine_model is None else [settings.fine_model]
    names += [posture.DEFAULT_MODEL] if any(map(wants_closer_look, settings.cameras)) else []
    names += [fire.DEFAULT_MODEL] if any(map(wants_fire, settings.cameras)) else []
    if any(map(wants_plates, settings.cameras)):
        names += [locate.DEFAULT_MODEL, reader.DEFAULT_MODEL]
    return names
