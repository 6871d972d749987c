"""What the line to the broker is made of: budget, meter, trust, the kernel's word on the clock."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from edge_agent.uplink.budget import BURST_S, Budget, Meter
from edge_agent.uplink.news import states
from edge_agent.uplink.silence import SILENCE_S, Silence
from edge_agent.uplink.synchronised import time_quality
from edge_agent.uplink.trust import NO_CHECK_TIME, PeerTrust, WallClockGuard, tls_context
from provisioning.authority import Authority
from tests.support.wait import wait_until
from wire.clock import SimulatedClock
from wire.event import TimeQuality
from wire.facility import FacilityState
from wire.health import CameraHealth, Health, OutboxHealth, WatchlistHealth
from wire.identity import Identity, IdentityError, load_certificate
from wire.names import new_id


def camera(state: str) -> CameraHealth:
    return CameraHealth.model_validate(
        {"camera": "cam-1", "state": state, "fps": 25, "analysed_fps": 5, "tracks": 0}
        | {"bytes_received": 1000}
    )


def lamp(mode: str) -> FacilityState:
    return FacilityState.model_validate(
        {"facility": "lamp", "kind": "light", "title": "보안등", "mode": mode}
    )


def picture() -> Health:
    ends = datetime(2026, 12, 1, tzinfo=UTC)
    return Health(
        boot_id=new_id(),
        at=datetime(2026, 11, 26, tzinfo=UTC),
        quality="unsynchronised",
        monotonic_s=1.0,
        uptime_s=1.0,
        cameras=(camera("up"),),
        outbox=OutboxHealth(depth=0, parked=0, lost=0, oldest_s=0),
        mqtt_bytes=0,
        clip_bytes=0,
        sessions=0,
        cpu_s=0.0,
        rss_mb=100.0,
        disk_free_mb=1000.0,
        watchlists=(WatchlistHealth(list_id="stolen", version=1, entries=3, expires_at=ends),),
        facilities=(lamp("off"),),
    )


class TestBudget:
    def test_over_time_the_rate_is_kept(self) -> None:
        clock = SimulatedClock()
        budget = Budget(1000.0, clock)
        sent, start = 0, clock.monotonic()
        while clock.monotonic() - start < 60:
            if (wait_s := budget.wait_s()) > 0:
                clock.advance(wait_s)
                continue
            budget.spend(700)
            sent += 700
        assert 60_000 <= sent <= 60_000 + BURST_S * 1000 + 700

    def test_one_item_may_be_larger_than_what_is_saved(self) -> None:
        clock = SimulatedClock()
        budget = Budget(100.0, clock)
        assert budget.wait_s() == 0
        budget.spend(60_000)
        assert budget.wait_s() == pytest.approx(598)

    def test_without_a_bound_nothing_waits(self) -> None:
        budget = Budget(None, SimulatedClock())
        budget.spend(10**12)
        assert budget.wait_s() == 0


class TestNews:
    def test_states_are_news_and_quantities_are_not(self) -> None:
        before = picture()
        later = before.model_copy(
            update={
                "monotonic_s": 60.0,
                "cpu_s": 9.0,
                "mqtt_bytes": 5000,
                "outbox": OutboxHealth(depth=7, parked=0, lost=0, oldest_s=3.0),
                "cameras": (before.cameras[0].model_copy(update={"fps": 3.0, "tracks": 4}),),
                "facilities": (before.facilities[0].model_copy(update={"left_s": 12.0}),),
            }
        )
        assert states(later) == states(before)

    @pytest.mark.parametrize(
        "changed",
        [
            {"quality": "synchronised"},
            {"faults": ("disk.full",)},
            {"cameras": (camera("down"),)},
            {"facilities": (lamp("on"),)},
            {"watchlists": ()},
        ],
    )
    def test_each_state_is(self, changed: dict[str, object]) -> None:
        before = picture()
        assert states(before.model_copy(update=changed)) != states(before)


class TestSilence:
    def test_nothing_on_its_way_is_no_silence(self) -> None:
        silence = Silence(0.0)
        assert not silence.probe_due(1000.0, 0)
        assert not silence.probe_due(1000.0 + SILENCE_S - 1, 5)
        assert silence.probe_due(1000.0 + SILENCE_S, 5)

    def test_probes_are_few_and_the_first_answer_ends_it(self) -> None:
        silence = Silence(0.0)
        probes = [second for second in range(60) if silence.probe_due(float(second), 3)]
        assert probes == [15, 25, 35, 45, 55]
        assert silence.heard(60.0)
        assert not silence.heard(61.0)
        assert not silence.probe_due(70.0, 3)

    def test_steady_receipts_are_no_silence_however_slow(self) -> None:
        silence = Silence(0.0)
        for second in range(10, 600, 10):
            assert not silence.probe_due(float(second), 400)
            assert not silence.heard(float(second))


class TestMeter:
    def test_the_kernel_counts_what_was_acknowledged_over_all_connections(self) -> None:
        meter = Meter()
        for _ in range(2):
            with socket.create_server(("127.0.0.1", 0)) as server:
                near = socket.create_connection(server.getsockname())
                far, _ = server.accept()
                with near, far:
                    near.sendall(b"x" * 5000)
                    before = meter.total
                    arrived = partial(acknowledged, meter, near, before + 5000)
                    wait_until(arrived, 5, "5,000 bytes to be acknowledged")
            meter.ended()
        assert meter.exact
        # The SYN counts as one byte.
        assert 10_000 <= meter.total <= 10_002

    def test_where_the_kernel_does_not_tell_publishes_are_summed(self) -> None:
        meter = Meter()
        one, other = socket.socketpair()
        with one, other:
            meter.sample(one)
        meter.published(300)
        assert not meter.exact
        assert meter.total == 300


def acknowledged(meter: Meter, sock: socket.socket, amount: int) -> bool:
    meter.sample(sock)
    return meter.total >= amount


def test_the_kernel_has_a_word_on_the_clock() -> None:
    assert time_quality() in ("synchronised", "unsynchronised")


class TestTrust:
    @pytest.fixture(scope="class")
    @classmethod
    def city(cls, tmp_path_factory: pytest.TempPathFactory) -> Authority:
        city = Authority.init(tmp_path_factory.mktemp("city"), "testcity")
        with city.batch():
            city.issue_device("pole-001")
            city.issue_service("collector", "collector", hosts=("localhost",))
            city.issue_service("signer", "signer", hosts=("localhost",))
        return city

    def guard(
        self, city: Authority, clock: SimulatedClock, quality: TimeQuality = "synchronised"
    ) -> WallClockGuard:
        own = load_certificate(city.identity("pole-001-1") / "cert.pem")
        return WallClockGuard(own, clock, lambda: quality)

    def trust(self, city: Authority, guard: WallClockGuard, **files: str) -> PeerTrust:
        named = {name: city.identity(holder) / "cert.pem" for name, holder in files.items()}
        return PeerTrust(named, city.ca_file, guard)

    def now(self) -> SimulatedClock:
        return SimulatedClock(datetime.now(UTC))

    def test_exactly_the_named_certificates_count(self, city: Authority) -> None:
        trust = self.trust(
            city, self.guard(city, self.now()), collector="collector", signer="signer"
        )
        ours = Identity.load(city.identity("collector"))
        key = trust.key_of("collector")
        assert key is not None
        assert key.as_pem(private=False) == ours.key.as_pem(private=False)
        assert trust.key_of("pole-001-1") is None
        only = trust.key_of_only("collector")
        assert only("collector") is not None
        assert only("signer") is None

    def test_a_certificate_under_another_name_is_refused(self, city: Authority) -> None:
        with pytest.raises(IdentityError, match="certificate of 'signer'"):
            self.trust(city, self.guard(city, self.now()), collector="signer")

    def test_a_certificate_of_another_city_is_refused(
        self, city: Authority, tmp_path: Path
    ) -> None:
        other = Authority.init(tmp_path / "other", "elsewhere")
        folder = other.issue_service("collector", "collector", hosts=("localhost",))
        file = next(p for p in (folder, folder / "cert.pem") if p.is_file())
        with pytest.raises(IdentityError, match="not issued"):
            PeerTrust({"collector": file}, city.ca_file, self.guard(city, self.now()))

    def test_out_of_its_time_a_certificate_counts_no_more(self, city: Authority) -> None:
        clock = SimulatedClock(datetime.now(UTC) + timedelta(days=365 * 60))
        trust = self.trust(city, self.guard(city, clock), collector="collector")
        assert trust.key_of("collector") is None

    @pytest.mark.parametrize("year", [1970, 2099])
    def test_on_a_clock_that_is_certainly_wrong_the_box_can_still_connect_and_obey(
        self, city: Authority, year: int
    ) -> None:
        clock = SimulatedClock(datetime(year, 1, 1, tzinfo=UTC))
        lost = self.guard(city, clock, "unsynchronised")
        trust = self.trust(city, lost, collector="collector")
        identity = Identity.load(city.identity("pole-001-1"))
        assert trust.key_of("collector") is not None
        assert tls_context(identity, lost).verify_flags & NO_CHECK_TIME
        kept = self.guard(city, clock, "synchronised")
        assert self.trust(city, kept, collector="collector").key_of("collector") is None
        assert not tls_context(identity, kept).verify_flags & NO_CHECK_TIME

    def test_an_unkept_clock_that_may_be_right_is_believed(self, city: Authority) -> None:
        guard = self.guard(city, self.now(), "unsynchronised")
        identity = Identity.load(city.identity("pole-001-1"))
        assert not tls_context(identity, guard).verify_flags & NO_CHECK_TIME
