"""Figures for Prometheus: told to who may ask, on an address that is free."""

from __future__ import annotations

import ssl
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.core import Metric
from pydantic import ValidationError

from provisioning.authority import Authority
from tests.support.broker import make_city
from tests.support.scrape import scrape
from wire.exposition import MetricsServer, counters, gauge
from wire.listening import MetricsSettings, MetricsTls
from wire.settings import SettingsError


def figures() -> Iterator[Metric]:
    yield gauge("polewatch_test_depth", "How deep.", 3)
    yield counters("polewatch_test_dropped_total", "Lost.", ("queue",), [(("a\nb",), 2)])


def test_it_tells_what_it_is_given_and_the_process() -> None:
    server = MetricsServer(MetricsSettings(port=0), figures)
    told = scrape(server.port)
    server.stop()
    assert told["polewatch_test_depth"] == 3
    assert told["polewatch_test_dropped_total a\nb"] == 2
    assert told["process_open_fds"] > 3
    with pytest.raises(urllib.error.URLError):
        scrape(server.port)


def test_an_address_that_is_taken_is_said_with_its_remedy() -> None:
    first = MetricsServer(MetricsSettings(port=0), figures)
    with pytest.raises(SettingsError, match=f"metrics on 127.0.0.1:{first.port}.*PW-"):
        MetricsServer(MetricsSettings(port=first.port), figures)
    first.stop()


def test_off_this_machine_it_needs_certificates() -> None:
    with pytest.raises(ValidationError, match=r"metrics on 0\.0\.0\.0 need tls"):
        MetricsSettings(host="0.0.0.0", port=0)


def test_who_shows_no_certificate_learns_nothing(tmp_path: Path) -> None:
    city: Authority = make_city(tmp_path / "city")
    own, guest = city.identity("collector"), city.identity("pole-001-1")
    tls = MetricsTls(certificate=own / "cert.pem", key=own / "key.pem", clients=own / "ca.pem")
    server = MetricsServer(MetricsSettings(port=0, tls=tls), figures)
    stranger = ssl.create_default_context(cafile=str(own / "ca.pem"))
    stranger.check_hostname = False
    with pytest.raises((urllib.error.URLError, ssl.SSLError, ConnectionError)):
        scrape(server.port, stranger)
    known = ssl.create_default_context(cafile=str(own / "ca.pem"))
    known.check_hostname = False
    known.load_cert_chain(guest / "cert.pem", guest / "key.pem")
    assert scrape(server.port, known)["polewatch_test_depth"] == 3
    server.stop()


def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    gone = tmp_path / "gone.pem"
    tls = MetricsTls(certificate=gone, key=gone, clients=gone)
    with pytest.raises(SettingsError, match="check host, files and rights"):
        MetricsServer(MetricsSettings(port=0, tls=tls), figures)
