"""The head of a response goes out with the beginning of its body, and never behind anything else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from edgemail.http.response_transport import ResponseTransport

if TYPE_CHECKING:
    from collections.abc import Iterable

    from testkit.running_app import Program


class _Recorder(asyncio.Transport):
    """Keeps what is written, write by write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self._is_closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self._is_closing
        self.writes.append(bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        pieces = [bytes(data) for data in list_of_data]
        assert all(pieces)
        self.write(b"".join(pieces))

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self._is_closing = True

    abort = close


async def test_a_head_is_written_with_the_beginning_of_its_body() -> None:
    """What follows is written at once."""
    recorder = _Recorder()
    response = ResponseTransport(recorder, asyncio.get_running_loop())
    for octets in (b"head", b"first", b"second"):
        response.write(octets)
    assert recorder.writes == [b"headfirst", b"second"]


async def test_an_empty_piece_is_not_written() -> None:
    """Since Python 3.12 the transport would keep an empty piece for ever, and never close."""
    recorder = _Recorder()
    response = ResponseTransport(recorder, asyncio.get_running_loop())
    for octets in (b"head", b"", b"body", b""):
        response.write(octets)
    response.close()
    assert recorder.writes == [b"headbody"]


async def test_a_head_without_a_body_is_written_in_the_next_turn_or_before_the_end() -> None:
    """A stream may have nothing to say for long."""
    turn, end, gone = _Recorder(), _Recorder(), _Recorder()
    loop = asyncio.get_running_loop()
    responses = [ResponseTransport(recorder, loop) for recorder in (turn, end, gone)]
    for response in responses:
        response.write(b"head")
    responses[1].close()
    responses[2].abort()
    assert (turn.writes, end.writes) == ([], [b"head"])
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (turn.writes, end.writes, gone.writes) == ([b"head"], [b"head"], [])


@pytest.mark.asyncio(loop_scope="module")
async def test_a_refusal_comes_behind_the_head_of_the_answer_before(lasting: Program) -> None:
    """A HEAD has no body that its head could wait for; what follows on the connection is nonsense."""
    at = urlsplit(lasting.url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    writer.write(b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nnonsense\r\n\r\n")
    answers = await reader.read()
    writer.close()
    first, second = answers.index(b"HTTP/1.1 200"), answers.index(b"HTTP/1.1 400")
    assert first < second
