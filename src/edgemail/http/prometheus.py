"""Renders the counters as text for Prometheus."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from edgemail.errors import StoreFull, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from prometheus_client import Metric

    from edgemail.store.base import Usage
    from edgemail.system.metrics import (
        CommitCounters,
        Counters,
        Histogram,
        HttpCounters,
        Pop3Counters,
        ReadingCounters,
        SizeHistogram,
        SmtpCounters,
        WebhookCounters,
    )

_MEASURE_S = 2.0
"""The time limit for measuring the store: a scraper gives up after 10 s and needs the rest."""


class MetricsExporter:
    """Renders the counters and the store's usage in the Prometheus text format.

    The library only renders. The counters are edgemail's own, as the library's take a lock for
    each change.
    """

    content_type: Final = CONTENT_TYPE_PLAIN_0_0_4

    def __init__(self, counters: Counters, measure: Callable[[], Awaitable[Usage]], version: str) -> None:
        """`measure` returns the store's usage, as `Mailbox.measure` does."""
        self._counters = counters
        self._measure = measure
        self._version = version
        self._process = ProcessCollector(registry=None)

    async def render(self) -> bytes:
        """Render all metrics (text format 0.0.4); without usage if the store does not answer."""
        try:
            async with asyncio.timeout(_MEASURE_S):
                usage = await self._measure()
        except (TimeoutError, StoreUnavailable, StoreFull):
            usage = None
        return generate_latest(_Families(self._collect(usage)))

    def _collect(self, usage: Usage | None) -> Iterable[Metric]:
        build = GaugeMetricFamily("edgemail_build_info", "The running version; always 1.", labels=["version"])
        build.add_metric([self._version], 1)
        yield build
        yield from _collect_smtp(self._counters.smtp)
        yield from _collect_http(self._counters.http)
        if self._counters.pop3 is not None:
            yield from _collect_pop3(self._counters.pop3)
        yield from _collect_commits(self._counters.commits)
        yield from _collect_reading(self._counters.reading)
        yield from _collect_denials(self._counters.denials)
        yield from _collect_webhook(self._counters.webhook)
        yield from _collect_usage(usage)
        yield from self._process.collect()


class _Families(Collector):
    """A collector for one rendering."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """Return the metric families."""
        return self._families


def _collect_smtp(smtp: SmtpCounters) -> Iterable[Metric]:
    yield GaugeMetricFamily("edgemail_smtp_connections", "SMTP connections open now.", smtp.connections)
    yield CounterMetricFamily("edgemail_smtp_connects", "SMTP connections so far.", smtp.connects)
    yield CounterMetricFamily("edgemail_smtp_tls_connects", "SMTP connections made secure.", smtp.tls_connects)
    messages = CounterMetricFamily("edgemail_smtp_messages", "Complete messages, by result.", labels=["result"])
    for result in ("accepted", "deferred", "refused"):
        messages.add_metric([result], getattr(smtp, result))
    yield messages
    refused = CounterMetricFamily(
        "edgemail_smtp_refused", "Negative replies (4yz and 5yz), by reason.", labels=["reason"]
    )
    for reason, count in sorted(smtp.refusals.items()):
        refused.add_metric([reason], count)
    yield refused
    yield _histogram(
        "edgemail_message_size_bytes", "Size in octets of each complete message, as received.", smtp.sizes
    )


def _collect_http(http: HttpCounters) -> Iterable[Metric]:
    yield GaugeMetricFamily("edgemail_http_connections", "HTTP connections open now.", http.connections)
    yield CounterMetricFamily("edgemail_http_connects", "HTTP connections so far.", http.connects)
    refused = CounterMetricFamily(
        "edgemail_http_refused", "HTTP requests and connections refused at a bound, by reason.", labels=["reason"]
    )
    for reason, count in sorted(http.refusals.items()):
        refused.add_metric([reason], count)
    yield refused


def _collect_pop3(pop3: Pop3Counters) -> Iterable[Metric]:
    yield GaugeMetricFamily("edgemail_pop3_connections", "POP3 connections open now.", pop3.connections)
    yield CounterMetricFamily("edgemail_pop3_connects", "POP3 connections so far.", pop3.connects)
    yield CounterMetricFamily("edgemail_pop3_tls_connects", "POP3 connections made secure.", pop3.tls_connects)
    yield CounterMetricFamily("edgemail_pop3_logins", "POP3 logins that opened an inbox.", pop3.logins)
    yield CounterMetricFamily("edgemail_pop3_messages", "Whole messages sent by POP3.", pop3.messages)
    yield CounterMetricFamily("edgemail_pop3_deleted", "Messages deleted by POP3.", pop3.deleted)
    refused = CounterMetricFamily("edgemail_pop3_refused", "Negative replies, by reason.", labels=["reason"])
    for reason, count in sorted(pop3.refusals.items()):
        refused.add_metric([reason], count)
    yield refused


def _collect_commits(commits: CommitCounters) -> Iterable[Metric]:
    yield _histogram(
        "edgemail_store_commit_seconds", "Duration of each commit, including failed ones.", commits.seconds
    )
    yield _histogram("edgemail_store_commit_messages", "Messages in each commit.", commits.messages)
    yield CounterMetricFamily("edgemail_store_commit_failures", "Commits that failed.", commits.failures)


def _collect_reading(reading: ReadingCounters) -> Iterable[Metric]:
    refused = CounterMetricFamily(
        "edgemail_reading_refused", "Readers refused as there was too much to do, by reason.", labels=["reason"]
    )
    for reason, count in sorted(reading.refusals.items()):
        refused.add_metric([reason], count)
    yield refused


def _collect_denials(denials: Mapping[str, int]) -> Iterable[Metric]:
    denied = CounterMetricFamily(
        "edgemail_http_denied", "HTTP requests refused for who asked, or how often, by reason.", labels=["reason"]
    )
    for reason, count in sorted(denials.items()):
        denied.add_metric([reason], count)
    yield denied


def _collect_webhook(webhook: WebhookCounters) -> Iterable[Metric]:
    messages = CounterMetricFamily(
        "edgemail_webhook_messages", "Messages that left the webhook's queue, by result.", labels=["result"]
    )
    for result in ("told", "dropped", "given_up"):
        messages.add_metric([result], getattr(webhook, result))
    yield messages
    failed = CounterMetricFamily(
        "edgemail_webhook_failures", "Tries to tell the webhook that failed, by reason.", labels=["reason"]
    )
    for reason, count in sorted(webhook.failures.items()):
        failed.add_metric([reason], count)
    yield failed
    yield GaugeMetricFamily("edgemail_webhook_waiting", "Messages in the webhook's queue.", webhook.waiting)


def _collect_usage(usage: Usage | None) -> Iterable[Metric]:
    yield GaugeMetricFamily("edgemail_store_up", "1 if the store answered for this scrape.", usage is not None)
    mail = GaugeMetricFamily("edgemail_store_mail", "Messages in the store.", labels=())
    size = GaugeMetricFamily("edgemail_store_bytes", "Octets of the messages in the store.", labels=())
    if usage is not None:
        mail.add_metric((), usage.messages)
        size.add_metric((), usage.size)
    yield mail
    yield size


def _histogram(name: str, text: str, histogram: Histogram | SizeHistogram) -> HistogramMetricFamily:
    bounds = [*map(str, histogram.bounds), "+Inf"]
    buckets = list(zip(bounds, map(float, itertools.accumulate(histogram.counts)), strict=True))
    return HistogramMetricFamily(name, text, buckets, histogram.total)
