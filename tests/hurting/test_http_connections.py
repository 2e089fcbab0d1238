"""Attacks on the HTTP port's connections, with an honest sender, an honest reader and a probe beside them."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from testkit.honest_reader import HonestReader
from testkit.honest_sender import HonestSender
from testkit.hostile_peers import Attacker, count_descriptors, measure_memory, raise_own_limit
from testkit.server_process import THIS_PYTHON, serving
from testkit.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from testkit.server_process import Process

pytestmark = pytest.mark.slow

MAIL_S = 3.0
"""The promise is half a second, on a machine that does nothing else: here attackers and other tests share it."""
READ_S = 5.0
"""The promise is a second."""
ATTACK_S = 4.0
WARM_UP = 50
MORE_OCTETS = 48 * 2**20
MORE_DESCRIPTORS = 4
FORGOTTEN_S = 30.0
"""Event streams have a comment every 15 s: a full connection notices by it that its peer has gone."""
LINES = 20
"""The most lines that an attack may add to the log: one a minute and kind."""
_MIB = 2**20

LIMITS = {
    "EDGEMAIL_TRUSTED": "127.0.0.9",
    "EDGEMAIL_CONNECTION_RATE": "1000000",
    "EDGEMAIL_HTTP_HEAD_TIMEOUT": "2s",
    "EDGEMAIL_HTTP_KEEP_ALIVE": "2s",
    "EDGEMAIL_LOG_LEVEL": "warning",
}
FEW_FILES = ("prlimit", "--nofile=1024:1024", *THIS_PYTHON)

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
Address = tuple[str, int]


async def attack(address: Address, count: int, octets: bytes, pause_s: float, source: str = "") -> None:
    """Let so many send the octets over and over until each is cut off, and come again."""

    async def insist() -> None:
        while True:
            with contextlib.suppress(OSError):
                async with Attacker.connect(address, source) as peer:
                    reading = asyncio.create_task(peer.read_to_the_end())
                    try:
                        while not reading.done():
                            await peer.say(octets)
                            await asyncio.sleep(pause_s)
                    finally:
                        reading.cancel()
            await asyncio.sleep(0.01)

    await asyncio.gather(*(insist() for _ in range(count)))


async def hold(address: Address, count: int, first: bytes, source: str = "") -> None:
    """Open so many connections, send something once, and come again after being cut off."""

    async def stay() -> None:
        while True:
            with contextlib.suppress(OSError):
                async with Attacker.connect(address, source) as peer:
                    await peer.say(first)
                    await peer.read_to_the_end()
            await asyncio.sleep(1)

    await asyncio.gather(*(stay() for _ in range(count)))


FIELD = b"X-Field: " + b"y" * 50 + b"\r\n"
STREAM = b"GET /api/inboxes/other@example.org/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
ATTACKS: dict[str, Callable[[Address], Awaitable[None]]] = {
    "one endless head": lambda at: attack(at, 1, b"GET / HTTP/1.1\r\nX: " + b"y" * 2**20, 0),
    "endless heads": lambda at: attack(at, 50, b"GET / HTTP/1.1\r\nX: " + b"y" * 2**20, 0.05),
    "many short header lines": lambda at: attack(at, 50, b"GET / HTTP/1.1\r\n" + b"a:\r\n" * 2**16, 0.05),
    "endless targets": lambda at: attack(at, 50, b"GET /" + b"a" * 2**20, 0.05),
    "empty lines": lambda at: attack(at, 50, b"\r\n" * 2**16, 0.05),
    "slow heads": lambda at: attack(at, 500, b"GET / HTTP/1.1\r\nX: ", 0.5),
    "slow bodies": lambda at: attack(at, 500, b"PUT / HTTP/1.1\r\nContent-Length: 9999\r\n\r\n", 1),
    "silence": lambda at: hold(at, 3000, b""),
    "silence from one source": lambda at: hold(at, 3000, b"", "127.0.0.7"),
    "silence from who is trusted": lambda at: hold(at, 3000, b"", "127.0.0.9"),
    "idle connections": lambda at: hold(at, 3000, GET + b"\r\n"),
    "chunk extensions": lambda at: attack(
        at, 50, b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;x=" + b"y" * 2**20, 0.05
    ),
    "trailers": lambda at: attack(
        at, 50, b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + FIELD * 2**14, 0.05
    ),
    "pipelines behind a stream": lambda at: attack(at, 200, STREAM + (GET + b"\r\n") * 5000, 1),
    "pipelines": lambda at: attack(at, 5, (GET + b"\r\n") * 1000, 0.5),
    "nonsense": lambda at: attack(at, 20, b"nonsense\r\n\r\n", 0.05),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, Path]]:
    """Run the program, and warm it up."""
    raise_own_limit()
    folder = tmp_path_factory.mktemp("http")
    with serving(folder / "mail.db", **LIMITS) as process:
        warm_up(process)
        yield process, folder / "log.txt"


def http_address(process: Process) -> Address:
    at = urlsplit(process.url)
    assert at.hostname is not None
    assert at.port is not None
    return at.hostname, at.port


def warm_up(process: Process) -> None:
    honest = HonestSender(process.smtp)
    reader = HonestReader(http_address(process))
    for _ in range(WARM_UP):
        honest.send()
        reader.read("/healthz")


async def measure_within(attacking: Awaitable[None], measure: Callable[[], int]) -> int:
    """Let an attack go on for a while; return what is measured just before it ends."""
    task = asyncio.ensure_future(attacking)
    await asyncio.wait([task], timeout=ATTACK_S)
    figure = measure()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return figure


async def besiege(process: Process, log: Path, name: str, figures: list[str]) -> None:
    """Let one kind attack for a while: all honest peers are served, and afterwards all is as it was."""
    pid = process.process.pid
    address = http_address(process)
    octets_before, files_before = measure_memory(pid), count_descriptors(pid)
    lines_before = len(log.read_text().splitlines())
    with HonestSender(process.smtp) as sender, HonestReader(address) as reader:
        octets_within = await measure_within(ATTACKS[name](address), lambda: measure_memory(pid))
    await until(lambda: count_descriptors(pid) <= files_before + MORE_DESCRIPTORS, FORGOTTEN_S)
    more_octets = measure_memory(pid) - octets_before
    mail_s, read_s = max(sender.took_s), max(reader.took_s)
    lines = log.read_text().splitlines()[lines_before:]
    figures.append(
        f"http: {name:28} {len(sender.took_s):3} mails, slowest {mail_s * 1000:5.0f} ms, "
        f"{len(reader.took_s):3} reads, slowest {read_s * 1000:5.0f} ms, memory {octets_within / _MIB:4.0f} MiB, "
        f"then {more_octets / _MIB:+6.1f} MiB, {len(lines)} log lines"
    )
    assert sender.failed == []
    assert reader.failed == []
    assert mail_s < MAIL_S
    assert read_s < READ_S
    assert more_octets < MORE_OCTETS
    assert len(lines) < LINES, lines


@pytest.mark.parametrize("name", ATTACKS)
async def test_honest_peers_are_served_beside(server: tuple[Process, Path], figures: list[str], name: str) -> None:
    """Mail is taken and read, probes are answered; memory, files and the log stay within bounds."""
    await besiege(*server, name, figures)


async def test_http_leaves_smtp_its_files(tmp_path: Path, figures: list[str]) -> None:
    """4,300 connections where 1,024 files can be open: SMTP takes all mail, the log says what is short."""
    raise_own_limit()
    with serving(tmp_path / "mail.db", FEW_FILES, **LIMITS) as process:
        warm_up(process)
        log = tmp_path / "log.txt"
        assert "HTTP takes 128 connections" in log.read_text()
        address = http_address(process)
        with HonestSender(process.smtp) as sender, HonestReader(address) as reader:
            most = await measure_within(hold(address, 4300, b""), lambda: count_descriptors(process.process.pid))
        figures.append(
            f"http: 4,300 connections under 1,024 files: {len(sender.took_s)} mails, "
            f"slowest {max(sender.took_s) * 1000:.0f} ms, {len(reader.took_s)} reads, "
            f"slowest {max(reader.took_s) * 1000:.0f} ms, {most} files open"
        )
        assert sender.failed == []
        assert reader.failed == []
        assert max(sender.took_s) < MAIL_S
        assert max(reader.took_s) < READ_S
        assert 128 < most < 512
        assert len(log.read_text().splitlines()) < LINES


async def test_nonsense_does_not_flood_the_log(server: tuple[Process, Path]) -> None:
    """2,000 nonsense requests, and not one line for each."""
    process, log = server
    before = len(log.read_text().splitlines())
    gate = asyncio.Semaphore(50)

    async def say() -> None:
        async with gate, Attacker.connect(http_address(process)) as peer:
            await peer.say(b"\x16\x03\x01 nonsense\r\n\r\n")
            await peer.read_to_the_end()

    await asyncio.gather(*(say() for _ in range(2000)))
    assert len(log.read_text().splitlines()) - before <= 2
