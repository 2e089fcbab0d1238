"""The metrics: real mail first, then a real scrape."""

from __future__ import annotations

import asyncio
import dataclasses
import smtplib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families
from testkit.http_client import ask
from testkit.running_app import ANN, ANY_PORT, Program, running, settings_in
from testkit.sample_mail import letter
from testkit.smtp_peer import Peer
from testkit.waiting import PATIENCE_S, until

import edgemail
from edgemail.errors import StoreFull, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from prometheus_client import Metric

NAMES = {
    "edgemail_build_info": "gauge",
    "edgemail_http_connections": "gauge",
    "edgemail_http_connects": "counter",
    "edgemail_http_refused": "counter",
    "edgemail_http_denied": "counter",
    "edgemail_message_size_bytes": "histogram",
    "edgemail_reading_refused": "counter",
    "edgemail_smtp_connections": "gauge",
    "edgemail_smtp_connects": "counter",
    "edgemail_smtp_messages": "counter",
    "edgemail_smtp_refused": "counter",
    "edgemail_smtp_tls_connects": "counter",
    "edgemail_store_bytes": "gauge",
    "edgemail_store_commit_failures": "counter",
    "edgemail_store_commit_messages": "histogram",
    "edgemail_store_commit_seconds": "histogram",
    "edgemail_store_mail": "gauge",
    "edgemail_store_up": "gauge",
    "edgemail_webhook_failures": "counter",
    "edgemail_webhook_messages": "counter",
    "edgemail_webhook_waiting": "gauge",
}
"""Names as the library's parser has them: a counter without `_total`."""

LABELS = {"result", "reason", "version", "le"}
SECRETS = ("zq-sender", "zq-rcpt", "zq-hello", "zq-domain", "zq.example", "127.0.0.3")
HOSTILE = (
    (b"EHLO zq-hello.example\r\n", 250),
    (b'MAIL FROM:<"zq-sender\\"} 1"@zq.example>\r\n', 250),
    (b"RCPT TO:<zq-rcpt@zq.example> ZQ-DOMAIN=1\r\n", 555),
    (b"RCPT TO:<zq-rcpt@zq-domain.example>\r\n", 250),
    (b"zq-rcpt{reason=zq-sender}\r\n", 500),
    (b"VRFY zq-rcpt@zq.example\r\n", 252),
    (b"RSET\r\n", 250),
)


def read(text: bytes) -> dict[str, Metric]:
    """Read a scrape with the library's own parser."""
    return {family.name: family for family in text_string_to_metric_families(text.decode())}


async def scrape(program: Program) -> dict[str, Metric]:
    answer = await program.ask("/metrics")
    assert answer.status == 200
    return read(answer.body)


def value(families: Mapping[str, Metric], sample: str, **labels: str) -> float:
    """Return the value of the only sample with this name and these labels."""
    found = [
        candidate.value
        for family in families.values()
        for candidate in family.samples
        if candidate.name == sample and candidate.labels == labels
    ]
    assert len(found) == 1, (sample, labels, found)
    return found[0]


def refusals(families: Mapping[str, Metric]) -> dict[str, float]:
    """Return the reasons with a count above 0."""
    samples = families["edgemail_smtp_refused"].samples
    return {sample.labels["reason"]: sample.value for sample in samples if sample.value}


@asynccontextmanager
async def talking(program: Program, source: str = "127.0.0.1") -> AsyncIterator[Peer]:
    async with Peer.greeted(program.smtp[1], source) as peer:
        yield peer


async def test_every_metric_is_there_from_the_start(program: Program) -> None:
    """Each metric has type, help and a value from the start, as alerts need a series."""
    families = await scrape(program)
    own = {name: family.type for name, family in families.items() if name.startswith("edgemail_")}
    assert own == NAMES
    assert all(family.documentation for family in families.values())
    assert value(families, "edgemail_build_info", version=edgemail.__version__) == 1
    for result in ("accepted", "deferred", "refused"):
        assert value(families, "edgemail_smtp_messages_total", result=result) == 0
    for reason in ("malformed", "head_too_long", "too_many_connections", "no_descriptors"):
        assert value(families, "edgemail_http_refused_total", reason=reason) == 0
    for reason in ("too_large", "store_full", "too_many_connections", "not_our_domain"):
        assert value(families, "edgemail_smtp_refused_total", reason=reason) == 0
    assert value(families, "edgemail_store_commit_seconds_count") == 0
    assert "process_resident_memory_bytes" in families


async def test_what_a_scraper_gets_is_the_text_format(program: Program) -> None:
    """The content type has the format's version, and the response is not cached."""
    answer = await program.ask("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    head = await program.ask("/metrics", "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert (await program.ask("/metrics", "POST")).status == 405


async def test_a_page_from_elsewhere_does_not_get_it(program: Program) -> None:
    """The guard protects /metrics on the port that has the mail."""
    assert (await program.ask("/metrics", headers={"Host": "evil.example"})).status == 421
    assert (await program.ask("/metrics", headers={"Origin": "https://evil.example"})).status == 403


async def test_kept_messages_are_counted(program: Program) -> None:
    """Each message counts once; the store's figures and the commits agree."""
    letters = [letter("One"), letter("Two", "x" * 5000), letter("Three")]
    await program.send(*letters, to=(ANN, "kim@example.org"))
    families = await scrape(program)
    assert value(families, "edgemail_smtp_messages_total", result="accepted") == 3
    assert value(families, "edgemail_message_size_bytes_count") == 3
    assert value(families, "edgemail_message_size_bytes_sum") == sum(map(len, letters))
    assert value(families, "edgemail_message_size_bytes_bucket", le="1024") == 2
    assert value(families, "edgemail_message_size_bytes_bucket", le="16384") == 3
    assert value(families, "edgemail_store_mail") == 3
    assert value(families, "edgemail_store_bytes") == sum(message["size"] for message in await program.list_inbox())
    # One sender waits for each 250, so that each message is a commit.
    assert value(families, "edgemail_store_commit_seconds_count") == 3
    assert value(families, "edgemail_store_commit_seconds_bucket", le="+Inf") == 3
    assert value(families, "edgemail_store_commit_seconds_sum") > 0
    assert value(families, "edgemail_store_commit_messages_sum") == 3
    assert value(families, "edgemail_store_up") == 1
    assert refusals(families) == {}


async def test_a_spooled_message_is_counted_with_all_its_octets(program: Program) -> None:
    """Its size is as received, without trace lines, in memory or in a spool."""
    large = letter("Large", "\r\n".join(["x" * 998] * 2000))
    await program.send(large)
    families = await scrape(program)
    assert value(families, "edgemail_message_size_bytes_sum") == len(large)
    assert value(families, "edgemail_message_size_bytes_bucket", le="1048576") == 0
    assert value(families, "edgemail_message_size_bytes_bucket", le="4194304") == 1


async def test_open_connections_are_those_of_now(program: Program) -> None:
    """The gauge goes up and down; the counter of all connections only grows."""
    async with talking(program), talking(program):
        families = await scrape(program)
        assert value(families, "edgemail_smtp_connections") == 2
    families = {}

    async def are_gone() -> bool:
        families.update(await scrape(program))
        return value(families, "edgemail_smtp_connections") == 0

    await until(are_gone)
    assert value(families, "edgemail_smtp_connects_total") == 2


async def test_refusals_are_counted_by_reason(tmp_path: Path) -> None:
    """Each refusal counts once, by its reason: mistakes of peers and exceeded limits."""
    settings = settings_in(tmp_path, domains=("example.org",))
    smtp = dataclasses.replace(settings.smtp, max_message_bytes=200, max_recipients=1, max_connections=2)
    async with running(dataclasses.replace(settings, smtp=smtp)) as program:
        async with talking(program) as peer:
            await peer.say(b"FROBNICATE\r\nDATA\r\nMAIL FROM:<nobody\r\n", 500, 503, 501)
            await peer.say(b"EHLO a\r\nMAIL FROM:<a@b.example> SIZE=201\r\n", 250, 552)
            await peer.say(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<a@elsewhere.example>\r\n", 250, 550)
            await peer.say(b"RCPT TO:<ann@example.org>\r\nRCPT TO:<bob@example.org>\r\n", 250, 452)
            await peer.say(b"DATA\r\n", 354)
            await peer.say(b"x" * 300 + b"\r\n.\r\n", 552)
            async with talking(program), Peer.connect(program.smtp[1]) as third:
                assert (await third.rest()).startswith("421 ")
        families = await scrape(program)
    assert refusals(families) == {
        "unknown_command": 1,
        "mail_first": 1,
        "bad_sender_path": 1,
        "declared_too_large": 1,
        "not_our_domain": 1,
        "too_many_recipients": 1,
        "too_large": 1,
        "too_many_connections": 1,
    }
    assert value(families, "edgemail_smtp_messages_total", result="refused") == 1
    assert value(families, "edgemail_smtp_messages_total", result="accepted") == 0
    assert value(families, "edgemail_message_size_bytes_count") == 0


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [(StoreFull("full"), 452, "store_full"), (StoreUnavailable("gone"), 451, "store_unavailable")],
)
async def test_messages_that_a_store_does_not_keep_are_deferred(
    program: Program, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, reason: str
) -> None:
    """They count as deferred, with reason and failed commit; the store's figures do not change."""

    def fail(*_: object) -> None:
        raise error

    def send() -> int:
        with (
            smtplib.SMTP(*program.smtp, timeout=PATIENCE_S) as client,
            pytest.raises(smtplib.SMTPDataError) as told,
        ):
            client.sendmail("a@b.example", [ANN], letter())
        return told.value.smtp_code

    with monkeypatch.context() as patch:
        patch.setattr("edgemail.store.sqlite.store._insert", fail)
        assert await asyncio.to_thread(send) == code
    families = await scrape(program)
    assert value(families, "edgemail_smtp_messages_total", result="deferred") == 1
    assert value(families, "edgemail_smtp_messages_total", result="accepted") == 0
    assert refusals(families) == {reason: 1}
    assert value(families, "edgemail_store_commit_failures_total") == 1
    assert value(families, "edgemail_store_commit_seconds_count") == 1
    assert value(families, "edgemail_store_mail") == 0


@pytest.mark.parametrize("trouble", ["fails", "hangs"])
async def test_a_store_that_gives_no_figures_takes_no_others_away(
    program: Program, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    """If the store does not answer, its figures are left out and `edgemail_store_up` is 0."""

    async def query(*_: object) -> None:
        if trouble == "hangs":
            await asyncio.Event().wait()
        raise StoreUnavailable("gone")

    await program.send_letter("One")
    monkeypatch.setattr("edgemail.http.prometheus._MEASURE_S", 0.01)
    monkeypatch.setattr(program.app._store, "_query", query)
    families = await scrape(program)
    assert value(families, "edgemail_store_up") == 0
    assert families["edgemail_store_mail"].samples == families["edgemail_store_bytes"].samples == []
    assert value(families, "edgemail_smtp_messages_total", result="accepted") == 1


async def test_nothing_that_a_peer_says_is_in_the_text(program: Program) -> None:
    """No peer's text becomes a label or a series, so that no peer can fill a scraper's disk."""
    before = await program.ask("/metrics")
    async with talking(program, "127.0.0.3") as peer:
        for octets, code in HOSTILE:
            await peer.say(octets, code)
    await program.send(letter("zq-sender"), to=("zq-rcpt@zq.example",))
    after = await program.ask("/metrics")
    text = after.body.decode()
    assert [secret for secret in SECRETS if secret in text.lower()] == []
    assert "@" not in text
    series = [
        {
            (sample.name, *sorted(sample.labels.items()))
            for family in read(answer.body).values()
            for sample in family.samples
        }
        for answer in (before, after)
    ]
    assert series[0] == series[1]
    assert {name for _, *labels in series[1] for name, _ in labels} == LABELS


async def test_it_can_be_off(tmp_path: Path) -> None:
    """When off, /metrics is 404 like any unknown path."""
    settings = settings_in(tmp_path)
    http = dataclasses.replace(settings.http, metrics=False)
    async with running(dataclasses.replace(settings, http=http)) as program:
        assert (await program.ask("/metrics")).status == 404
        assert program.app.metrics_url is None


async def test_it_can_be_elsewhere(tmp_path: Path) -> None:
    """A separate port serves any Host, as it has no mail."""
    settings = settings_in(tmp_path)
    http = dataclasses.replace(settings.http, metrics=ANY_PORT)
    async with running(dataclasses.replace(settings, http=http)) as program:
        assert (await program.ask("/metrics")).status == 404
        assert program.app.metrics_url is not None
        at = urlsplit(program.app.metrics_url)
        url = f"http://{at.netloc}"
        await program.send_letter("One")
        answer = await ask(url, at.path, headers={"Host": "edgemail.monitoring.svc:9100"})
        assert value(read(answer.body), "edgemail_smtp_messages_total", result="accepted") == 1
        for path in ("/", "/api/server", f"/api/inboxes/{ANN}/messages", "/docs/"):
            assert (await ask(url, path)).status == 404
    with pytest.raises(ConnectionRefusedError):
        await ask(url, "/metrics")


async def test_it_can_be_elsewhere_without_a_page(tmp_path: Path) -> None:
    """Metrics work without the HTTP port."""
    settings = settings_in(tmp_path)
    http = dataclasses.replace(settings.http, listen=(), metrics=ANY_PORT)
    async with running(dataclasses.replace(settings, http=http)) as program:
        assert program.app.http_urls == []
        assert program.app.metrics_url is not None
        assert (await ask(program.app.metrics_url, "/metrics")).status == 200


async def test_scrapes_under_load_are_whole_and_never_go_back(program: Program) -> None:
    """Concurrent scrapes under load are consistent, and counters never decrease."""

    def send() -> None:
        with smtplib.SMTP(*program.smtp, timeout=PATIENCE_S) as client:
            for _ in range(50):
                client.sendmail("a@b.example", [ANN], letter())

    async def watch() -> None:
        last = 0.0
        for _ in range(10):
            families = await scrape(program)
            commits = value(families, "edgemail_store_commit_seconds_count")
            assert commits == value(families, "edgemail_store_commit_seconds_bucket", le="+Inf")
            accepted = value(families, "edgemail_smtp_messages_total", result="accepted")
            # What is committed is accepted a moment later, in the same turn of the loop or the next.
            assert accepted <= value(families, "edgemail_message_size_bytes_count")
            assert accepted >= last
            last = accepted

    await asyncio.gather(*[asyncio.to_thread(send) for _ in range(4)], *[watch() for _ in range(8)])
    families = await scrape(program)
    assert value(families, "edgemail_smtp_messages_total", result="accepted") == 200
    assert value(families, "edgemail_store_commit_messages_sum") == 200
