"""`edgemail import` and `edgemail export`: nothing is changed on the way, and nothing is lost unsaid."""

from __future__ import annotations

import asyncio
import email
import mailbox
import os
import random
import re
import signal
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from testkit.failing_store import FailingStore
from testkit.http_client import ask, inbox_path
from testkit.sample_mail import NOON, envelope
from testkit.smtp_scripts import scripted_server
from testkit.sqld import Sqld
from testkit.unusual_mail import make_unusual_mail

from edgemail.archive.sources import ArchivedMail, MailSource
from edgemail.cli.import_targets import DatabaseTarget, TargetUnavailable
from edgemail.errors import StoreFull
from edgemail.model import Address
from edgemail.settings import Settings, StoreSettings
from edgemail.store.open import open_store
from tests.cli.test_client import command_of, run
from tests.cli.test_mail import run_on_terminal
from tests.cli.test_serve import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from edgemail.model import Envelope, MailId

FORMS = {"eml": "out", "mbox": "out.mbox", "maildir": "out"}
Kept = list[tuple[str, tuple[str, ...], bytes]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running("--db", str(tmp_path_factory.mktemp("db") / "mail.db")) as started:
        yield started


def call(*arguments: object, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command that must succeed without a word on the standard error."""
    done = run("", *map(str, arguments), **environ)
    assert (done.returncode, done.stderr) == (0, "")
    return done


async def fill(db: object, envelopes: Iterable[Envelope], token: str | None = None) -> None:
    store = await open_store(StoreSettings(db=str(db), token=token))
    for kept in [store.add(each) for each in envelopes]:
        await kept
    await store.close()


async def read_all(db: object, token: str | None = None) -> Kept:
    """Return the envelope and the octets of each message, in the order of arrival."""
    store = await open_store(StoreSettings(db=str(db), token=token), read_only=True)
    found: Kept = []
    last = 0
    while rows := await store.list_mail(limit=50, after=last, oldest_first=True):
        for row in rows:
            found.append((row.mail.sender, row.mail.recipients, await store.read_data(row.mail.id)))
        last = rows[-1].mail.id
    await store.close()
    return found


def under_trace(sender: str, message: bytes) -> bytes:
    return f"Return-Path: <{sender}>\r\nReceived: from a ([192.0.2.1])\r\n\tby b;\r\n\tdate\r\n".encode() + message


def make_mail(count: int) -> list[Envelope]:
    """Make mail of all kinds: lone CRs and LFs, NULs, no last line end, lines that mbox files must quote."""
    random_ = random.Random(7)
    pieces = [
        *(
            b"From a@b.org Thu Jan  1 00:00:00 2026",
            b"From ",
            b">From x",
            b"\r\n",
            b"\r\n\r\n",
            b"\n",
            b"\r",
            b"\0",
        ),
        *(
            b".",
            b"\xc3\xa4",
            b"\xff",
            b"X-Envelope-To: <no@x.org>\r\n",
            b"Return-Path: <no@x.org>\r\n",
            b"x" * 2000,
        ),
    ]
    mails = []
    for number in range(count):
        sender = None if number % 5 == 0 else f"s{number % 7}@b.org"
        recipients = tuple(f"r{number % 11 + each}@x.org" for each in range(number % 3 + 1))
        body = b"".join(random_.choices(pieces, k=random_.randrange(30)))
        data = under_trace(sender or "", b"Subject: %d\r\n\r\n" % number + body)
        mails.append(envelope(*recipients, data=data, sender=sender))
    return mails


@pytest.mark.parametrize("form", FORMS)
async def test_a_thousand_messages_come_back_octet_for_octet(form: str, tmp_path: Path) -> None:
    """The envelopes and their order as well, in each form."""
    await fill(tmp_path / "a.db", make_mail(1000))
    out = tmp_path / FORMS[form]
    done = call("export", out, "--format", form, "--db", tmp_path / "a.db")
    assert done.stdout == f"exported 1000 messages of {tmp_path / 'a.db'} to {out}\n"
    assert call("import", out, "--db", tmp_path / "b.db").stdout == "imported 1000 messages\n"
    assert await read_all(tmp_path / "b.db") == await read_all(tmp_path / "a.db")


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
async def test_mail_of_25_mib_and_unusual_mail_come_back(form: str, tmp_path: Path) -> None:
    """The largest that a server takes by default, with its trace; of text, of octets, and of one line."""
    size = 25 * 2**20
    mails = [
        envelope("k@x.org", data=under_trace("bob@sender.example", octets))
        for octets in (
            b"From x\r\n" * 50_000 + b"x" * (size - 400_000),
            b"\0\r\n" + b"\xff" * (size - 3),
            b">" * (size - 5) + b"From ",
        )
    ]
    mails += [
        envelope(
            *[Address.parse(recipient).inbox for recipient in unusual.recipients],
            data=under_trace(str(Address.parse(unusual.sender)) if unusual.sender else "", unusual.content),
            sender=unusual.sender or None,
        )
        for unusual in make_unusual_mail("x.org")
    ]
    await fill(tmp_path / "a.db", mails[:3])
    await fill(tmp_path / "a.db", mails[3:])
    out = tmp_path / FORMS[form]
    call("export", out, "--format", form, "--db", tmp_path / "a.db")
    call("import", out, "--db", tmp_path / "b.db")
    assert await read_all(tmp_path / "b.db") == await read_all(tmp_path / "a.db")


@pytest.mark.slow
async def test_mail_of_a_running_server_is_exported_and_imported_into_another(
    server: Running, tmp_path: Path
) -> None:
    """By SMTP each message keeps its octets and its envelope, under a new trace."""
    mails = [
        mail._replace(recipients=tuple(f"{number}.{to}" for to in mail.recipients))
        for number, mail in enumerate(make_mail(60))
    ]
    mails.append(envelope("large@x.org", data=under_trace("bob@sender.example", b"\0" * (24 * 2**20))))
    with running("--db", str(tmp_path / "a.db")):
        await fill(tmp_path / "a.db", mails)
        call("export", tmp_path / "out.mbox", "--db", tmp_path / "a.db")
    done = call("import", tmp_path / "out.mbox", "--smtp", server.smtp)
    assert done.stdout == "imported 61 messages\n"
    for mail in (*mails[:5], mails[-1]):
        for recipient in mail.recipients:
            raw = await read_raw(server, recipient)
            trace = re.match(rb"Return-Path: <(.*)>\r\nReceived: .*\r\n(?:\t.*\r\n)+", raw)
            assert trace
            assert trace[1].decode() == str(mail.sender or "")
            assert raw[trace.end() :] == mail.data.partition(b"\r\n")[2]


async def read_raw(server: Running, address: str) -> bytes:
    url = server.url.rstrip("/")
    (message,) = (await ask(url, inbox_path(address, "/messages"))).json()["messages"]
    return (await ask(url, inbox_path(address, f"/messages/{message['id']}/raw"))).body


async def test_readers_of_a_running_server_see_what_is_imported_into_its_database(tmp_path: Path) -> None:
    """Two programs may write to one database."""
    (tmp_path / "1.eml").write_bytes(b"From: a@b.org\nSubject: direct\n\nhi\n")
    with running("--db", str(tmp_path / "mail.db")) as server:
        call("import", tmp_path / "1.eml", "--to", "kim@x.org", "--db", tmp_path / "mail.db")
        waited = run(server.url, "wait", "kim@x.org", "--timeout", "30")
    assert "Subject:  direct" in waited.stdout


def test_files_of_other_programs_are_imported_with_what_they_tell(server: Running, tmp_path: Path) -> None:
    """A folder, an mbox file and a Maildir that Python's own module wrote, LF at the end of lines."""
    message = email.message_from_bytes(b"From: a@b.org\nTo: not@this.org\nSubject: other\n\nFrom here\n")
    box = mailbox.mbox(str(tmp_path / "box"))
    box.add(message)
    message["Delivered-To"] = "delivered@other.org"
    message["Return-Path"] = "<bounce@b.org>"
    maildir = mailbox.Maildir(str(tmp_path / "Maildir"))
    maildir.add(message)
    for each in (box, maildir):
        each.close()
    (tmp_path / "mails").mkdir()
    (tmp_path / "mails/1.eml").write_bytes(b"Subject: other\r\n\r\nx\r\n")
    paths = [tmp_path / "mails", tmp_path / "box", tmp_path / "Maildir"]
    done = call(
        "import",
        *paths,
        "--to",
        "two@other.org",
        "--to",
        "one@other.org",
        "--from",
        "f@b.org",
        EDGEMAIL_SMTP=server.smtp,
    )
    assert done.stdout == "imported 3 messages\n"
    for address, count in (("one", 2), ("two", 2), ("delivered", 1)):
        assert len(run(server.url, "list", f"{address}@other.org").stdout.splitlines()) == count
    assert run(server.url, "list", "not@this.org").stdout == ""


async def test_the_envelopes_of_files_can_be_ignored(tmp_path: Path) -> None:
    """Mail of another server then goes to one inbox. The fields of `edgemail export` are taken off all the same."""
    (tmp_path / "1.eml").write_bytes(b"Return-Path: <a@b.org>\r\nX-Envelope-To: <k@x.org>\r\nSubject: x\r\n\r\n")
    (tmp_path / "2.eml").write_bytes(b"Delivered-To: me@mail.org\r\nSubject: x\r\n\r\n")
    call(
        "import",
        tmp_path,
        "--ignore-envelopes",
        "--to",
        "all@x.org",
        "--from",
        "f@x.org",
        "--db",
        tmp_path / "a.db",
    )
    assert await read_all(tmp_path / "a.db") == [
        ("f@x.org", ("all@x.org",), b"Return-Path: <f@x.org>\r\nSubject: x\r\n\r\n"),
        ("f@x.org", ("all@x.org",), b"Return-Path: <f@x.org>\r\nDelivered-To: me@mail.org\r\nSubject: x\r\n\r\n"),
    ]


def test_what_is_not_imported_is_named_and_counted(server: Running, tmp_path: Path) -> None:
    """The other messages are imported all the same, and the exit status is 1."""
    (tmp_path / "1.eml").write_bytes(b"Subject: good\n\nx\n")
    (tmp_path / "2.eml").write_bytes(b"")
    (tmp_path / "3.eml").symlink_to("1.eml")
    (tmp_path / "4.eml").write_bytes(b"X-Envelope-To: <bad address>\n\nx\n")
    (tmp_path / "5.eml").write_bytes(b"Subject: large\n\n" + b"x" * 30_000_000)
    (tmp_path / "6\n.eml").write_bytes(b"Subject: good\n\nx\n")
    done = run("", "import", str(tmp_path), "--to", "named@x.org", "--smtp", server.smtp)
    assert (done.returncode, done.stdout) == (1, "imported 2 messages; 4 messages could not be imported\n")
    lines = done.stderr.splitlines()
    assert lines[0] == f"{tmp_path}/2.eml: is empty"
    assert lines[1] == f"{tmp_path}/3.eml: is a link; name what it leads to"
    assert lines[2].startswith(f"{tmp_path}/4.eml: RCPT TO:<bad address>: 501 ")
    assert lines[3] == f"{tmp_path}/5.eml: is larger than {25 * 2**20 + 65_536} bytes"
    assert len(lines) == 4
    done = run("", "import", str(tmp_path / "1.eml"), "--smtp", server.smtp)
    assert (done.returncode, done.stdout) == (1, "imported 0 messages; 1 message could not be imported\n")
    assert done.stderr == f"{tmp_path}/1.eml: does not tell its recipient; name one with --to\n"


async def test_an_import_goes_on_where_it_was_stopped(server: Running, tmp_path: Path) -> None:
    """A server that takes no mail now ends it with status 75; it says how to go on."""
    for number in range(5):
        (tmp_path / f"{number}.eml").write_bytes(b"Subject: %d\n\nx\n" % number)
    ok, data = b"250 ok\r\n", b"250 BDAT\r\n"
    hello = b"250-mx\r\n250 CHUNKING\r\n"
    # One reply for each line: BDAT's own line, then the message's three, of which two are not answered.
    taken = [ok, ok, b"", b"", b"", data]
    with scripted_server(
        [b"220 mx\r\n", hello, *taken, *taken, ok, b"452 full\r\n", ok, b"421 bye\r\n"]
    ) as address:
        done = run("", "import", str(tmp_path), "--to", "k@go.org", "--smtp", address, "--timeout", "0")
    assert (done.returncode, done.stdout) == (75, "imported 2 messages\n")
    assert done.stderr.splitlines() == [
        "RCPT TO:<k@go.org>: 452 full",
        "not all was read; the same command with --skip 2 goes on from there",
    ]
    done = run("", "import", str(tmp_path), "--to", "k@go.org", "--smtp", server.smtp, "--skip", "2")
    assert (done.returncode, done.stdout) == (0, "imported 3 messages\n")
    lines = run(server.url, "list", "k@go.org").stdout.splitlines()
    assert [line[-1] for line in lines] == ["4", "3", "2"]


async def test_an_import_waits_for_a_server_that_refuses_for_now(server: Running, tmp_path: Path) -> None:
    """451, 452 and a closed connection are no reason to give up at once."""
    (tmp_path / "1.eml").write_bytes(b"Subject: patient\n\nx\n")
    hello = b"250-mx\r\n250 CHUNKING\r\n"
    replies = [
        b"220 mx\r\n",
        hello,
        b"451 later\r\n",
        b"250 ok\r\n",
        b"452 later\r\n",
        b"250 ok\r\n",
        b"250 ok\r\n",
        b"250 ok\r\n",
    ]
    with scripted_server([*replies, b"", b"", b"", b"250 kept\r\n", b"221 bye\r\n"]) as address:
        done = call("import", tmp_path, "--to", "k@x.org", "--smtp", address)
    assert done.stdout == "imported 1 message\n"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["import"], 2, "Missing argument 'PATH...'"),
        (["import", "x", "--db", "a", "--smtp", "127.0.0.1:1"], 2, "--db and --smtp cannot both be given"),
        (["import", "x", "--keep-dates"], 2, "--keep-dates needs --db"),
        (["import", "x", "--ignore-envelopes"], 2, "--ignore-envelopes needs --to"),
        (["import", "x", "--to", "no address"], 2, '"no address": '),
        (["import", "x", "--db", "memory"], 1, "a database in memory ends with this command"),
        (["import", "/none", "--smtp", "127.0.0.1:1"], 1, "/none: No such file or directory"),
        (["export"], 2, "Missing argument 'OUT'"),
        (["export", "x", "--address", "no address"], 2, '"no address": '),
        (["export", "x", "--db", "memory"], 1, "a database in memory belongs to its server alone"),
        (["export", "x", "--db", "/none.db"], 78, "/none.db is not there; "),
        (["export", "x", "--max-age", "x"], 2, "No such option"),
    ],
)
def test_mistakes_are_said_in_a_line(arguments: list[str], status: int, said: str) -> None:
    """Wrong usage has click's line with the usage before it."""
    done = run("", *arguments)
    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert not Path("x").exists()


@pytest.mark.slow
async def test_an_export_overwrites_nothing(tmp_path: Path) -> None:
    """Neither a file, nor a folder with something in it, nor what is left of another export."""
    await fill(tmp_path / "a.db", make_mail(3))
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/mine").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "begun.part").mkdir()
    (tmp_path / "begun.part/mine").write_text("mine")
    for name in ("file", "folder", "link"):
        for form in FORMS:
            done = run("", "export", str(tmp_path / name), "--db", str(tmp_path / "a.db"), "--format", form)
            assert (done.returncode, done.stdout) == (1, "")
            assert (
                done.stderr
                == f"{tmp_path / name} is there already, and nothing is overwritten; name another place\n"
            )
    done = run("", "export", str(tmp_path / "begun"), "--db", str(tmp_path / "a.db"))
    assert done.stderr == f"{tmp_path / 'begun.part'} is left of an export that did not end; delete it first\n"
    done = run("", "export", str(tmp_path / "none/out"), "--db", str(tmp_path / "a.db"))
    assert (done.returncode, done.stderr) == (
        1,
        f"{tmp_path / 'none/out'} cannot be written: No such file or directory\n",
    )
    for place in ("file", "folder/mine", "begun.part/mine"):
        assert (tmp_path / place).read_text() == "mine"
    (tmp_path / "empty").mkdir()
    call("export", tmp_path / "empty", "--db", tmp_path / "a.db")
    assert sorted(path.name for path in (tmp_path / "empty").iterdir()) == [
        f"{number:010}.eml" for number in (1, 2, 3)
    ]


async def test_files_are_for_their_owner_and_have_the_date_of_arrival(tmp_path: Path) -> None:
    """Mail is nobody else's, whatever the umask. --keep-dates takes the date back."""
    await fill(tmp_path / "a.db", make_mail(2))
    for form, name in {"eml": "eml", "mbox": "mbox", "maildir": "md"}.items():
        out = tmp_path / name
        call("export", out, "--db", tmp_path / "a.db", "--format", form)
        files = [path for path in (out, *out.rglob("*")) if path.is_file()]
        assert len(files) == (1 if form == "mbox" else 2)
        assert all(path.stat().st_mode & 0o077 == 0 for path in (out, *files))
        if form != "mbox":
            assert all(path.stat().st_mtime == NOON.timestamp() for path in files)
        call("import", out, "--db", tmp_path / f"{name}.db", "--keep-dates")
        store = await open_store(StoreSettings(db=str(tmp_path / f"{name}.db")), read_only=True)
        dates = {row.mail.date.replace(microsecond=0) for row in await store.list_mail(limit=9)}
        await store.close()
        assert dates == {NOON.replace(microsecond=0)}


async def test_an_inbox_is_exported_with_no_other_recipient(tmp_path: Path) -> None:
    """An import of it puts nothing into another inbox."""
    await fill(tmp_path / "a.db", [envelope("a@x.org", "b@x.org"), envelope("b@x.org"), envelope("c@x.org")])
    done = call("export", tmp_path / "b.mbox", "--address", "B@X.org", "--db", tmp_path / "a.db")
    assert done.stdout == f"exported 2 messages of {tmp_path / 'a.db'} to {tmp_path / 'b.mbox'}\n"
    call("import", tmp_path / "b.mbox", "--db", tmp_path / "b.db")
    assert [recipients for _, recipients, _ in await read_all(tmp_path / "b.db")] == [("b@x.org",), ("b@x.org",)]
    assert call("export", tmp_path / "none", "--address", "z@x.org", "--db", tmp_path / "a.db").stdout.startswith(
        "exported 0 messages"
    )


async def test_python_reads_what_is_exported(tmp_path: Path) -> None:
    """Other programs find the same messages in an mbox file and in a Maildir."""
    await fill(
        tmp_path / "a.db",
        [envelope("k@x.org", data=b"Subject: %d\r\n\r\nFrom x\r\n" % number) for number in range(9)],
    )
    call("export", tmp_path / "out.mbox", "--db", tmp_path / "a.db")
    call("export", tmp_path / "out", "--db", tmp_path / "a.db", "--format", "maildir")
    for box in (mailbox.mbox(str(tmp_path / "out.mbox")), mailbox.Maildir(str(tmp_path / "out"))):
        assert sorted(str(message["Subject"]) for message in box) == [str(number) for number in range(9)]
        assert {message["X-Envelope-To"] for message in box} == {"<k@x.org>"}
        box.close()


async def test_mail_for_reserved_names_goes_to_the_operator(tmp_path: Path) -> None:
    """In public mode it is never in the database, whichever way it comes."""
    (tmp_path / "1.eml").write_bytes(b"X-Envelope-To: <postmaster@x.org>, <kim@x.org>\r\nSubject: x\r\n\r\nx\r\n")
    call("import", tmp_path / "1.eml", "--db", tmp_path / "a.db", EDGEMAIL_DOMAIN="x.org")
    assert [recipients for _, recipients, _ in await read_all(tmp_path / "a.db")] == [("kim@x.org",)]
    (kept,) = (tmp_path / "a.db.operator/new").iterdir()
    assert b"Delivered-To: postmaster@x.org\r\n" in kept.read_bytes()


async def test_progress_is_shown_on_a_terminal_alone(tmp_path: Path) -> None:
    """A bar for each, and the last line says what was done."""
    await fill(tmp_path / "a.db", make_mail(60))
    exported = await asyncio.to_thread(
        run_on_terminal, "", "export", str(tmp_path / "out"), "--db", str(tmp_path / "a.db")
    )
    (tmp_path / "out/a\x1b[2J.eml").write_bytes(b"")
    imported = await asyncio.to_thread(
        run_on_terminal, "", "import", str(tmp_path / "out"), "--db", str(tmp_path / "b.db")
    )
    for shown, label in ((exported, "Exporting"), (imported, "Importing")):
        assert re.search(rf"{label}  \[#+\]  100%", shown)
        assert "60 messages" in shown.splitlines()[-1]
    assert r"a\u001b[2J.eml: is empty" in imported
    assert "\x1b[2J" not in imported


async def test_a_full_database_ends_an_import_after_what_it_took(tmp_path: Path) -> None:
    """What was kept is counted, so that --skip imports nothing twice."""
    store = FailingStore(await open_store(StoreSettings(db="memory")))
    for number in range(4):
        (tmp_path / f"{number}.eml").write_bytes(b"Delivered-To: k@x.org\n\n")
    (tmp_path / "1.eml").write_bytes(b"Delivered-To: no address\n\n")
    mails = [mail for mail in MailSource([tmp_path], max_bytes=1000) if isinstance(mail, ArchivedMail)]

    def deliver() -> list[str]:
        with asyncio.Runner() as runner:
            target = DatabaseTarget(runner, store, Settings(), keeps_dates=False)
            store.fail(StoreFull("the disk is full"), after=1)
            return target.deliver(mails)

    with pytest.raises(TargetUnavailable, match="the disk is full") as caught:
        await asyncio.to_thread(deliver)
    assert list(caught.value.reasons) == ["", 'the recipient "no address": the local part is not valid']
    for mail in mails:
        mail.content.discard()


def test_a_batch_is_kept_whole_when_ctrl_c_comes(tmp_path: Path) -> None:
    """Else nobody would know which of its messages --skip has to pass over."""
    for number in range(3):
        (tmp_path / f"{number}.eml").write_bytes(b"Delivered-To: k@x.org\n\n")
    mails = [mail for mail in MailSource([tmp_path], max_bytes=1000) if isinstance(mail, ArchivedMail)]
    with asyncio.Runner() as runner:
        store = runner.run(open_store(StoreSettings(db="memory")))
        target = DatabaseTarget(runner, InterruptedStore(store), Settings(), keeps_dates=False)
        assert target.deliver(mails) == ["", "", ""]
        assert target.is_interrupted
        assert runner.run(store.measure()).messages == 3
    for mail in mails:
        mail.content.discard()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


class InterruptedStore(FailingStore):
    """A store in whose work Ctrl-C comes."""

    def add(self, envelope: Envelope) -> asyncio.Future[MailId]:
        os.kill(os.getpid(), signal.SIGINT)
        return super().add(envelope)


@pytest.fixture
def sqld(tmp_path: Path) -> Iterator[Sqld]:
    database = Sqld(tmp_path / "sqld")
    database.start()
    yield database
    database.kill()


@pytest.mark.slow
async def test_a_database_on_a_server_is_exported_and_filled(sqld: Sqld, tmp_path: Path) -> None:
    """The token comes from a file; messages come in pieces."""
    mails = [*make_mail(20), envelope("large@x.org", data=under_trace("bob@sender.example", b"\xff\n" * 2**20))]
    await fill(tmp_path / "a.db", mails)
    (tmp_path / "token").write_text(sqld.token())
    (tmp_path / "token").chmod(0o600)
    remote = ["--db", sqld.url, "--db-token-file", tmp_path / "token"]
    call("export", tmp_path / "out", "--db", tmp_path / "a.db")
    call("import", tmp_path / "out", *remote)
    call("export", tmp_path / "back.mbox", *remote)
    call("import", tmp_path / "back.mbox", "--db", tmp_path / "b.db")
    assert await read_all(tmp_path / "b.db") == await read_all(tmp_path / "a.db")


def test_an_import_that_is_interrupted_says_how_to_go_on(tmp_path: Path) -> None:
    """Ctrl-C ends it with status 130."""
    (tmp_path / "1.eml").write_bytes(b"Subject: x\n\nx\n")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        command, env = command_of("", "import", str(tmp_path), "--to", "k@x.org", "--smtp", address)
        with subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            peer, _ = silent.accept()
            process.send_signal(signal.SIGINT)
            said, complaint = process.communicate(timeout=60)
            peer.close()
    assert (process.returncode, said) == (130, "imported 0 messages\n")
    assert complaint == "not all was read; the same command with --skip 0 goes on from there\n"
