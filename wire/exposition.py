"""Figures for Prometheus: a listener of its own, beside the work, that only tells numbers.

Names follow https://prometheus.io/docs/practices/naming/: base units, `_total` for counters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from wire.codes import explain
from wire.listening import MetricsSettings
from wire.settings import SettingsError


class MetricsServer:
    """Answers with what `gather` gives at that moment, and with the process's own figures."""

    def __init__(self, settings: MetricsSettings, gather: Callable[[], Iterable[Metric]]) -> None:
        """Listens from now on. `gather` is called on the listener's threads, once a question.

        Raises SettingsError when the address or the certificate cannot be used.
        """
        registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=registry)
        registry.register(_Gathered(gather))
        tls = settings.tls
        try:
            self._server, self._thread = start_http_server(
                settings.port,
                settings.host,
                registry,
                certfile=str(tls.certificate) if tls else None,
                keyfile=str(tls.key) if tls else None,
                client_cafile=str(tls.clients) if tls else None,
                client_auth_required=tls is not None,
            )
        except OSError as error:
            remedy = explain("port.in-use") if error.errno == 98 else "check host, files and rights"
            raise SettingsError(
                f"metrics on {settings.host}:{settings.port}: {error}; {remedy}"
            ) from error
        self.port: int = self._server.server_port

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Gathered(Collector):
    def __init__(self, gather: Callable[[], Iterable[Metric]]) -> None:
        self._gather = gather

    def collect(self) -> Iterable[Metric]:
        return self._gather()


Samples = Iterable[tuple[tuple[str, ...], float]]
"""Label values, in the order of the labels, with the figure."""


def gauge(name: str, help: str, value: float) -> Metric:
    """One figure that goes up and down."""
    return GaugeMetricFamily(name, help, value=value)


def gauges(name: str, help: str, labels: tuple[str, ...], samples: Samples) -> Metric:
    """The same figure of several things."""
    family = GaugeMetricFamily(name, help, labels=labels)
    for values, figure in samples:
        family.add_metric(values, figure)
    return family


def counter(name: str, help: str, value: float) -> Metric:
    """One figure that only grows, from 0 at the start; `name` ends in `_total`."""
    return CounterMetricFamily(name, help, value=value)


def counters(name: str, help: str, labels: tuple[str, ...], samples: Samples) -> Metric:
    """The same of several things."""
    family = CounterMetricFamily(name, help, labels=labels)
    for values, figure in samples:
        family.add_metric(values, figure)
    return family
