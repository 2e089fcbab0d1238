"""poplib reads inboxes of a running program, over all ways to a connection."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from testkit.running_app import ANN
from testkit.sample_mail import letter

from edgemail.errors import StoreUnavailable
from tests.pop3_server.reading import connected, error_of, in_thread, logged_in, make_certificate, serving_pop3

if TYPE_CHECKING:
    import poplib
    from pathlib import Path

    from testkit.running_app import Program

DOTS = b"Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n"


async def raw(program: Program, mail_id: int) -> bytes:
    return (await program.ask(f"/api/messages/{mail_id}/raw")).body


def fetch(client: poplib.POP3, number: int) -> bytes:
    """Return a message as it was before poplib took it apart."""
    return b"".join(line + b"\r\n" for line in client.retr(number)[1])


def read_all(client: poplib.POP3, address: str = ANN.upper()) -> list[bytes]:
    """Log in, and return all messages; check that all sizes and ids agree."""
    client.user(address)
    client.pass_("any")
    count, octets = client.stat()
    messages = [fetch(client, number) for number in range(1, count + 1)]
    listed = [line.decode() for line in client.list()[1]]
    assert listed == [f"{at} {len(message)}" for at, message in enumerate(messages, 1)]
    assert sum(map(len, messages)) == octets
    uids = [line.split()[1] for line in client.uidl()[1]]
    assert len(set(uids)) == count
    client.quit()
    return messages


@pytest.mark.parametrize("way", ["plain", "STLS", "implicit TLS"])
async def test_poplib_reads_an_inbox_octet_for_octet(tmp_path: Path, way: str) -> None:
    """In order of arrival, whatever the messages are made of."""
    given, context = make_certificate(tmp_path)
    large = letter("large", text=("0123456789abcdef" * 4 + "\r\n") * 15_000)
    async with serving_pop3(tmp_path, pop3s="127.0.0.1:0", **given) as program:
        ids = await program.send(DOTS, large, letter("last"))

        def read() -> list[bytes]:
            if way == "implicit TLS":
                with connected(program, 1, context) as client:
                    return read_all(client)
            with connected(program) as client:
                if way == "STLS":
                    assert "STLS" in client.capa()
                    client.stls(context)
                    assert "STLS" not in client.capa()
                return read_all(client)

        assert await in_thread(read) == [await raw(program, mail_id) for mail_id in ids]
        metrics = (await program.ask("/metrics")).body.decode()
    assert "edgemail_pop3_messages_total 3.0\n" in metrics
    assert "edgemail_pop3_logins_total 1.0\n" in metrics
    assert f"edgemail_pop3_tls_connects_total {float(way != 'plain')}\n" in metrics


@pytest.mark.parametrize("db", ["memory", "mail.db"])
async def test_dele_is_at_quit_and_from_this_inbox_alone(tmp_path: Path, db: str) -> None:
    """Another recipient keeps the message; without QUIT everyone does."""
    async with serving_pop3(tmp_path, db=db if db == "memory" else str(tmp_path / db)) as program:
        await program.send(letter("one"), letter("two"), to=(ANN, "bob@example.org"))

        def delete(*, quits: bool) -> None:
            with logged_in(program) as client:
                client.dele(1)
                assert client.stat()[0] == 1
                if quits:
                    client.quit()

        await in_thread(lambda: delete(quits=False))
        assert len(await program.list_inbox()) == 2
        await in_thread(lambda: delete(quits=True))
        assert [message["subject"] for message in await program.list_inbox()] == ["two"]
        assert len(await program.list_inbox("bob@example.org")) == 2


async def test_two_sessions_read_and_delete_at_a_time(tmp_path: Path) -> None:
    """Nobody locks anybody out, and what both delete is gone once."""
    async with serving_pop3(tmp_path) as program:
        await program.send_letter("one", "two", "three")

        def both() -> None:
            with logged_in(program) as first, logged_in(program) as second:
                first.dele(1)
                first.dele(2)
                second.dele(2)
                second.dele(3)
                assert second.retr(1)[1]
                first.quit()
                assert error_of(lambda: second.retr(1)) == "-ERR the message was deleted meanwhile"
                assert error_of(lambda: second.top(1, 0)) == "-ERR the message was deleted meanwhile"
                assert second.stat()[0] == 1
                second.quit()

        await in_thread(both)
        assert await program.list_inbox() == []


async def test_a_session_does_not_see_what_comes_meanwhile(tmp_path: Path) -> None:
    """The numbers stay; the next session sees it, and the old mail has its old ids."""
    async with serving_pop3(tmp_path) as program:
        await program.send_letter("one")
        loop = asyncio.get_running_loop()

        def read() -> None:
            with logged_in(program) as client:
                before = client.uidl()[1]
                asyncio.run_coroutine_threadsafe(program.send_letter("two"), loop).result()
                assert client.stat()[0] == 1
                assert error_of(lambda: client.retr(2)) == "-ERR there is no such message"
                client.quit()
            with logged_in(program) as client:
                assert client.stat()[0] == 2
                assert client.uidl()[1][:1] == before

        await in_thread(read)


async def test_the_newest_are_seen_where_an_inbox_has_a_bound(tmp_path: Path) -> None:
    """A snapshot is never larger than an inbox may be."""
    async with serving_pop3(tmp_path, max_inbox_messages="3", retention_interval="1h") as program:
        await program.send_letter("one", "two", "three", "four")

        def read() -> list[bytes]:
            with logged_in(program) as client:
                return [fetch(client, number) for number in range(1, client.stat()[0] + 1)]

        messages = await in_thread(read)
        assert [b"Subject: four" in message for message in messages][-1]
        assert len(messages) <= 3


async def test_an_inbox_of_many_messages_is_listed_whole(tmp_path: Path) -> None:
    """More than one page of the store, and in order."""
    async with serving_pop3(tmp_path) as program:
        await program.send(*[letter(f"s{number}") for number in range(130)])

        def read() -> tuple[list[bytes], bytes]:
            with logged_in(program) as client:
                return client.uidl()[1], b"\n".join(client.top(130, 0)[1])

        uids, top = await in_thread(read)
        ids = [int(line.split()[1].partition(b".")[0]) for line in uids]
        assert ids == sorted(ids)
        assert len(ids) == 130
        assert b"Subject: s129" in top


async def test_deletion_off_and_reading_alone(tmp_path: Path) -> None:
    """DELE says why it does nothing."""
    async with serving_pop3(tmp_path, deletion="off") as program:
        await program.send_letter("one")

        def delete() -> None:
            with logged_in(program) as client:
                assert error_of(lambda: client.dele(1)).startswith("-ERR [SYS/PERM] this server deletes nothing")
                client.quit()

        await in_thread(delete)
        assert len(await program.list_inbox()) == 1


async def test_with_deletion_off_the_operator_may(tmp_path: Path) -> None:
    """As over HTTP."""
    async with serving_pop3(tmp_path, deletion="off", passwords="root:s3cret") as program:
        await program.send_letter("one")

        def delete() -> None:
            with logged_in(program, password="s3cret") as client:
                client.dele(1)
                client.quit()

        await in_thread(delete)
        assert await program.list_inbox() == []


async def test_a_server_that_only_reads_serves_pop3_and_deletes_nothing(tmp_path: Path) -> None:
    """It writes nothing to the database."""
    async with serving_pop3(tmp_path) as program:
        await program.send_letter("one")
    async with serving_pop3(tmp_path, smtp="off") as program:

        def read() -> None:
            with logged_in(program) as client:
                assert client.stat()[0] == 1
                assert error_of(lambda: client.dele(1)).startswith("-ERR [SYS/PERM]")

        await in_thread(read)


async def test_a_store_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login, a message and a deletion fail for now, and the session goes on."""
    async with serving_pop3(tmp_path) as program:
        await program.send_letter("one")
        store = program.app._store

        async def fail(*_: object, **__: object) -> None:
            raise StoreUnavailable("the disk is gone")

        def read() -> None:
            with logged_in(program) as client:
                with monkeypatch.context() as broken:
                    broken.setattr(store, "read_small", fail)
                    broken.setattr(store, "list_inbox", fail)
                    assert error_of(lambda: client.retr(1)).startswith("-ERR [SYS/TEMP] the message cannot be read")
                    with connected(program) as other:
                        other.user(ANN)
                        said = error_of(lambda: other.pass_("x"))
                        assert said.startswith("-ERR [SYS/TEMP] the inbox cannot be read")
                assert client.retr(1)
                client.dele(1)
                with monkeypatch.context() as broken:
                    broken.setattr(store, "delete_from_inbox", fail)
                    assert error_of(client.quit).startswith("-ERR [SYS/TEMP] some messages could not")

        await in_thread(read)
        assert len(await program.list_inbox()) == 1


async def test_the_log_has_a_line_for_a_session_and_no_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its fields are apart from its words, so that the log escapes them."""
    caplog.set_level("INFO")
    async with serving_pop3(tmp_path) as program:
        await program.send_letter("one")

        def read() -> None:
            with logged_in(program, password="s3cret") as client:
                client.retr(1)
                error_of(lambda: client.retr(7))
                client.quit()

        await in_thread(read)
    (record,) = [record for record in caplog.records if record.name.startswith("edgemail.pop3_server")]
    shown = vars(record)
    assert record.getMessage() == "read by POP3"
    assert (shown["ip"], shown["inbox"], shown["messages"], shown["deleted"]) == ("127.0.0.1", ANN, 1, 0)
    assert shown["refusals"] == "no_such_message:1"
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize("addresses", ["hashed", "off"])
async def test_the_log_hides_addresses(tmp_path: Path, caplog: pytest.LogCaptureFixture, addresses: str) -> None:
    """By the setting that holds for SMTP as well."""
    caplog.set_level("INFO", "edgemail.pop3_server")
    async with serving_pop3(tmp_path, log_addresses=addresses) as program:

        def read() -> None:
            with logged_in(program) as client:
                client.quit()

        await in_thread(read)
    (record,) = [record for record in caplog.records if record.name.startswith("edgemail.pop3_server")]
    assert ANN not in str(vars(record))
    assert ("inbox" in vars(record)) is (addresses == "hashed")


async def test_an_address_has_one_hash_in_the_lines_of_smtp_and_pop3(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The lines of both ports name the same inbox by the same hash."""
    caplog.set_level("INFO", "edgemail")
    async with serving_pop3(tmp_path, log_addresses="hashed") as program:
        await program.send(letter("read"))

        def read() -> None:
            with logged_in(program, ANN.upper()) as client:
                client.quit()

        await in_thread(read)
    fields = {record.name.split(".")[1]: vars(record) for record in caplog.records if "ip" in vars(record)}
    assert fields["pop3_server"]["inbox"] == fields["listener"]["recipients"]
