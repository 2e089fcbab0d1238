"""Measures readers in small and large databases, and senders while many read."""

from __future__ import annotations

import contextlib
import random
import smtplib
import statistics
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bench import plot, read_cells
from bench.asking import Question, Reader, answers_of, asking
from bench.figures import Quantiles
from bench.filling import address, fill, inboxes_of
from bench.load import Load, pipelining, send, send_paced, stop
from bench.pipelining import make_body
from bench.results import Aim, Section, Table
from bench.servers import Server, run_edgemail

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bench.progress import Progress

_SIZES, _FULL_SIZES = (1_000, 100_000), (1_000, 100_000, 2_000_000)
_QUESTIONS, _FULL_QUESTIONS = 200, 1_000
_ARRIVALS_S = 2_000
_WAITS = 300
"""With fewer samples, a p99 would be the maximum."""
_ROUNDS = 3
_READERS = 100
_LARGE_BYTES = 5_000_000
_LARGE_MESSAGES = 4
_PROBE_S = 200
"""Messages a second meanwhile: enough to measure, too few to be a load."""
_AIM_GROWTH, _AIM_P99_MS, _AIM_SENDERS = 1.2, 10.0, 3.0


@dataclass(frozen=True)
class Reading:
    """The times of one operation in a database of some number of messages."""

    messages: int
    operation: str
    is_busy: bool
    p50_ms: float
    p99_ms: float


def steps(*, is_full: bool) -> int:
    """Return the number of steps of `measure`."""
    return (
        len(_FULL_SIZES if is_full else _SIZES) * (1 + (_ROUNDS + 1) * (len(_OPERATIONS) + 1))
        + 2
        + read_cells.steps()
    )


def measure(folder: Path, progress: Progress, *, is_full: bool) -> Section:
    """Measure everything."""
    section = Section("reading", is_full)
    read_cells.measure(section, folder, progress, questions=_FULL_QUESTIONS if is_full else _QUESTIONS)
    readings: list[Reading] = []
    rates: list[float] = []
    count = _FULL_QUESTIONS if is_full else _QUESTIONS
    with contextlib.ExitStack() as stack:
        kept = [_Kept(size) for size in (_FULL_SIZES if is_full else _SIZES)]
        servers = []
        for kept_mail in kept:
            progress.step(f"filling a database with {kept_mail.messages:,} messages")
            path = folder / f"{kept_mail.messages}.db"
            fill(path, kept_mail.messages)
            servers.append(stack.enter_context(run_edgemail(folder, str(path))))
            servers[-1].tree.settle(60)
        for _ in range(_ROUNDS):  # by turns, so that other load on the machine hits all alike
            for kept_mail, server in zip(kept, servers, strict=True):
                readings += _ask_all(server, kept_mail, count, progress, is_busy=False)
        for kept_mail, server in zip(kept, servers, strict=True):
            arrivals = (f"--rate={_ARRIVALS_S}", "--connections=20", "--body=4000", "--until-eof")
            with pipelining(server, *arrivals) as sender:
                readings += _ask_all(server, kept_mail, count, progress, is_busy=True)
                outcome = stop(sender)
            rates.append(outcome["accepted"] / outcome["seconds"])
    readings = _take_medians(readings)
    section.tables.append(_tabulate(readings, rates))
    section.aims += _judge(readings)
    section.plots["p50"] = _draw(readings)
    section.figures |= {"readings": [asdict(reading) for reading in readings], "arrivals_s": rates}
    _measure_senders(section, folder, progress, seconds=15 if is_full else 6)
    return section


class _Kept:
    """The messages of a filled database; chosen at random with a fixed seed."""

    def __init__(self, messages: int) -> None:
        self.messages = messages
        self._chance = random.Random(messages)
        self._gone: set[int] = set()

    def choose(self, count: int) -> list[int]:
        """Choose existing messages; a small database repeats some."""
        chosen: list[int] = []
        while len(chosen) < count:
            mail_id = self._chance.randint(1, self.messages)
            if mail_id not in self._gone:
                chosen.append(mail_id)
        return chosen

    def choose_to_delete(self, count: int) -> list[int]:
        """Choose existing messages to delete: at most one in forty at a time."""
        chosen = list(dict.fromkeys(self.choose(min(count, self.messages // 40))))
        self._gone.update(chosen)
        return chosen

    def choose_inboxes(self, count: int) -> list[str]:
        """Choose inboxes that have mail."""
        return [address(mail_id % inboxes_of(self.messages)) for mail_id in self.choose(count)]


def _ask_all(server: Server, kept: _Kept, count: int, progress: Progress, *, is_busy: bool) -> list[Reading]:
    readings = []
    for name, make in _OPERATIONS.items():
        progress.step(f"{kept.messages:,} messages: {name}{', while mail arrives' if is_busy else ''}")
        with asking(server.http_port, make(kept, count)) as reader:
            ms = answers_of(reader)["ms"]
        readings.append(Reading(kept.messages, name, is_busy, ms["p50"], ms["p99"]))
    progress.step(f"{kept.messages:,} messages: wait until it comes{', while mail arrives' if is_busy else ''}")
    waits = _wait_for_arrivals(server, _WAITS)
    return [*readings, Reading(kept.messages, "wait, until it comes", is_busy, waits.p50, waits.p99)]


def _take_medians(readings: Sequence[Reading]) -> list[Reading]:
    """Measure one round of each operation."""
    rounds: dict[tuple[int, str, bool], list[Reading]] = {}
    for reading in readings:
        rounds.setdefault((reading.messages, reading.operation, reading.is_busy), []).append(reading)
    return [
        Reading(
            *key,
            statistics.median(reading.p50_ms for reading in several),
            statistics.median(reading.p99_ms for reading in several),
        )
        for key, several in rounds.items()
    ]


def _ask_to_list(kept: _Kept, count: int) -> list[Question]:
    return [
        Question("GET", f"/api/inboxes/{choose_inboxe}/messages?limit=50")
        for choose_inboxe in kept.choose_inboxes(count)
    ]


def _ask_for_message(kept: _Kept, count: int) -> list[Question]:
    return [Question("GET", f"/api/messages/{reading}") for reading in kept.choose(count)]


def _ask_to_search(kept: _Kept, count: int) -> list[Question]:
    return [
        Question(
            "GET", f"/api/inboxes/{address(mail_id % inboxes_of(kept.messages))}/messages?search={mail_id:06d}"
        )
        for mail_id in kept.choose(count)
    ]


def _ask_to_wait(kept: _Kept, count: int) -> list[Question]:
    return [
        Question("GET", f"/api/inboxes/{choose_inboxe}/wait?timeout=5")
        for choose_inboxe in kept.choose_inboxes(count)
    ]


def _ask_to_delete(kept: _Kept, count: int) -> list[Question]:
    return [Question("DELETE", f"/api/messages/{mail_id}") for mail_id in kept.choose_to_delete(count)]


_OPERATIONS: dict[str, Callable[[_Kept, int], list[Question]]] = {
    "list 50": _ask_to_list,
    "message": _ask_for_message,
    "search in an inbox": _ask_to_search,
    "wait, it is there": _ask_to_wait,
    "delete": _ask_to_delete,
}


def _wait_for_arrivals(server: Server, count: int) -> Quantiles:
    """Wait for a message, then send it; the time runs from its last octet to the response."""
    questions = iter(
        [Question("GET", f"/api/inboxes/{time.time_ns()}-{n}@example.com/wait?timeout=20") for n in range(count)]
    )
    asked: list[Question] = []

    def ask() -> Any:
        for question in questions:
            asked.append(question)
            yield question

    reader, times = Reader(server.http_port, ask()), []
    with contextlib.closing(reader.socket), smtplib.SMTP("127.0.0.1", server.port, timeout=30) as peer:
        peer.ehlo()
        while reader.ask():
            peer.docmd("MAIL FROM:<sender@example.org>")
            peer.docmd(f"RCPT TO:<{asked[-1].path.split('/')[3]}>")
            peer.docmd("DATA")
            started = time.perf_counter()
            peer.send(make_body(4000))
            while reader.read() is None:
                pass
            times.append((time.perf_counter() - started) * 1e3)
            peer.getreply()
    return Quantiles.of(times)


def _measure_senders(section: Section, folder: Path, progress: Progress, *, seconds: float) -> None:
    """Measure the senders' waiting times, idle and while readers list and parse large messages."""
    with run_edgemail(folder, str(folder / "large.db")) as server:
        send(server, Load(_LARGE_BYTES, _LARGE_MESSAGES), _LARGE_MESSAGES)
        progress.step("senders, while nobody reads")
        idle = send_paced(server, rate=_PROBE_S, seconds=seconds, connections=10)
        progress.step(f"senders, while {_READERS} readers list and parse 5 MB messages")
        questions = [Question("GET", "/api/inboxes/inbox@example.com/messages?limit=50")]
        questions += [Question("GET", f"/api/messages/{1 + n}") for n in range(_LARGE_MESSAGES)]
        with asking(server.http_port, questions, connections=_READERS, seconds=seconds + 2) as readers:
            time.sleep(1)  # until all readers are under way
            busy = send_paced(server, rate=_PROBE_S, seconds=seconds, connections=10)
            answers = answers_of(readers)
    rows, worst = [], 0.0
    for name, key in (("250 after the message", "commit_ms"), ("MAIL, RCPT and DATA", "envelope_ms")):
        before, after = idle[key], busy[key]
        grown = after["p99"] / before["p99"]
        worst = max(worst, grown)
        rows.append([name, *(f"{ms:.2f}" for ms in (before["p50"], before["p99"], after["p50"], after["p99"]))])
        rows[-1].append(f"{grown:.1f} x")
    columns = ["ms", "idle p50", "idle p99", "busy p50", "busy p99", "p99 grew"]
    note = f"{_PROBE_S} messages of 4 kB a second; the readers got {answers['answers_s']:.1f} answers a second."
    section.tables.append(
        Table(f"What a sender waits for while {_READERS} readers parse 5 MB", columns, rows, note)
    )
    aim = f"A sender's p99 while {_READERS} readers list and parse 5 MB messages: within 3 times of idle"
    section.aims.append(Aim(aim, f"{worst:.1f} x", worst <= _AIM_SENDERS))
    section.figures |= {"senders_idle": idle, "senders_busy": busy, "readers": answers}


def _tabulate(readings: Sequence[Reading], rates: Sequence[float]) -> Table:
    columns = ["operation", "messages kept", "p50 ms", "p99 ms", "p50 while mail arrives", "p99 while mail arrives"]
    alone = [reading for reading in readings if not reading.is_busy]
    busy = {(reading.messages, reading.operation): reading for reading in readings if reading.is_busy}
    rows = []
    for key in sorted(alone, key=lambda key: (key.operation, key.messages)):
        other = busy[key.messages, key.operation]
        cells = (key.p50_ms, key.p99_ms, other.p50_ms, other.p99_ms)
        rows.append([key.operation, f"{key.messages:,}", *(f"{cell:.2f}" for cell in cells)])
    arrived = ", ".join(f"{rate:,.0f}" for rate in rates)
    note = (
        f"One reader over HTTP; medians of {_ROUNDS} rounds in turns. While mail arrives: "
        f"{_ARRIVALS_S:,} messages of 4 kB a second were wanted, {arrived} came."
    )
    return Table("Reading", columns, rows, note)


def _judge(readings: Sequence[Reading]) -> list[Aim]:
    alone = {(reading.messages, reading.operation): reading for reading in readings if not reading.is_busy}
    sizes = sorted({size for size, _ in alone})
    operations = list(dict.fromkeys(operation for _, operation in alone))
    aims = []
    for operation in operations:
        growth = alone[sizes[-1], operation].p50_ms / alone[sizes[0], operation].p50_ms
        text = f"{operation}: {sizes[-1]:,} messages within {_AIM_GROWTH} times of {sizes[0]:,} (p50)"
        aims.append(Aim(text, f"{growth:.2f} x", growth <= _AIM_GROWTH))
    worst = max(alone.values(), key=lambda reading: reading.p99_ms)
    figure = f"{worst.p99_ms:.1f} ms ({worst.operation}, {worst.messages:,} messages)"
    return [*aims, Aim("Reading alone: p99 under 10 ms", figure, worst.p99_ms < _AIM_P99_MS)]


def _draw(readings: Sequence[Reading]) -> str:
    series: dict[str, list[tuple[float, float]]] = {}
    for reading in readings:
        if not reading.is_busy:
            series.setdefault(reading.operation, []).append((reading.messages, reading.p50_ms))
    return plot.line_chart(
        "Reading alone, p50", series, x_label="messages kept", y_label="milliseconds", log_x=True, log_y=True
    )
