"""AUTH with given credentials: real clients, and what happens while a password is compared."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import logging
import smtplib
import threading
from typing import TYPE_CHECKING

import bcrypt
import pytest
from testkit.smtp_peer import Counter, Peer, listening, message
from testkit.waiting import PATIENCE_S, until

from edgemail.listener.phases import Phase
from edgemail.policy.logins import Logins
from edgemail.system.password_file import StoredPasswords

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from edgemail.listener import Listener

PASSWORDS = {"ann": "s3cret", "bob@example.org": "a: b", "kim": "x" * 60}
MECHANISMS = ("CRAM-MD5", "PLAIN", "LOGIN")
KEPT = (250, 250, 354, 250)


@pytest.fixture
def keeping() -> Counter:
    return Counter(keeps_at_once=True)


class SlowHash:
    """Compares with "right", once the test lets it."""

    def __init__(self) -> None:
        self.may_go_on = threading.Event()
        self.compared: list[bytes] = []

    def compare(self, secret: bytes, _: bytes) -> bool:
        self.compared.append(secret)
        assert self.may_go_on.wait(PATIENCE_S)
        if secret == b"broken":
            raise RuntimeError("of the library")
        return secret == b"right"


@contextlib.asynccontextmanager
async def checking(
    counter: Counter, stored: StoredPasswords, max_wrong: int = 100, **settings: object
) -> AsyncIterator[tuple[Listener, int]]:
    """Give a listener that asks for credentials, and its port."""
    logins = Logins(stored, max_wrong)
    async with listening(counter, None, None, None, logins, auth="required", **settings) as started:
        yield started


@contextlib.asynccontextmanager
async def checking_slowly(
    counter: Counter, slow: SlowHash, max_wrong: int = 100, **settings: object
) -> AsyncIterator[tuple[Listener, int]]:
    """Give the same with passwords that are compared by `slow`, which goes on at the end at the latest."""
    try:
        async with checking(
            counter, StoredPasswords({}, {"ann": b"hash"}, slow.compare), max_wrong, **settings
        ) as up:
            yield up
    finally:
        slow.may_go_on.set()


def count_checking(listener: Listener) -> int:
    """Return how many connections wait for a comparison."""
    phases = [connection._phase for connection in listener.connections]  # type: ignore[attr-defined]
    return phases.count(Phase.CHECKING)


def plain(secret: str, name: str = "ann") -> bytes:
    return b"AUTH PLAIN " + base64.b64encode(f"\0{name}\0{secret}".encode()) + b"\r\n"


def connect(port: int) -> smtplib.SMTP:
    client = smtplib.SMTP("127.0.0.1", port, local_hostname="client.example", timeout=PATIENCE_S)
    client.ehlo()
    return client


def authenticate(client: smtplib.SMTP, mechanism: str, name: str, secret: str) -> int:
    """Log in by one mechanism; return the code of the reply."""
    client.user, client.password = name, secret
    respond = getattr(client, "auth_" + mechanism.lower().replace("-", "_"))
    try:
        return client.auth(mechanism, respond, initial_response_ok=mechanism != "CRAM-MD5")[0]
    except smtplib.SMTPAuthenticationError as error:
        return error.smtp_code


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_what_is_in_the_file_alone_is_let_in(keeping: Counter, mechanism: str) -> None:
    """RFC 4954: mail gets 530 before, and each wrong password 535; the Received line says ESMTPA."""
    said = [("ann", "wrong"), ("eve", "s3cret"), ("kim", "s3cret"), ("bob@example.org", "a"), ("ANN", "s3cret")]

    def talk(port: int) -> list[int]:
        codes = []
        for name, secret in PASSWORDS.items():
            with connect(port) as client:
                codes.append(client.mail("ann@example.org")[0])
                codes += [authenticate(client, mechanism, *wrong) for wrong in said]
                codes.append(authenticate(client, mechanism, name, secret))
                client.sendmail("ann@example.org", ["bob@example.com"], "Subject: x\r\n\r\nx")
        return codes

    async with checking(keeping, StoredPasswords(PASSWORDS, {})) as (_, port):
        assert await asyncio.to_thread(talk, port) == [530, *[535] * len(said), 235] * len(PASSWORDS)
    assert len(keeping.envelopes) == len(PASSWORDS)
    assert b"with ESMTPA id" in keeping.envelopes[0].data


async def test_smtplib_chooses_a_mechanism_itself(keeping: Counter) -> None:
    """It tries each one, and says what the last one got."""

    def talk(port: int) -> list[int]:
        with connect(port) as client:
            with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
                client.login("ann", "wrong")
            return [caught.value.smtp_code, client.login("ann", "s3cret")[0]]

    async with checking(keeping, StoredPasswords(PASSWORDS, {})) as (_, port):
        assert await asyncio.to_thread(talk, port) == [535, 235]


async def test_hashed_passwords_are_compared_and_no_challenge_is_given(keeping: Counter) -> None:
    """The answer to a challenge cannot be compared with a hash: CRAM-MD5 is neither offered nor taken."""
    hashed = {"kim": bcrypt.hashpw(b"hashed secret", bcrypt.gensalt(4))}

    def talk(port: int) -> tuple[str, list[int]]:
        with connect(port) as client:
            offered = client.esmtp_features["auth"].strip()
            codes = [authenticate(client, "CRAM-MD5", "ann", "s3cret")]
            codes += [
                authenticate(client, "PLAIN", "kim", secret) for secret in ("wrong", "hashed secret\0", "x" * 100)
            ]
            codes += [authenticate(client, "LOGIN", "ann", "hashed secret")]
            return offered, [*codes, authenticate(client, "PLAIN", "kim", "hashed secret")]

    async with checking(keeping, StoredPasswords(PASSWORDS, hashed, bcrypt.checkpw)) as (_, port):
        assert await asyncio.to_thread(talk, port) == ("PLAIN LOGIN", [504, 535, 535, 535, 535, 235])


async def test_an_answer_to_one_challenge_is_none_to_the_next(keeping: Counter) -> None:
    """Whoever overheard it cannot use it again (RFC 2195 section 2)."""
    async with checking(keeping, StoredPasswords(PASSWORDS, {})) as (_, port):
        challenges = []
        for codes in (235,), (535,):
            async with Peer.greeted(port) as peer:
                challenges.append(base64.b64decode((await peer.say(b"AUTH CRAM-MD5\r\n", 334))[4:]))
                digest = hmac.digest(b"s3cret", challenges[0], "md5").hex().encode()
                await peer.say(base64.b64encode(b"ann " + digest) + b"\r\n", *codes)
    first, second = challenges
    assert first != second
    assert first.startswith(b"<")
    assert first.endswith(b"@mx.example.com>")


async def test_the_other_connections_go_on_while_a_hash_is_compared(keeping: Counter) -> None:
    """What the peer says behind its password is answered after it, in order."""
    slow = SlowHash()
    async with checking_slowly(keeping, slow) as (_, port), Peer.greeted(port) as peer, Peer.greeted(port) as other:
        peer.send(plain("right") + b"NOOP\r\n")
        await until(lambda: slow.compared == [b"right"])
        peer.send(message())
        await other.say(b"NOOP\r\nMAIL FROM:<>\r\n", 250, 530)
        assert await peer.is_quiet()
        slow.may_go_on.set()
        assert [(await peer.reply())[:3] for _ in range(6)] == ["235", "250", *map(str, KEPT)]
    assert keeping.contents == [b"Hi.\r\n"]


@pytest.mark.parametrize("password", ["right", "wrong"])
async def test_a_peer_that_has_said_all_gets_all_its_replies(keeping: Counter, password: str) -> None:
    """As `printf … | nc` does: it closes its side, and reads on."""
    slow = SlowHash()
    async with checking_slowly(keeping, slow) as (_, port), Peer.greeted(port) as peer:
        peer.send(plain(password) + message())
        await until(lambda: bool(slow.compared))
        peer.finish()
        slow.may_go_on.set()
        said = (await peer.rest()).splitlines()
    assert [line[:3] for line in said][:3] == (
        ["235", "250", "250"] if password == "right" else ["535", "530", "530"]
    )
    assert len(keeping.envelopes) == (password == "right")


async def test_a_peer_that_leaves_meanwhile_is_forgotten(keeping: Counter) -> None:
    """Its password is compared to the end, and nobody is told."""
    slow = SlowHash()
    async with checking_slowly(keeping, slow) as (listener, port):
        async with Peer.greeted(port) as peer:
            peer.send(plain("right"))
            await until(lambda: bool(slow.compared))
            peer.vanish()
            await until(lambda: not listener.connections)
        slow.may_go_on.set()
        async with Peer.greeted(port) as peer:
            await peer.say(plain("right"), 235)
    assert slow.compared == [b"right"]


async def test_a_stop_waits_for_the_answer(keeping: Counter) -> None:
    """The peer is told what its password was, then that the server stops."""
    slow = SlowHash()
    async with checking_slowly(keeping, slow) as (listener, port), Peer.greeted(port) as peer:
        peer.send(plain("right"))
        await until(lambda: bool(slow.compared))
        stopping = asyncio.create_task(listener.stop())
        await until(lambda: listener._context.status.is_stopping)
        slow.may_go_on.set()
        assert [line[:9] for line in (await peer.rest()).splitlines()] == ["235 2.7.0", "421 4.3.2"]
        await stopping


async def test_a_comparison_that_takes_too_long_ends_the_connection(keeping: Counter) -> None:
    """No slot is held for ever."""
    slow = SlowHash()
    async with checking_slowly(keeping, slow, idle_timeout_s=0.2) as (_, port), Peer.connect(port) as peer:
        peer.send(b"EHLO a\r\n" + plain("right"))
        assert (await peer.rest()).endswith("421 4.4.2 Nothing came for too long\r\n")


async def test_a_right_password_is_compared_once(keeping: Counter) -> None:
    """Also where many connections say it at the same time, as a pool of senders does."""
    slow = SlowHash()
    async with checking_slowly(keeping, slow) as (_, port), contextlib.AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(Peer.greeted(port)) for _ in range(15)]
        for peer in peers:
            peer.send(plain("right"))
        await until(lambda: bool(slow.compared))
        slow.may_go_on.set()
        for peer in peers:
            assert (await peer.reply()).startswith("235 ")
        async with Peer.greeted(port) as late:
            await late.say(plain("right"), 235)
    assert slow.compared == [b"right"]


async def test_one_source_cannot_keep_the_others_from_logging_in(keeping: Counter) -> None:
    """It has five comparisons at a time; what is past them gets 454 and may come again (RFC 4954 section 6)."""
    slow = SlowHash()
    async with checking_slowly(keeping, slow) as (listener, port), contextlib.AsyncExitStack() as stack:
        flood = [await stack.enter_async_context(Peer.greeted(port)) for _ in range(8)]
        other = await stack.enter_async_context(Peer.greeted(port, "127.0.0.2"))
        for number, peer in enumerate(flood[:5]):
            peer.send(plain(f"guess {number}"))
        await until(lambda: count_checking(listener) == 5)
        for number, peer in enumerate(flood[5:]):
            await peer.say(plain(f"more {number}") + b"NOOP\r\n", 454, 250)
        other.send(plain("right"))
        slow.may_go_on.set()
        assert (await other.reply()).startswith("235 ")
        for peer in flood[:5]:
            assert (await peer.reply()).startswith("535 5.7.8 ")
    assert len(slow.compared) == 6


async def test_all_sources_have_twenty_comparisons_at_a_time(keeping: Counter) -> None:
    """The time that they all take is bounded."""
    slow = SlowHash()
    async with checking_slowly(keeping, slow) as (listener, port), contextlib.AsyncExitStack() as stack:
        for source in range(2, 6):
            for number in range(5):
                peer = await stack.enter_async_context(Peer.greeted(port, f"127.0.0.{source}"))
                peer.send(plain(f"guess {source} {number}"))
        await until(lambda: count_checking(listener) == 20)
        async with Peer.greeted(port, "127.0.0.6") as late:
            assert (await late.say(plain("right"), 454)).startswith("454 4.7.0 ")
        slow.may_go_on.set()


@pytest.mark.parametrize("is_hashed", [False, True])
async def test_guessing_ends_for_its_source(keeping: Counter, is_hashed: bool) -> None:
    """By any number of connections; then a right password has to wait as well. Trusted peers may guess on."""
    slow = SlowHash()
    slow.may_go_on.set()
    hashed = StoredPasswords({}, {"ann": b"hash"}, slow.compare)
    stored = hashed if is_hashed else StoredPasswords({"ann": "right"}, {})
    async with checking(keeping, stored, 3, trusted=()) as (_, port):
        for number in range(3):
            async with Peer.greeted(port) as peer:
                await peer.say(plain(f"guess {number}"), 535)
        async with Peer.greeted(port) as peer:
            assert (
                await peer.say(plain("right"), 454)
                == "454 4.7.0 Too many wrong passwords from you, try again later"
            )
        async with Peer.greeted(port, "127.0.0.2") as peer:
            await peer.say(plain("right"), 235)
    async with checking(keeping, stored, 3, max_errors=100) as (_, port), Peer.greeted(port) as peer:
        for number in range(6):
            await peer.say(plain(f"guess {number}"), 535)
        await peer.say(plain("right"), 235)


async def test_a_connection_has_as_many_guesses_as_mistakes(keeping: Counter) -> None:
    """A flood of logins ends with 421, whether or not the peer reads."""
    async with checking(keeping, StoredPasswords(PASSWORDS, {})) as (_, port), Peer.greeted(port) as peer:
        peer.send(plain("wrong") * 5000)
        said = (await peer.rest()).splitlines()
    assert [line[:3] for line in said] == ["535"] * 9 + ["421"]


async def test_what_is_not_a_password_is_answered(keeping: Counter) -> None:
    """Long, cancelled, cut by NUL, not base64, not UTF-8; and nothing of it is let in."""
    octets = base64.b64encode
    stored = StoredPasswords(PASSWORDS, {})
    async with checking(keeping, stored, max_errors=100) as (_, port), Peer.greeted(port) as peer:
        await peer.say(b"AUTH PLAIN\r\n*\r\n", 334, 501)
        await peer.say(b"AUTH PLAIN\r\n" + b"A" * 3999 + b"=\r\n", 334, 535)
        for response in (b"\0" * 1000, b"ann", b"\xff\0\xfe\0\xfd", b"\0ann\0s3cret\0", b"\0\0", b""):
            await peer.say(b"AUTH PLAIN " + (octets(response) or b"=") + b"\r\n", 535)
        await peer.say(b"AUTH LOGIN " + octets(b"\xff") + b"\r\n" + octets(b"\0") + b"\r\n", 334, 535)
        await peer.say(b"AUTH CRAM-MD5\r\n" + octets(b"ann \xff\xfe") + b"\r\n", 334, 535)
        await peer.say(b"AUTH LOGIN\r\n====\r\nMAIL FROM:<>\r\n", 334, 501, 530)
        peer.send(b"AUTH LOGIN\r\n" + b"A" * 10_000)
        assert (await peer.rest()).endswith("500 5.5.2 Line too long\r\n")
    assert not keeping.envelopes


async def test_a_comparison_that_fails_lets_nobody_in(keeping: Counter, caplog: pytest.LogCaptureFixture) -> None:
    """What nobody foresaw goes to the log, and the peer may come again."""
    slow = SlowHash()
    slow.may_go_on.set()
    async with checking_slowly(keeping, slow) as (_, port), Peer.greeted(port) as peer:
        await peer.say(plain("broken") + b"MAIL FROM:<>\r\n", 454, 530)
        await peer.say(plain("right"), 235)
    assert "a login could not be checked" in caplog.text


async def test_no_password_is_logged(keeping: Counter, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a right one nor a wrong one, at any level."""
    with caplog.at_level(logging.DEBUG):
        async with checking(keeping, StoredPasswords(PASSWORDS, {})) as (_, port), Peer.greeted(port) as peer:
            await peer.say(plain("wr0ng"), 535)
            await peer.say(plain("s3cret") + message(), 235, *KEPT)
    logged = "\n".join(str(vars(record)) for record in caplog.records)
    assert "login_wrong:1" in logged
    assert not any(secret in logged for secret in ("wr0ng", "s3cret", plain("s3cret").decode().split()[2]))
