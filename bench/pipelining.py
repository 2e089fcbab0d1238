"""A client that pipelines (RFC 2920): one write has a message, and MAIL, RCPT and DATA of the next.

`python -m bench.pipelining PORT ...` sends, and prints the results as JSON. At a fixed rate the time
of a 250 is what a sender waits for it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import selectors
import socket
import sys
import threading
import time
from dataclasses import asdict, dataclass, field

from bench.figures import Quantiles

_READ_OCTETS = 65_536
_LINE = b"Some words of a message, as long as a line should be, and no longer than this.\r\n"


@dataclass
class Outcome:
    """The results of a run."""

    accepted: int = 0
    refused: int = 0
    lost_connections: int = 0
    seconds: float = 0.0
    refusals: dict[str, int] = field(default_factory=dict)
    commit_ms: list[float] = field(default_factory=list)
    """For each message, the time from its last octet to its reply."""
    envelope_ms: list[float] = field(default_factory=list)
    """For each message, the time from MAIL to the reply to DATA."""

    def write(self) -> str:
        """Return the results as JSON, with quantiles of the times."""
        times = {name: asdict(Quantiles.of(getattr(self, name))) for name in ("commit_ms", "envelope_ms")}
        return json.dumps(asdict(self) | times)


@dataclass
class Work:
    """What to send: ends after `messages`, or after `seconds`."""

    body: bytes
    messages: int
    recipients: list[str]
    rate: float | None = None
    seconds: float | None = None
    is_one_each: bool = False
    """True to send one message for each connection, without pipelining."""
    quiet_s: float = 60.0
    """The run ends after this time without a reply."""
    begun: int = 0
    started: float = 0.0

    def take(self, now: float) -> bool:
        """Begin the next message, if there is one and it is due."""
        if self.is_over(now) or (self.rate and self.begun > (now - self.started) * self.rate):
            return False
        self.begun += 1
        return True

    def stop(self) -> None:
        """Begin no more messages."""
        self.messages = 0

    def is_over(self, now: float) -> bool:
        """Return True if no more messages are to begin."""
        return self.begun >= self.messages or (self.seconds is not None and now - self.started > self.seconds)


class Connection:
    """One connection: waits for a number of replies, then goes on."""

    def __init__(self, address: tuple[str, int], work: Work, outcome: Outcome) -> None:
        self._work = work
        self._outcome = outcome
        recipients = "".join(f"RCPT TO:<{recipient}>\r\n" for recipient in work.recipients)
        self._envelope = f"MAIL FROM:<sender@example.org>\r\n{recipients}DATA\r\n".encode()
        self._replies = len(work.recipients) + 2
        self._wanted = 0
        self._received = b""
        self._unsent = memoryview(b"")
        self._sent_at = 0.0
        self._is_sending_body = False
        self.is_ready = False
        """True once DATA has its 354: a message may be sent."""
        self.is_closed = False
        self.socket = _greet(address)

    def begin(self) -> None:
        """Send MAIL, RCPT and DATA."""
        self._write(self._envelope, self._replies)

    def send(self) -> None:
        """Send the message, with the next envelope."""
        self.is_ready = False
        self._is_sending_body = True
        if self._work.is_one_each:
            self._write(self._work.body, 1)
        else:
            self._write(self._work.body + self._envelope, self._replies + 1)

    @property
    def is_writing(self) -> bool:
        """True while octets wait for the socket."""
        return bool(self._unsent)

    def write(self) -> None:
        """Send as much as the socket takes."""
        try:
            self._unsent = self._unsent[self.socket.send(self._unsent) :]
        except BlockingIOError:
            return
        except OSError:
            self._lose()
            return
        self._sent_at = time.perf_counter()

    def read(self) -> None:
        """Read replies."""
        try:
            octets = self.socket.recv(_READ_OCTETS)
        except OSError:
            octets = b""
        if not octets:
            self._lose()
            return
        self._received += octets
        if self._is_sending_body and self._received.find(b"\n") >= 0:
            self._take_verdict()
        if not self._is_sending_body and self._wanted and self._received.count(b"\n") >= self._wanted:
            self._take_envelope()

    def _take_verdict(self) -> None:
        reply, _, self._received = self._received.partition(b"\n")
        self._is_sending_body = False
        self._wanted -= 1
        self._outcome.commit_ms.append((time.perf_counter() - self._sent_at) * 1e3)
        if reply.startswith(b"2"):
            self._outcome.accepted += 1
        else:
            self._refuse(reply)

    def _take_envelope(self) -> None:
        last = self._received.splitlines()[-1]
        self._received, self._wanted = b"", 0
        self._outcome.envelope_ms.append((time.perf_counter() - self._sent_at) * 1e3)
        if last.startswith(b"354"):
            self.is_ready = True
        else:
            self._refuse(last)
            self._lose()

    def _refuse(self, reply: bytes) -> None:
        self._outcome.refused += 1
        code = reply[:3].decode(errors="replace")
        self._outcome.refusals[code] = self._outcome.refusals.get(code, 0) + 1

    def _lose(self) -> None:
        self.is_closed, self.is_ready, self._unsent = True, False, memoryview(b"")
        self._outcome.lost_connections += 1

    def _write(self, octets: bytes, replies: int) -> None:
        self._wanted = replies
        self._unsent = memoryview(octets)
        self.write()


def send(address: tuple[str, int], connections: int, work: Work) -> Outcome:
    """Send until every message that was begun is answered."""
    outcome = Outcome()
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        peers = [Connection(address, work, outcome) for _ in range(connections)]
        for peer in peers:
            stack.callback(peer.socket.close)
            selector.register(peer.socket, selectors.EVENT_READ, peer)
        work.started = time.perf_counter()
        for peer in peers:
            peer.begin()
        _run(selector, peers, work, outcome)
        outcome.seconds = time.perf_counter() - work.started
    return outcome


def _run(selector: selectors.BaseSelector, peers: list[Connection], work: Work, outcome: Outcome) -> None:
    ready: list[Connection] = []
    quiet_since = time.perf_counter()
    while True:
        now = time.perf_counter()
        while ready and work.take(now):
            peer = ready.pop()
            peer.send()
            _watch(selector, peer)
        answered = outcome.accepted + outcome.refused + outcome.lost_connections
        if answered >= work.begun and work.is_over(now):
            return
        if all(peer.is_closed for peer in peers) or now - quiet_since > work.quiet_s:
            return
        for key, events in selector.select(_pause_s(work, ready, now)):
            quiet_since = now
            _serve(selector, key.data, events, ready)


def _serve(selector: selectors.BaseSelector, peer: Connection, events: int, ready: list[Connection]) -> None:
    if events & selectors.EVENT_WRITE:
        peer.write()
    if events & selectors.EVENT_READ and not peer.is_closed:
        peer.read()
        if peer.is_ready:
            ready.insert(0, peer)
    if peer.is_closed:
        selector.unregister(peer.socket)
    else:
        _watch(selector, peer)


def _watch(selector: selectors.BaseSelector, peer: Connection) -> None:
    wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if peer.is_writing else 0)
    if selector.get_key(peer.socket).events != wanted:
        selector.modify(peer.socket, wanted, peer)


def _pause_s(work: Work, ready: list[Connection], now: float) -> float:
    if not (ready and work.rate):
        return 0.25
    return min(max(work.started + work.begun / work.rate - now, 0.0), 0.25)


def _greet(address: tuple[str, int]) -> socket.socket:
    peer = socket.create_connection(address, timeout=30)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _read_reply(peer)
    peer.sendall(b"EHLO bench.example\r\n")
    if b"PIPELINING" not in _read_reply(peer):
        raise SystemExit("the server offers no PIPELINING")
    peer.setblocking(False)
    return peer


def _read_reply(peer: socket.socket) -> bytes:
    received = b""
    while not (received.endswith(b"\n") and received.splitlines()[-1][3:4] == b" "):
        octets = peer.recv(4096)
        if not octets:
            raise SystemExit(f"the server closed the connection: {received!r}")
        received += octets
    return received


def make_body(octets: int) -> bytes:
    """Return a message of about that many octets, with its end mark."""
    head = b"From: <sender@example.org>\r\nSubject: a measurement\r\n\r\n"
    return head + (_LINE * (octets // len(_LINE) + 1))[: max(octets - len(head), 0)].rstrip(b"\r\n") + b"\r\n.\r\n"


def _stop_at_eof(work: Work) -> None:
    sys.stdin.read()
    work.stop()


def main() -> None:
    """Send, and print the results."""
    parser = argparse.ArgumentParser(prog="python -m bench.pipelining")
    parser.add_argument("port", type=int)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--messages", type=int, default=2**62)
    parser.add_argument("--seconds", type=float)
    parser.add_argument(
        "--quiet", type=float, default=60.0, help="seconds without a reply, after which it gives up"
    )
    parser.add_argument("--rate", type=float)
    parser.add_argument("--until-eof", action="store_true", help="begin nothing more once the standard input ends")
    parser.add_argument("--one-each", action="store_true", help="a message a connection, all at once")
    parser.add_argument("--body", type=int, default=4000)
    parser.add_argument("--recipient", nargs="*", default=["inbox@example.com"])
    arguments = parser.parse_args()
    limits = (arguments.rate, arguments.seconds, arguments.one_each, arguments.quiet)
    work = Work(make_body(arguments.body), arguments.messages, arguments.recipient, *limits)
    if arguments.until_eof:
        threading.Thread(target=_stop_at_eof, args=[work], daemon=True).start()
    outcome = send((arguments.host, arguments.port), arguments.connections, work)
    sys.stdout.write(outcome.write() + "\n")


if __name__ == "__main__":
    main()
