"""The log of transactions, in both of its forms, over real sockets."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
import shlex
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest
from testkit.smtp_peer import MAIL, Counter, Peer, listening, message
from testkit.waiting import until

from edgemail.cli.logs import JsonLines, TextLines
from edgemail.errors import StoreUnavailable
from edgemail.listener import Policy, TransactionLog, transaction_log
from edgemail.policy.chaos import Chaos
from edgemail.settings import PolicySettings
from edgemail.system.logged_addresses import LoggedAddresses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgemail.listener import Listener

CHUNKS = MAIL[:-6] + b"BDAT 900\r\n" + b"x" * 900 + b"BDAT 200\r\n" + b"x" * 200
LOGGER = logging.getLogger("edgemail.listener.transaction_log")


class Log(io.StringIO):
    """What was logged."""

    @property
    def lines(self) -> list[str]:
        return self.getvalue().splitlines()

    async def line(self) -> str:
        """Wait for a line; there is only one."""
        await until(lambda: bool(self.lines))
        (line,) = self.lines
        return line


@contextlib.contextmanager
def logging_to(formatter: logging.Formatter, level: int = logging.INFO) -> Iterator[Log]:
    log = Log()
    handler = logging.StreamHandler(log)
    handler.setFormatter(formatter)
    before = LOGGER.level
    LOGGER.setLevel(level)
    LOGGER.addHandler(handler)
    try:
        yield log
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.setLevel(before)


@pytest.fixture
def text() -> Iterator[Log]:
    """Give the log for people."""
    with logging_to(TextLines()) as log:
        yield log


@pytest.fixture
def lines() -> Iterator[Log]:
    """Give the log for programs."""
    with logging_to(JsonLines()) as log:
        yield log


def fields_of(line: str) -> dict[str, str]:
    """Read a line of text as a program would that knows of quotes; no field is there twice."""
    pairs = re.findall(r' ([a-z_]+)=("(?:[^"\\]|\\.)*"|[^\s"=\\]+)(?= |$)', line)
    assert len(dict(pairs)) == len(pairs), line
    return {name: json.loads(value) if value[0] == '"' else value for name, value in pairs}


def read(line: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(line)
    return fields


async def test_a_kept_message_has_a_line_with_the_id_of_its_received_line(counter: Counter, text: Log) -> None:
    """The Received line of a message leads to its line in the log."""
    counter.keeps_at_once = True
    async with listening(counter) as (_, port), Peer.greeted(port) as peer:
        await peer.say(message(), 250, 250, 354, 250)
        line = await text.line()
    match = re.search(rb" id ([0-9a-f]+);", counter.envelopes[0].data)
    assert match
    assert " INFO edgemail.listener.transaction_log: accepted id=" in line
    fields = fields_of(line)
    assert int(fields.pop("took_ms")) >= 0
    assert fields == {
        "id": match[1].decode(),
        "ip": "127.0.0.1",
        "helo": "client.example",
        "sender": "ann@example.org",
        "recipients": "bob@example.com",
        "size": "5",
        "code": "250",
        "mail": "1",
    }


async def test_a_message_that_the_store_does_not_keep_has_a_line(counter: Counter, lines: Log) -> None:
    """With the reply and its reason, and no line of the connection besides."""
    async with listening(counter) as (_, port):
        async with Peer.greeted(port) as peer:
            peer.send(message())
            await counter.arrival()
            counter.futures[0].set_exception(StoreUnavailable("no"))
            await peer.say(b"QUIT\r\n", 250, 250, 354, 451, 221)
            assert await peer.rest() == ""
        fields = read(await lines.line())
    assert (fields["message"], fields["code"], fields["reason"]) == ("deferred", 451, "store_unavailable")
    assert "mail" not in fields


@pytest.mark.parametrize(
    ("octets", "codes", "reason", "size"),
    [
        (message(b"x" * 1500), (250, 250, 354, 552), "too_large", 1502),
        (message(b"a\nb"), (250, 250, 354, 550), "bare_newlines", 5),
        (
            MAIL[:-6] + b"BDAT 900\r\n" + b"x" * 900 + b"BDAT 200\r\n" + b"x" * 200,
            (250, 250, 250, 552),
            "too_large",
            1100,
        ),
    ],
    ids=["DATA", "bare newlines", "BDAT"],
)
async def test_a_message_that_is_refused_at_its_end_has_a_line(
    counter: Counter, lines: Log, octets: bytes, codes: tuple[int, ...], reason: str, size: int
) -> None:
    """With its own sender and recipients, also where the next message is in the same packet."""
    other = b"MAIL FROM:<>\r\nRCPT TO:<eve@example.com>\r\n"
    limits = {"max_message_bytes": 1000, "bare_newlines": "refuse"}
    async with listening(counter, **limits) as (_, port), Peer.greeted(port) as peer:
        await peer.say(octets + other, *codes, 250, 250)
        fields = read(await lines.line())
    assert (fields["message"], fields["code"], fields["reason"]) == ("refused", codes[-1], reason)
    assert (fields["sender"], fields["recipients"], fields["size"]) == ("ann@example.org", "bob@example.com", size)


async def test_the_line_says_where_nobody_heard_the_reply(counter: Counter, lines: Log) -> None:
    """The message is kept, and its sender will send it again."""
    async with listening(counter) as (listener, port):
        async with Peer.greeted(port) as peer:
            await peer.say(MAIL, 250, 250, 354)
            peer.send(b"Hi.\r\n.\r\n")
            await counter.arrival()
            peer.vanish()
            await until(lambda: not listener.connections)
        counter.keep(0)
        fields = read(await lines.line())
    assert (fields["message"], fields["code"], fields["heard"]) == ("accepted", 250, "no")


async def test_a_message_that_is_kept_too_late_has_a_second_line(counter: Counter, lines: Log) -> None:
    """Its sender was told to try again: the same mail twice has an explanation in the log."""
    async with listening(counter, commit_timeout_s=0.05) as (_, port), Peer.greeted(port) as peer:
        await peer.say(message(), 250, 250, 354, 451)
        counter.keep(0)
        await until(lambda: len(lines.lines) > 1)
    late, later = map(read, lines.lines)
    assert (late["message"], late["reason"]) == ("deferred", "commit_timed_out")
    assert (later["message"], later["id"], later["mail"]) == ("kept too late", late["id"], 1)


async def test_only_some_recipients_are_named(counter: Counter, text: Log) -> None:
    """A message to a hundred has no longer line than one to four."""
    counter.keeps_at_once = True
    names = b"".join(b"RCPT TO:<n%d@example.com>\r\n" % n for n in range(5))
    async with listening(counter) as (_, port), Peer.greeted(port) as peer:
        await peer.say(b"MAIL FROM:<>\r\n" + names + b"DATA\r\n.\r\n", *[250] * 6, 354, 250)
        fields = fields_of(await text.line())
    assert fields["recipients"] == "n0@example.com,n1@example.com,n2@example.com and 2 more"
    assert fields["sender"] == "<>"


@pytest.mark.parametrize(
    ("hello", "written"),
    [
        (b"EHLO my pc", '"my pc"'),
        ("HELO MÜLLER-PC".encode(), "MÜLLER-PC"),
        (b"HELO M\xdcL", "M\ufffdL"),
        (b"EHLO", '""'),
    ],
)
async def test_a_name_is_logged_as_the_peer_said_it(
    counter: Counter, text: Log, hello: bytes, written: str
) -> None:
    """Any name is taken, and the line tells it whole."""
    counter.keeps_at_once = True
    async with listening(counter) as (_, port), Peer.connect(port) as peer:
        await peer.reply()
        await peer.say(hello + b"\r\n" + message(), 250, 250, 250, 354, 250)
        assert f" ip=127.0.0.1 helo={written} sender=" in await text.line()


async def test_refused_commands_are_counted_in_one_line_a_connection(counter: Counter, text: Log) -> None:
    """A scanner that tries a thousand things gets no thousand lines."""
    async with listening(counter) as (listener, port):
        async with Peer.greeted(port) as peer:
            await peer.say(b"XYZ\r\n" * 3 + b"DATA\r\n" * 2 + b"NOOP\r\n", 500, 500, 500, 503, 503, 250)
            assert text.lines == []
        await until(lambda: not listener.connections)
        line = await text.line()
    assert ": commands refused ip=127.0.0.1 helo=client.example refusals=" in line
    assert fields_of(line)["refusals"] == "mail_first:2,unknown_command:3"


async def test_who_is_refused_nothing_has_no_line(counter: Counter, text: Log) -> None:
    """A load balancer looks in every second."""
    async with listening(counter) as (listener, port):
        async with Peer.greeted(port) as peer:
            await peer.say(b"QUIT\r\n", 221)
        await until(lambda: not listener.connections)
    assert text.lines == []


async def flood(times: int, listener: Listener, port: int) -> None:
    for _ in range(times):
        async with Peer.connect(port) as peer:
            await peer.reply()
    await until(lambda: not listener.connections)


async def test_connections_that_are_turned_away_share_a_line(counter: Counter, text: Log) -> None:
    """A flood fills no disk with lines; what has not been written yet is when the server stops."""
    async with listening(counter, connection_rate=2, trusted=()) as (listener, port):
        await flood(6, listener, port)
        assert text.lines == []
    line = await text.line()
    assert line.endswith(": connections refused first_ip=127.0.0.1 refusals=connection_rate:4")


async def test_that_line_comes_while_the_server_runs(
    counter: Counter, text: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once in a while; denied addresses are in it, as no limit on their rate holds for them."""
    monkeypatch.setattr(transaction_log, "_SUMMARY_S", 0.0)
    denied = (ip_network("127.0.0.0/8"),)
    policy = Policy(PolicySettings(min_free=None, deny_sources=denied), Chaos())
    async with listening(counter, policy) as (listener, port):
        await flood(1, listener, port)
        assert fields_of(await text.line()) == {"first_ip": "127.0.0.1", "refusals": "source_denied:1"}


HOSTILE_HELLO = 'x" code=250\\ M\xdcLLER\u202e\x1b[2J\0 mail=7'.encode()
HOSTILE_SENDER = '"ann\\" code=250 \u202ereason=none mail=7"@example.org'
HOSTILE_RECIPIENT = '"eve, root@example.com and 9 more\\" size=0"@example.com'


def hostile() -> bytes:
    path = f"MAIL FROM:<{HOSTILE_SENDER}> SMTPUTF8\r\nRCPT TO:<{HOSTILE_RECIPIENT}>\r\nDATA\r\n.\r\n"
    return b"EHLO " + HOSTILE_HELLO + b"\r\n" + path.encode()


async def send_hostile(counter: Counter) -> None:
    counter.keeps_at_once = True
    async with listening(counter) as (listener, port):
        async with Peer.connect(port) as peer:
            await peer.reply()
            for hello in (b'a" code=250', b"a\x1b[2Jb", b"a\rb=250", b"\xe2\x80\xaeb"):
                peer.send(b"EHLO " + hello + b"\r\n")
            peer.send(b"QUIT\r\n")
            await peer.rest()
        async with Peer.connect(port) as peer:
            await peer.reply()
            await peer.say(hostile(), 250, 250, 250, 354, 250)
        await until(lambda: not listener.connections)


async def test_no_field_can_be_forged_in_text(counter: Counter, text: Log) -> None:
    """Log injection: quotes, blanks, = and direction controls in HELO and paths stay in values."""
    await send_hostile(counter)
    refused, accepted = text.lines
    assert all(line.isprintable() for line in text.lines)
    assert set(fields_of(refused)) == {"ip", "refusals", "helo"}
    fields = fields_of(accepted)
    assert list(fields) == ["id", "ip", "helo", "sender", "recipients", "size", "code", "mail", "took_ms"]
    assert (fields["code"], fields["mail"], fields["size"]) == ("250", "1", "0")
    assert fields["helo"] == HOSTILE_HELLO.decode()
    assert fields["sender"] == HOSTILE_SENDER
    assert fields["recipients"] == HOSTILE_RECIPIENT
    assert len(shlex.split(accepted.partition("transaction_log: ")[2])) == 1 + len(fields)


async def test_no_field_can_be_forged_in_json(counter: Counter, lines: Log) -> None:
    """The same, and all of it in ASCII."""
    await send_hostile(counter)
    assert all(line.isascii() and line.isprintable() for line in lines.lines)
    refused, accepted = map(read, lines.lines)
    assert refused["message"] == "commands refused"
    assert accepted["helo"] == HOSTILE_HELLO.decode()
    assert accepted["recipients"] == HOSTILE_RECIPIENT
    assert (accepted["code"], accepted["mail"], accepted["message"]) == (250, 1, "accepted")


async def log_with(names: TransactionLog, counter: Counter, *transactions: bytes) -> None:
    counter.keeps_at_once = True
    async with listening(counter, None, None, names) as (_, port), Peer.greeted(port) as peer:
        for transaction in transactions:
            await peer.say(transaction, 250, 250, 354, 250)


async def test_hashed_addresses_can_be_matched_and_not_read(counter: Counter, lines: Log) -> None:
    """An address has the same hash in any case and field until the next start; IP and HELO stay."""
    back = b"MAIL FROM:<BOB@Example.com>\r\nRCPT TO:<ann@example.org>\r\nDATA\r\nHi.\r\n.\r\n"
    await log_with(
        TransactionLog(LoggedAddresses("hashed")), counter, message(), back, back.replace(b"BOB@Example.com", b"")
    )
    there, again, bounce = map(read, lines.lines)
    assert re.fullmatch(r"[0-9a-f]{16}", there["sender"])
    assert (there["sender"], there["recipients"]) == (again["recipients"], again["sender"])
    assert there["sender"] != there["recipients"]
    assert bounce["sender"] == "<>"
    assert (there["ip"], there["helo"]) == ("127.0.0.1", "client.example")
    assert "@" not in lines.getvalue()
    await log_with(TransactionLog(LoggedAddresses("hashed")), counter, message())
    assert read(lines.lines[-1])["sender"] != there["sender"]


async def test_addresses_may_be_left_out(counter: Counter, lines: Log) -> None:
    """Neither they nor their hashes."""
    await log_with(TransactionLog(LoggedAddresses("off")), counter, message())
    fields = read(await lines.line())
    assert not {"sender", "recipients"} & set(fields)
    assert "@" not in lines.getvalue()
    assert fields["code"] == 250


async def test_nothing_is_put_together_for_a_log_that_nobody_wants(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the level of warnings on: no line, no entry, no counts."""
    monkeypatch.setattr(transaction_log, "Entry", None)
    counter.keeps_at_once = True
    with logging_to(TextLines(), logging.WARNING) as log:
        async with listening(counter, max_message_bytes=1000) as (_, port):
            monkeypatch.setattr(transaction_log, "Counter", None)
            async with Peer.greeted(port) as peer:
                await peer.say(message() + b"XYZ\r\n", 250, 250, 354, 250, 500)
                await peer.say(message(b"x" * 1500), 250, 250, 354, 552)
    assert log.lines == []


def test_a_line_is_a_whole_record() -> None:
    """Handlers of others than ours may read whatever `logging` gives every record."""
    record = transaction_log._make_record("accepted", {"size": 1})
    other = LOGGER.makeRecord(LOGGER.name, logging.INFO, "", 0, "accepted", (), None, extra={"size": 1})
    changing = {"created", "msecs", "relativeCreated", "filename", "module", "pathname"}
    # Our own handler switches these off.
    changing |= {"thread", "threadName", "process", "processName"}
    assert vars(record).keys() == vars(other).keys()
    assert {name: value for name, value in vars(record).items() if name not in changing} == {
        name: value for name, value in vars(other).items() if name not in changing
    }
    assert record.msecs == pytest.approx(record.created % 1 * 1000)
