"""The counters: plain numbers, which are changed and read on the event loop."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

_COMMIT_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_COMMIT_MESSAGES: Final = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000)
_SIZE_BYTES: Final = tuple(1024 * 4**power for power in range(9))  # 1 KiB to 64 MiB, powers of two


class Histogram:
    """The number of values at or below each bound and above the one before, and their sum.

    `counts` has one more entry than `bounds`, for values above all of them.
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class SizeHistogram:
    """A histogram of sizes in octets. Adding is quick, as the bounds are powers of two.

    It counts sizes by their number of bits, and makes `counts` of that when it is read.
    """

    __slots__ = ("_by_bits", "bounds", "total")

    def __init__(self) -> None:
        self.bounds = _SIZE_BYTES
        self._by_bits = [0] * 65
        self.total = 0

    def add(self, octets: int) -> None:
        """Count a size."""
        self._by_bits[(octets - 1).bit_length()] += 1  # n bits: at or below 2**n, above 2**(n-1)
        self.total += octets

    @property
    def counts(self) -> list[int]:
        """Values by bucket; see `Histogram`."""
        counts = [0] * (len(self.bounds) + 1)
        for bits, count in enumerate(self._by_bits):
            counts[bisect_left(self.bounds, 1 << bits)] += count
        return counts


@dataclass(slots=True)
class SmtpCounters:
    """The counters of SMTP, which the listener's `Recorder` alone changes.

    `connections` are those open now; the others only grow. Whole messages are `accepted`
    (committed), `deferred` (the sender was told to try again) or `refused`; `sizes` has those that
    were handed over, in octets as they came. `refusals` has every refusal, by its reason; `refused_replies`
    by the reply's code and by what was refused as well.
    """

    connections: int = 0
    connects: int = 0
    tls_connects: int = 0
    accepted: int = 0
    deferred: int = 0
    refused: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    refused_replies: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    sizes: SizeHistogram = field(default_factory=SizeHistogram)


@dataclass(slots=True)
class HttpCounters:
    """The HTTP port's counters. `connections` is a gauge of open connections; the rest only grows.

    `refusals` counts what was refused in front of the application, by reason.
    """

    connections: int = 0
    connects: int = 0
    refusals: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Pop3Counters:
    """The counters of POP3. `connections` are those open now; the others only grow.

    `messages` counts whole messages that were sent, `deleted` those taken out of inboxes.
    """

    connections: int = 0
    connects: int = 0
    tls_connects: int = 0
    logins: int = 0
    messages: int = 0
    deleted: int = 0
    refusals: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class CommitCounters:
    """The counters of a store's commits: their duration, their number of messages, and failures."""

    seconds: Histogram = field(default_factory=lambda: Histogram(_COMMIT_S))
    messages: Histogram = field(default_factory=lambda: Histogram(_COMMIT_MESSAGES))
    failures: int = 0


@dataclass(slots=True)
class ReadingCounters:
    """What readers were refused because there was too much to do, by reason."""

    refusals: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class WebhookCounters:
    """The webhook's counters. `waiting` is a gauge of the queue; the rest only grows.

    `told` counts messages that the receiver took, `dropped` those that left a full queue, `given_up` those
    that it did not take however often it was asked. `failures` has the tries that failed, by reason.
    """

    told: int = 0
    dropped: int = 0
    given_up: int = 0
    waiting: int = 0
    failures: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Counters:
    """All counters. No label comes from a peer."""

    smtp: SmtpCounters = field(default_factory=SmtpCounters)
    http: HttpCounters = field(default_factory=HttpCounters)
    pop3: Pop3Counters | None = None
    """None where there is no POP3."""
    commits: CommitCounters = field(default_factory=CommitCounters)
    reading: ReadingCounters = field(default_factory=ReadingCounters)
    webhook: WebhookCounters = field(default_factory=WebhookCounters)
    denials: Counter[str] = field(default_factory=Counter)
    """HTTP requests that were refused for who asked, by reason."""
