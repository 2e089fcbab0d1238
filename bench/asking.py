"""An HTTP load client: each connection sends its next request once it has its response.

`python -m bench.asking PORT` reads requests from standard input and prints results, as JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import selectors
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bench.figures import Quantiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_READ_OCTETS = 2**18
_LENGTH = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)
_CHUNKED = re.compile(rb"^transfer-encoding: *chunked", re.IGNORECASE | re.MULTILINE)
_LAST_CHUNK = b"\r\n0\r\n\r\n"
"""The end of a chunked body. JSON has no line end inside of a text, so it is nothing else."""
_PATIENCE_S = 120.0


@dataclass(frozen=True)
class Question:
    """A request."""

    method: str
    path: str

    def write(self) -> bytes:
        """Return the request as octets."""
        return f"{self.method} {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


class Reader:
    """A connection that sends requests one after the other."""

    def __init__(self, port: int, questions: Iterator[Question]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._questions = questions
        self._head = b""
        self._missing: int | None = None
        self._is_chunked = False
        self._tail = b""
        self._asked_at = 0.0

    def ask(self) -> bool:
        """Send the next request; return False if there is none."""
        question = next(self._questions, None)
        if question is None:
            return False
        self._head, self._tail, self._missing = b"", b"", None
        self._asked_at = time.perf_counter()
        self.socket.sendall(question.write())
        return True

    def read(self) -> tuple[int, float] | None:
        """Receive octets; at the end of a response return its status and its milliseconds."""
        octets = self.socket.recv(_READ_OCTETS)
        if not octets:
            raise SystemExit("the server closed the connection")
        self._tail = (self._tail + octets)[-len(_LAST_CHUNK) :]
        if self._missing is None:
            self._head += octets
            head, end, body = self._head.partition(b"\r\n\r\n")
            if not end:
                return None
            self._head = head
            self._is_chunked = _CHUNKED.search(head) is not None
            length = _LENGTH.search(head)
            self._missing = (int(length[1]) if length else 0) - len(body)
        else:
            self._missing -= len(octets)
        if self._tail != _LAST_CHUNK if self._is_chunked else self._missing > 0:
            return None
        return int(self._head[9:12]), (time.perf_counter() - self._asked_at) * 1e3


def ask(port: int, questions: Sequence[Question], connections: int, seconds: float | None) -> dict[str, Any]:
    """Send all requests once, or over and over for some seconds; return times and statuses."""
    deadline = None if seconds is None else time.perf_counter() + seconds
    times: list[float] = []
    statuses: Counter[int] = Counter()
    started = time.perf_counter()
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        source = _repeat(questions, deadline)
        for _ in range(connections):
            reader = Reader(port, source)
            stack.callback(reader.socket.close)
            if reader.ask():
                selector.register(reader.socket, selectors.EVENT_READ, reader)
        while selector.get_map():
            for key, _ in selector.select():
                answer = key.data.read()
                if answer is not None:
                    statuses[answer[0]] += 1
                    times.append(answer[1])
                    if not key.data.ask():
                        selector.unregister(key.fileobj)
    return {
        "ms": asdict(Quantiles.of(times)),
        "statuses": statuses,
        "answers_s": len(times) / (time.perf_counter() - started),
    }


def _repeat(questions: Sequence[Question], deadline: float | None) -> Iterator[Question]:
    while True:
        for question in questions:
            if deadline is not None and time.perf_counter() > deadline:
                return
            yield question
        if deadline is None:
            return


@contextlib.contextmanager
def asking(
    port: int, questions: Sequence[Question], *, connections: int = 1, seconds: float | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run this client as a process; read its results by `answers_of`. It ends with the block."""
    command = [sys.executable, "-m", "bench.asking", str(port), f"--connections={connections}"]
    command += [] if seconds is None else [f"--seconds={seconds}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdin is not None:
                process.stdin.write(json.dumps([[question.method, question.path] for question in questions]))
                process.stdin.close()
                process.stdin = None
            yield process
        finally:
            process.terminate()


def answers_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for the client's end; return its results."""
    said, _ = process.communicate(timeout=_PATIENCE_S)
    answers: dict[str, Any] = json.loads(said)
    return answers


def main() -> None:
    """Send the requests, and print the results."""
    parser = argparse.ArgumentParser(prog="python -m bench.asking")
    parser.add_argument("port", type=int)
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--seconds", type=float)
    arguments = parser.parse_args()
    questions = [Question(method, path) for method, path in json.load(sys.stdin)]
    json.dump(ask(arguments.port, questions, arguments.connections, arguments.seconds), sys.stdout)


if __name__ == "__main__":
    main()
