"""Asking for figures as Prometheus does."""

from __future__ import annotations

import ssl
import urllib.request

from prometheus_client.parser import text_string_to_metric_families


def scrape(port: int, tls: ssl.SSLContext | None = None) -> dict[str, float]:
    """Each sample, by its name and, joined with blanks, its label values."""
    url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/metrics"
    with urllib.request.urlopen(url, timeout=30, context=tls) as answer:
        text = answer.read().decode()
    return {
        " ".join([one.name, *one.labels.values()]): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }
