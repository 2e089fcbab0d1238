"""Measures how long a test waits for a code: `edgemail.testing` beside smtpdfix, aiosmtpd and Mailpit.

Every server takes the same mail by smtplib from the test's own process. Once it is sent before the test asks for
the code, and once by a thread while the test waits, as a program with a queue sends it.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import queue
import random
import re
import smtplib
import socket
import threading
import time
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bench.figures import quantile
from bench.peers.catchers import run_mailpit
from bench.results import Aim, Section, Table
from bench.servers import NotStartedError, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from bench.progress import Progress

    _Open = Callable[[Path], contextlib.AbstractContextManager["_Receiver"]]

_ROUNDS, _FULL_ROUNDS = 200, 1000
_SLOW_ROUNDS = 40
_WARM_UP = 10
_POLL_S = 0.5
"""The interval of pytest-mailpit and of mailpit-api."""
_DELAY_S = 0.5
"""The longest time that the test waits before the thread sends."""
_FIRST_S = 0.02
_PATIENCE_S = 30.0
_CODE = re.compile(r"\b[0-9]{6}\b")
_AIM_S = 0.003


@dataclass(frozen=True)
class _Receiver:
    """Where a test sends, and how it gets the code that comes to an address."""

    host: str
    port: int
    watch: Callable[[str], Callable[[], str]]
    """Takes an address, before anything is sent there; returns what waits for the code."""
    is_slow: bool = False


def steps(*, is_full: bool) -> int:
    """Return the number of steps of `measure`."""
    del is_full
    return 2 * len(_RECEIVERS)


def measure(folder: Path, progress: Progress, *, is_full: bool, rounds: int = 0) -> Section:
    """Measure everything, each so many times."""
    section = Section("waiting", is_full)
    rounds = rounds or (_FULL_ROUNDS if is_full else _ROUNDS)
    rows: list[list[str]] = []
    missing: list[list[str]] = []
    for name, open_ in _RECEIVERS.items():
        place = folder / re.sub(r"\W+", "-", name)
        place.mkdir()
        try:
            with open_(place) as receiver:
                found = _measure_one(
                    name, receiver, min(rounds, _SLOW_ROUNDS) if receiver.is_slow else rounds, progress
                )
        except (NotStartedError, ImportError) as error:
            missing.append([name, str(error)])
            continue
        section.figures[name] = found
        rows.append([name, *(_ms(found[case][share]) for case in ("before", "while") for share in ("p50", "p95"))])
    columns = ["", "sent before: p50", "p95", "sent while it waits: p50", "p95"]
    note = (
        "From the beginning of the connection that sends to the code in the test's hands; where the mail is sent "
        "while the test waits, from its 250. smtpdfix and aiosmtpd run in the test's own process and keep no mail; "
        "the others are servers."
    )
    section.tables.append(Table("Send to code, in milliseconds", columns, rows, note))
    if missing:
        section.tables.append(Table("Not measured", ["server", "reason"], missing))
    for case, text in (("before", "sent before"), ("while", "sent while it waits")):
        p50 = section.figures["edgemail.testing"][case]["p50"]
        section.aims.append(Aim(f"send to code, {text}: 3 ms", f"{p50 * 1e3:.2f} ms", p50 <= _AIM_S))
    return section


def _measure_one(name: str, receiver: _Receiver, rounds: int, progress: Progress) -> dict[str, dict[str, float]]:
    progress.step(f"{name}: sent before")
    before = [_time_before(receiver, number) for number in range(_WARM_UP + rounds)][_WARM_UP:]
    progress.step(f"{name}: sent while it waits")
    during = [_time_during(receiver, number) for number in range(rounds)]
    return {"before": _describe(before), "while": _describe(during)}


def _describe(times: Sequence[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {"p50": quantile(ordered, 0.5), "p95": quantile(ordered, 0.95), "count": len(ordered)}


def _time_before(receiver: _Receiver, number: int) -> float:
    to, code, octets = _make_mail("before", number)
    wait = receiver.watch(to)
    started = time.perf_counter()
    _send(receiver, to, octets)
    return _finish(wait, code) - started


def _time_during(receiver: _Receiver, number: int) -> float:
    """Send from a thread at some moment of the wait; return the seconds from its 250 to the code."""
    to, code, octets = _make_mail("while", number)
    wait = receiver.watch(to)
    sent: queue.SimpleQueue[float] = queue.SimpleQueue()

    def send() -> None:
        time.sleep(random.uniform(_FIRST_S, _DELAY_S if receiver.is_slow else 2 * _FIRST_S))
        sent.put(_send(receiver, to, octets))

    sending = threading.Thread(target=send)
    sending.start()
    ended = _finish(wait, code)
    sending.join()
    return ended - sent.get()


def _finish(wait: Callable[[], str], code: str) -> float:
    found = wait()
    ended = time.perf_counter()
    if found != code:
        raise NotStartedError(f"it gave {found} in place of {code}")
    return ended


def _make_mail(case: str, number: int) -> tuple[str, str, bytes]:
    """Return an address, a code, and the mail that brings it there."""
    to, code = f"{case}-{number}@example.com", f"{481_000 + number}"
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@shop.example", to, "Sign in"
    message.set_content(f"Hello Kim,\n\nyour code is {code}.\n")
    return to, code, message.as_bytes(policy=SMTP)


def _send(receiver: _Receiver, to: str, octets: bytes) -> float:
    """Send a mail over a connection of its own; return when its 250 came."""
    with smtplib.SMTP(receiver.host, receiver.port, "bench.example", timeout=_PATIENCE_S) as client:
        client.sendmail("shop@shop.example", [to], octets)
        return time.perf_counter()


@contextlib.contextmanager
def _open_edgemail(_: Path) -> Iterator[_Receiver]:
    from edgemail.testing import Inbox, Server

    with Server.start() as server:
        yield _Receiver(server.smtp.host, server.smtp.port, lambda to: Inbox(server, to).code)


@contextlib.contextmanager
def _open_smtpdfix(_: Path) -> Iterator[_Receiver]:
    """It has no waiting: a test looks at its list again and again."""
    from smtpdfix import AuthController

    controller = AuthController(hostname="127.0.0.1", port=free_port())
    controller.start()

    def code(to: str) -> str:
        while True:
            for message in reversed(controller.messages):
                if message["To"] == to:
                    return _find_code(message.get_payload())
            time.sleep(0.001)

    try:
        yield _Receiver("127.0.0.1", controller.port, lambda to: partial(code, to))
    finally:
        controller.stop()


@contextlib.contextmanager
def _open_aiosmtpd(_: Path) -> Iterator[_Receiver]:
    """Its handler puts each message into a queue, on which the test waits."""
    from aiosmtpd.controller import Controller

    arrived: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    class Handler:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - its name there
            arrived.put(envelope.content)
            return "250 OK"

    def code() -> str:
        return _find_code(arrived.get(timeout=_PATIENCE_S).decode())

    controller = Controller(Handler(), hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield _Receiver("127.0.0.1", controller.port, lambda _: code)
    finally:
        controller.stop()


def _open_mailpit(interval_s: float) -> _Open:
    @contextlib.contextmanager
    def open_(folder: Path) -> Iterator[_Receiver]:
        with run_mailpit(folder) as server:
            connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=_PATIENCE_S)
            connection.connect()
            assert isinstance(connection.sock, socket.socket)

            def get(path: str) -> Any:
                connection.request("GET", path)
                return json.loads(connection.getresponse().read())

            def code(to: str) -> str:
                while not (found := get(f"/api/v1/search?query={quote(f'to:{to}')}")["messages"]):
                    time.sleep(interval_s)
                return _find_code(get(f"/api/v1/message/{found[0]['ID']}")["Text"])

            try:
                yield _Receiver("127.0.0.1", server.port, lambda to: partial(code, to), is_slow=interval_s > 0)
            finally:
                connection.close()

    return open_


def _find_code(text: str) -> str:
    found = _CODE.search(text)
    return found[0] if found else ""


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:,.2f}"


_RECEIVERS: dict[str, _Open] = {
    "edgemail.testing": _open_edgemail,
    "smtpdfix, asked each millisecond": _open_smtpdfix,
    "aiosmtpd's Controller with a queue": _open_aiosmtpd,
    "Mailpit, asked every 0.5 s as by its clients": _open_mailpit(_POLL_S),
    "Mailpit, asked in a tight loop": _open_mailpit(0.0),
}
