"""Real clients: what they send comes back through the API, octet for octet."""

from __future__ import annotations

import re
import smtplib
from email import message_from_bytes
from typing import TYPE_CHECKING

import pytest
from testkit.api_reader import PROGRAM_S, get, listing, program, raw, recipients_of, run
from testkit.broken_mail import BROKEN_MAIL
from testkit.server_process import Process, serving
from testkit.smtp_peer import drop_trace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """Run the program, as `edgemail serve` does."""
    with serving(tmp_path_factory.mktemp("clients") / "mail.db") as process:
        yield process


def with_crlf(octets: bytes) -> bytes:
    """Return octets with every line end CRLF, and one at the end."""
    crlf = re.sub(rb"\r\n|\r|\n", b"\r\n", octets)
    return crlf if crlf.endswith(b"\r\n") else crlf + b"\r\n"


def as_received(octets: bytes) -> bytes:
    """Return content as received from smtplib, which also stuffs dots after a bare LF."""
    wire = b"\r\n" + re.sub(rb"(?m)^\.", b"..", octets)
    return (wire if wire.endswith(b"\r\n") else wire + b"\r\n").replace(b"\r\n.", b"\r\n")[2:]


@pytest.mark.parametrize("name", BROKEN_MAIL)
def test_smtplib_gets_every_broken_message_through(server: Process, name: str) -> None:
    """Broken messages are accepted and kept unchanged."""
    octets = with_crlf(BROKEN_MAIL[name])
    address = f"{name}@example.com"
    with smtplib.SMTP(*server.smtp, timeout=PROGRAM_S) as smtp:
        assert smtp.sendmail("ann@example.org", [address], octets) == {}
    (listed,) = listing(server, address)
    assert (listed["sender"], listed["recipients"]) == ("ann@example.org", [address])
    kept = raw(server, listed["id"])
    assert kept.startswith(b"Return-Path: <ann@example.org>\r\nReceived: from ")
    assert drop_trace(kept) == octets


def test_smtplib_sends_all_of_them_as_they_are_over_one_connection(server: Process) -> None:
    """Many transactions on one connection stay separate and in order."""
    with smtplib.SMTP(*server.smtp, timeout=PROGRAM_S) as smtp:
        for octets in BROKEN_MAIL.values():
            smtp.sendmail("", ["all@example.com", "copy@example.com"], octets)
    kept = [drop_trace(raw(server, message["id"])) for message in reversed(listing(server, "all@example.com"))]
    assert kept == [as_received(octets) for octets in BROKEN_MAIL.values()]
    everyone, copies = listing(server, "all@example.com"), listing(server, "copy@example.com")
    assert copies == [message | {"recipients": ["copy@example.com"]} for message in everyone]


def test_smtplib_is_told_what_is_refused(server: Process) -> None:
    """Refusals of a recipient or a size reach the client with their codes; the rest is kept."""
    with smtplib.SMTP(*server.smtp, timeout=PROGRAM_S) as smtp:
        smtp.ehlo()
        assert smtp.has_extn("size")
        assert smtp.has_extn("smtputf8")
        refused = smtp.sendmail("ann@example.org", ["one@example.com", "bad@-example.com"], b"Hi.\r\n")
        assert {address: code for address, (code, _) in refused.items()} == {"bad@-example.com": 501}
        assert smtp.mail("ann@example.org", ["SIZE=999999999"])[0] == 552
    assert len(listing(server, "one@example.com")) == 1


def test_smtplib_sends_to_addresses_beyond_ascii(server: Process) -> None:
    """RFC 6531: SMTPUTF8 is offered, so it is used."""
    with smtplib.SMTP(*server.smtp, timeout=PROGRAM_S) as smtp:
        smtp.ehlo()
        smtp.sendmail("андрей@example.org", ["Δοκιμή@example.com"], "Subject: é\r\n".encode(), ["SMTPUTF8"])
    (listed,) = listing(server, "δοκιμή@example.com")
    assert listed["sender"] == "андрей@example.org"
    assert drop_trace(raw(server, listed["id"])) == "Subject: é\r\n".encode()


def swaks(server: Process, *arguments: str) -> str:
    host, port = server.smtp
    sender = ("--from", "ann@example.org", "--helo", "client.example")
    return run(program("swaks", "swaks"), "--server", host, "--port", str(port), *sender, *arguments)


@pytest.mark.needs_swaks
def test_swaks_sends_data_as_it_is(server: Process) -> None:
    """Lines that start with dots arrive unchanged."""
    said = swaks(server, "--to", "swaks@example.com", "--data", r"Subject: dots\n\n.\n..\n.end\nlast\n")
    assert "250 2.0.0 OK, kept" in said
    (listed,) = listing(server, "swaks@example.com")
    lines = drop_trace(raw(server, listed["id"])).split(b"\r\n")
    assert lines[:6] == [b"Subject: dots", b"", b".", b"..", b".end", b"last"]
    assert set(lines[6:]) == {b""}


@pytest.mark.needs_swaks
def test_swaks_sends_an_attachment_to_several(server: Process, tmp_path: Path) -> None:
    """An attachment with every octet value arrives unchanged."""
    attached = tmp_path / "every.bin"
    attached.write_bytes(bytes(range(256)) * 40)
    swaks(server, "--to", "one.s@example.com,two.s@example.com", "--body", "Look", "--attach", f"@{attached}")
    (first,), (second,) = (listing(server, f"{name}.s@example.com") for name in ("one", "two"))
    assert first["id"] == second["id"]
    parts = {part.get_filename(): part for part in message_from_bytes(raw(server, first["id"])).walk()}
    assert parts["every.bin"].get_payload(decode=True) == attached.read_bytes()
    assert get(server, f"/api/messages/{first['id']}/attachments/0") == attached.read_bytes()


@pytest.mark.needs_swaks
def test_swaks_pipelines(server: Process) -> None:
    """`--pipeline` sends the envelope in one write (RFC 2920)."""
    said = swaks(server, "--to", "pipe@example.com", "--pipeline", "--body", "Hi")
    assert "250 2.0.0 OK, kept" in said
    assert len(listing(server, "pipe@example.com")) == 1


@pytest.mark.needs_postfix
def test_fifty_sessions_of_smtp_source_are_all_kept(server: Process) -> None:
    """Postfix's own load generator: every message that was accepted is stored, once."""
    host, port = server.smtp
    source = program("smtp-source", "postfix")
    ends = ("-f", "a@example.com", "-t", "load@example.com")
    run(source, "-s", "50", "-m", "500", "-l", "4000", *ends, f"{host}:{port}")
    messages = listing(server, "load@example.com")
    assert len(messages) == len({message["id"] for message in messages}) == 500
    assert {message["sender"] for message in messages} == {"a@example.com"}
    bodies = {raw(server, message["id"]).partition(b"\r\n\r\n")[2] for message in messages[::50]}
    assert len(bodies) == 1
    assert 3900 < len(bodies.pop()) < 4100


@pytest.mark.needs_postfix
def test_smtp_source_with_many_recipients_reaches_each(server: Process) -> None:
    """One copy, found by every recipient."""
    host, port = server.smtp
    source = program("smtp-source", "postfix")
    ends = ("-f", "a@example.com", "-t", "many@example.com")
    run(source, "-s", "5", "-m", "20", "-r", "10", "-l", "500", *ends, f"{host}:{port}")
    # To "many", "2many" up to "10many"; from Postfix 3.10 on each to ten others, from "many0" up to "many199".
    names = ["many", *(f"{number}many" for number in range(2, 11)), *(f"many{number}" for number in range(200))]
    found = {name: listing(server, f"{name}@example.com") for name in names}
    inboxes = {f"{name}@example.com": {message["id"] for message in listed} for name, listed in found.items()}
    ids = {message["id"] for listed in found.values() for message in listed}
    recipients = {mail_id: recipients_of(server, mail_id) for mail_id in ids}
    assert len(recipients) == 20
    assert all(len(set(addresses)) == 10 for addresses in recipients.values())
    assert all(mail_id in inboxes[address] for mail_id, addresses in recipients.items() for address in addresses)
    assert sum(map(len, inboxes.values())) == 20 * 10
