"""The servers that edgemail is compared with, and what a 250 of each guarantees."""

from __future__ import annotations

import enum
import functools
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.peers.catchers import run_inbucket, run_mailhog, run_mailpit
from bench.peers.chasquid import run_chasquid
from bench.peers.opensmtpd import run_opensmtpd
from bench.peers.postfix import run_postfix
from bench.peers.small import run_aiosmtpd, run_maildev, run_smtp_server, run_smtp_sink
from bench.servers import Server, run_edgemail, wait_for_greeting

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Keeping(enum.StrEnum):
    """What a server has done with a message when it sends the 250."""

    SYNCED = "synced"
    FILE = "in a file, not synced"
    MEMORY = "in memory"
    NOTHING = "nowhere"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Peer:
    """A server, and how to run it in a folder."""

    name: str
    keeping: Keeping
    run: Callable[[Path], AbstractContextManager[Server]]


EDGEMAIL = Peer("edgemail", Keeping.SYNCED, run_edgemail)
EDGEMAIL_IN_MEMORY = Peer("edgemail --db memory", Keeping.MEMORY, functools.partial(run_edgemail, db="memory"))
SMTP_SINK = Peer("smtp-sink", Keeping.NOTHING, run_smtp_sink)
AIOSMTPD = Peer("aiosmtpd + SQLite", Keeping.SYNCED, run_aiosmtpd)
MAILDEV = Peer("MailDev", Keeping.MEMORY, run_maildev)
POSTFIX = Peer("Postfix, maildir", Keeping.SYNCED, run_postfix)
CATCHERS = (
    EDGEMAIL,
    Peer("Mailpit", Keeping.FILE, run_mailpit),
    Peer("Inbucket", Keeping.FILE, run_inbucket),
    Peer("MailHog", Keeping.MEMORY, run_mailhog),
)
FEW = (EDGEMAIL, SMTP_SINK, AIOSMTPD)
ALL = (
    *FEW,
    MAILDEV,
    Peer("nodemailer smtp-server", Keeping.NOTHING, run_smtp_server),
    POSTFIX,
    Peer("OpenSMTPD, maildir", Keeping.SYNCED, run_opensmtpd),
    Peer("chasquid, maildir", Keeping.FILE, run_chasquid),
)


def parse_peer(text: str) -> Peer:
    """Parse `NAME=HOST:PORT`, a server that is already running.

    Raises:
        ValueError: the text has another form.
    """
    name, equals, endpoint = text.partition("=")
    host, colon, port = endpoint.rpartition(":")
    if not (name and equals and host and colon and port.isdecimal()):
        raise ValueError(f"{text!r} is not NAME=HOST:PORT")
    return Peer(name, Keeping.UNKNOWN, functools.partial(_find, Server(name, int(port), host=host.strip("[]"))))


def _find(server: Server, _: Path) -> AbstractContextManager[Server]:
    wait_for_greeting(server.port, None, server.host)
    return nullcontext(server)
