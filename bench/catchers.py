"""Measures edgemail beside other mail catchers: Mailpit, Inbucket, MailHog.

Each of them is sent the same mail, by turns, and then asked by its own API with all mail kept.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import statistics
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bench import throughput
from bench.figures import ratio
from bench.load import Load
from bench.peers import CATCHERS, EDGEMAIL, EDGEMAIL_IN_MEMORY, POSTFIX
from bench.results import Aim, Section, Table
from bench.servers import NotStartedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from bench.peers import Peer
    from bench.progress import Progress
    from bench.servers import Server

LOADS = (
    *(Load(4000, connections) for connections in (1, 10, 50, 200)),
    Load(4000, 50, is_reconnecting=True),
    *(Load(body_bytes, connections) for body_bytes in (100_000, 5_000_000) for connections in (1, 10, 50)),
)
_KEPT, _ROUNDS, _ROUND_S = 100_000, 3, 1.0
_KEEPERS = (*CATCHERS, EDGEMAIL_IN_MEMORY, POSTFIX)
CELL_STEPS = _ROUNDS * len(_KEEPERS)
"""The number of steps of `measure_cell`."""
_INBOX_MESSAGES = 50
_FILLERS = 8
_FILL_S = 900.0
_INDEX_S = 900.0
"""The most seconds for a server to become idle after the last mail: it may still make its index."""
_ASKED_S, _ASK_ROUNDS = 1.0, 3
_LINE = "Some words of a message, as long as a line should be, and no longer than this.\r\n"
_RARE = 77_777
"""The message that a search for a word finds, where there are as many."""


class _UnansweredError(Exception):
    """A server does not answer a question as it should; the text says what came."""


@dataclass(frozen=True)
class _Api:
    """The paths of a server's API; None for what it has not."""

    listing: str | None
    inbox: Callable[[str], str]
    search: Callable[[str], str] | None
    message: Callable[[str, str], str]
    find_id: Callable[[Any], str]
    """Finds an id in the answer to `inbox`."""


_APIS = {
    "edgemail": _Api(
        "/api/messages?limit=50",
        lambda user: f"/api/inboxes/{quote(find_address(user))}/messages?limit=50",
        lambda word: f"/api/messages?limit=50&search={word}",
        lambda user, mail_id: f"/api/inboxes/{quote(find_address(user))}/messages/{mail_id}",
        lambda answer: str(answer["messages"][0]["id"]),
    ),
    "Mailpit": _Api(
        "/api/v1/messages?limit=50",
        lambda user: f"/api/v1/search?limit=50&query=to:{quote(find_address(user))}",
        lambda word: f"/api/v1/search?limit=50&query={word}",
        lambda _, mail_id: f"/api/v1/message/{mail_id}",
        lambda answer: str(answer["messages"][0]["ID"]),
    ),
    "Inbucket": _Api(
        None,
        lambda user: f"/api/v1/mailbox/{user}",
        None,
        lambda user, mail_id: f"/api/v1/mailbox/{user}/{mail_id}",
        lambda answer: str(answer[0]["id"]),
    ),
    "MailHog": _Api(
        "/api/v2/messages?limit=50",
        lambda user: f"/api/v2/search?limit=50&kind=to&query={quote(find_address(user))}",
        lambda word: f"/api/v2/search?limit=50&kind=containing&query={word}",
        lambda _, mail_id: f"/api/v1/messages/{mail_id}",
        lambda answer: str(answer["items"][0]["ID"]),
    ),
}


def steps(*, is_full: bool) -> int:
    """Return the number of steps of `measure`."""
    del is_full
    return len(CATCHERS) * (len(LOADS) * _ROUNDS + 2 + _ASK_ROUNDS)


def measure(
    folder: Path, progress: Progress, *, is_full: bool, kept: int = _KEPT, peers: Sequence[Peer] = CATCHERS
) -> Section:
    """Measure everything, with `kept` messages in each server for the questions."""
    section = Section("peers", is_full)
    run = throughput.measure([(load, peers) for load in LOADS], _ROUNDS, _ROUND_S, progress, folder)
    names = [peer.name for peer in peers if peer.name not in run.missing]
    section.tables.append(_tabulate_loads(run, names))
    section.figures["messages_s"] = {str(load): {name: run.rate(name, load) for name in names} for load in LOADS}
    found = [_ask_one(peer, folder, kept, progress) for peer in peers if peer.name in names]
    section.tables.append(_tabulate_answers(names, found, kept))
    section.figures["kept"] = dict(zip(names, found, strict=True))
    if run.missing:
        missing = [[name, reason] for name, reason in run.missing.items()]
        section.tables.append(Table("Not measured", ["server", "reason"], missing))
    section.aims = _judge(run, names)
    return section


def _ask_one(peer: Peer, folder: Path, kept: int, progress: Progress) -> dict[str, Any]:
    """Fill a server, start it again, and ask; return milliseconds, seconds and octets by name."""
    place = folder / f"kept-{peer.name}"
    place.mkdir()
    figures: dict[str, Any] = {}
    try:
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(peer.run(place))
            progress.step(f"{peer.name}: filling it with {kept:,} messages")
            fill(server, kept)
            began = time.monotonic()
            server.tree.settle(_INDEX_S)
            if peer is EDGEMAIL:  # it rests between two batches of them, and seems idle
                wait_for_summaries(server, kept)
            figures["from the last mail until it is idle"] = time.monotonic() - began
            figures["memory after it came"] = server.tree.memory_bytes()
            if peer.name != "MailHog":  # its mail would be gone
                stack.close()
                server = stack.enter_context(peer.run(place))
                server.tree.settle(60)
            progress.step(f"{peer.name}: started again")
            figures["start"] = server.start_s
            figures["memory after a start"] = server.tree.memory_bytes()
            times: dict[str, list[float]] = {}
            for _ in range(_ASK_ROUNDS):
                progress.step(f"{peer.name}: reading")
                with _connected(server) as connection:
                    for name, path in _find_questions(connection, _APIS[peer.name], kept).items():
                        times.setdefault(name, []).append(_time(connection, path))
            figures |= {name: statistics.median(several) for name, several in times.items()}
    except (NotStartedError, OSError, LookupError, ValueError, _UnansweredError) as error:
        figures["failure"] = str(error)
    return figures


def measure_cell(
    folder: Path,
    progress: Progress,
    load: Load,
    *,
    seconds: float = _ROUND_S,
    peers: Sequence[Peer] = _KEEPERS,
) -> Table:
    """Measure one load alone, among all that keep mail."""
    return throughput.tabulate(throughput.measure([(load, peers)], _ROUNDS, seconds, progress, folder), load)


def fill(server: Server, messages: int) -> None:
    """Send messages to many inboxes, over a few connections at a time.

    Raises:
        NotStartedError: the server does not take them.
    """
    failures: list[str] = []

    def work(first: int) -> None:
        try:
            _send_some(server, range(first, messages, _FILLERS))
        except OSError as error:
            failures.append(str(error))

    threads = [threading.Thread(target=work, args=(first,)) for first in range(_FILLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_FILL_S)
    if failures:
        raise NotStartedError(f"it does not take mail: {failures[0]}")


def wait_for_summaries(server: Server, kept: int) -> None:
    """Wait until all mail has its summary: they are made at a slow pace while mail comes, and counted as found.

    Raises:
        NotStartedError: it takes too long.
    """
    deadline = time.monotonic() + _INDEX_S
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=60)
    with contextlib.closing(connection):
        while True:
            connection.request("GET", "/api/counts?search=larger:1")
            if json.loads(connection.getresponse().read())["messages"] == kept:
                return
            if time.monotonic() > deadline:
                raise NotStartedError("its summaries take too long")
            time.sleep(1)


def _send_some(server: Server, numbers: range) -> None:
    with socket.create_connection((server.host, server.port), timeout=60) as peer, peer.makefile("rb") as replies:
        _expect(replies.readline(), b"220")
        _command(peer, replies, b"EHLO filler.example\r\n", b"250")
        for number in numbers:
            user = find_user(number)
            _command(peer, replies, b"MAIL FROM:<shop@shop.example>\r\n", b"250")
            _command(peer, replies, f"RCPT TO:<{find_address(user)}>\r\n".encode(), b"250")
            _command(peer, replies, b"DATA\r\n", b"354")
            _command(peer, replies, _write_mail(number, user), b"250")
        _command(peer, replies, b"QUIT\r\n", b"221")


def _command(peer: socket.socket, replies: Any, octets: bytes, code: bytes) -> None:
    peer.sendall(octets)
    line = replies.readline()
    while line[3:4] == b"-":
        line = replies.readline()
    _expect(line, code)


def _expect(line: bytes, code: bytes) -> None:
    if not line.startswith(code):
        raise OSError(f"a reply {line.decode(errors='replace').strip()!r} instead of {code.decode()}")


def _write_mail(number: int, user: str) -> bytes:
    head = f"From: Shop <shop@shop.example>\r\nTo: {find_address(user)}\r\nSubject: Your order {number}\r\n"
    head += f"Message-ID: <{number}@shop.example>\r\nDate: Fri, 27 Nov 2026 10:00:00 +0000\r\n"
    return f"{head}\r\nThe word of this message is {find_word(number)}.\r\n{_LINE * 10}.\r\n".encode()


def find_user(number: int) -> str:
    """Return the user whose inbox has a message: each has 50 in a row."""
    return f"user{number // _INBOX_MESSAGES}"


def find_address(user: str) -> str:
    """Return a user's address."""
    return f"{user}@example.com"


def find_word(number: int) -> str:
    """Return the word that no other message has."""
    return f"word{number}x"


def _find_questions(connection: http.client.HTTPConnection, api: _Api, kept: int) -> dict[str, str]:
    """Return the path of each question, about mail from the middle of what is kept."""
    number = _RARE if kept > _RARE else kept // 2
    user = find_user(number)
    inbox = api.inbox(user)
    mail_id = api.find_id(json.loads(_get(connection, inbox)))
    found = {"one inbox of 50": inbox, "one message": api.message(user, mail_id)}
    if api.listing is not None:
        found["first 50 of all"] = api.listing
    if api.search is not None:
        found["search for a word that one has"] = api.search(find_word(number))
    return found


@contextlib.contextmanager
def _connected(server: Server) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=60)
    try:
        yield connection
    finally:
        connection.close()


def _get(connection: http.client.HTTPConnection, path: str) -> bytes:
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise _UnansweredError(f"{path}: {error}") from error
    if answer.status != HTTPStatus.OK:
        raise _UnansweredError(f"{path}: {answer.status}")
    return body


def _time(connection: http.client.HTTPConnection, path: str) -> float:
    """Return the median of the milliseconds that an answer takes, with those of this client."""
    _get(connection, path)
    times: list[float] = []
    end = time.perf_counter() + _ASKED_S
    while not times or time.perf_counter() < end:
        started = time.perf_counter()
        _get(connection, path)
        times.append((time.perf_counter() - started) * 1e3)
    return statistics.median(times)


def _tabulate_loads(run: throughput.Run, names: Sequence[str]) -> Table:
    rows = []
    for load in LOADS:
        rates = [run.rate(name, load) for name in names]
        found = ratio(rates[0], max(rates[1:], default=0.0))
        rows.append([str(load), *(f"{rate:,.0f}" if rate else "-" for rate in rates), _times(found)])
    note = "Messages a second, medians by turns. edgemail alone syncs each message to the disk before its 250."
    return Table("Mail that comes", ["", *names, "edgemail of the best other"], rows, note)


def _tabulate_answers(names: Sequence[str], found: Sequence[dict[str, Any]], kept: int) -> Table:
    kinds: list[tuple[str, Callable[[float], str]]] = [
        ("first 50 of all", _ms),
        ("one inbox of 50", _ms),
        ("search for a word that one has", _ms),
        ("one message", _ms),
        ("from the last mail until it is idle", lambda seconds: f"{seconds:.0f} s"),
        ("start", lambda seconds: f"{seconds:.2f} s"),
        ("memory after a start", _mib),
        ("memory after it came", _mib),
    ]
    rows = [
        [kind, *(write(figures[kind]) if kind in figures else "-" for figures in found)] for kind, write in kinds
    ]
    failures = [f"{name}: {one['failure']}" for name, one in zip(names, found, strict=True) if "failure" in one]
    return Table(f"With {kept:,} messages kept", ["", *names], rows, "; ".join(failures))


def _judge(run: throughput.Run, names: Sequence[str]) -> list[Aim]:
    aims = []
    for load in LOADS:
        best = max((run.rate(name, load) for name in names if name != EDGEMAIL.name), default=0.0)
        found = ratio(run.rate(EDGEMAIL.name, load), best)
        if found is not None:
            aims.append(Aim(f"{load}: as much as the best other", _times(found), found >= 1.0))
    return aims


def _ms(value: float) -> str:
    return f"{value:.2f} ms"


def _mib(octets: float) -> str:
    return f"{octets / 2**20:,.0f} MiB"


def _times(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} x"
