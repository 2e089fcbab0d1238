"""A running program with POP3, and how tests read from it."""

from __future__ import annotations

import asyncio
import poplib
import ssl
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from testkit.running_app import ANN, Program, resolved_in, running
from testkit.waiting import PATIENCE_S

from edgemail.system.certificate import create_self_signed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path
    from typing import TypeVar

    T = TypeVar("T")

PUBLIC = {"domain": "example.org", "reserved": "none", "trusted": "127.0.0.9"}


def address_of(program: Program, number: int = 0) -> tuple[str, int]:
    """Return the address of a port."""
    at = urlsplit(program.app.pop3_urls[number])
    assert at.hostname is not None
    assert at.port is not None
    return at.hostname, at.port


@contextmanager
def connected(program: Program, number: int = 0, context: ssl.SSLContext | None = None) -> Iterator[poplib.POP3]:
    """Connect to a port: with a context over implicit TLS."""
    host, port = address_of(program, number)
    if context is None:
        client = poplib.POP3(host, port, timeout=PATIENCE_S)
    else:
        client = poplib.POP3_SSL(host, port, context=context, timeout=PATIENCE_S)
    try:
        yield client
    finally:
        client.close()


@contextmanager
def logged_in(program: Program, address: str = ANN, password: str = "x") -> Iterator[poplib.POP3]:
    """Connect and log in without TLS."""
    with connected(program) as client:
        client.user(address)
        client.pass_(password)
        yield client


@asynccontextmanager
async def serving_pop3(folder: Path, **given: str) -> AsyncIterator[Program]:
    """Run the program with both ports of POP3."""
    settings = resolved_in(folder, **({"pop3": "127.0.0.1:0"} | given))
    async with running(settings) as program:
        yield program


async def in_thread(work: Callable[[], T]) -> T:
    """Run what a blocking client does."""
    return await asyncio.to_thread(work)


def make_certificate(folder: Path) -> tuple[dict[str, str], ssl.SSLContext]:
    """Make a certificate; return the settings for it, and a client's context that knows it."""
    path = create_self_signed(folder / "own.pem", ["127.0.0.1"])
    return {"tls_cert": str(path)}, ssl.create_default_context(cafile=str(path))


def error_of(work: Callable[[], object]) -> str:
    """Return what the server says against it."""
    try:
        done = work()
    except poplib.error_proto as error:
        said: bytes = error.args[0]
        return said.decode()
    raise AssertionError(f"it was taken: {done!r}")
