"""`python -m bench.mail_reading`: measures how long mail of four kinds takes to be read, without a server."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from email.message import EmailMessage
from typing import TYPE_CHECKING

from bench.results import Aim, Section, Table
from edgemail import mime
from edgemail.mime.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable

_SENTENCE = "Dear Kim, we have sent your order today, and it will be with you on Thursday or on Friday. "
_ROW = (
    "<table width='100%' cellpadding='0' style='border-collapse:collapse'><tr><td class='cell'>"
    "<a href='https://news.example/c/{0}?u=abc'>Größe {0}</a></td><td><img src='https://img.example/{0}.png' "
    "alt='Größe {0}'></td></tr></table>\n"
)
_LARGE_BYTES = 18_500_000
"""Some 25 MB as base64."""
_ROUNDS = 7


@dataclass(frozen=True)
class _Task:
    name: str
    work: Callable[[bytes], object]
    mail: bytes
    repeats: int
    aim_ms: float | None = None


def measure() -> Section:
    """Measure the processor time of each task: the best of some rounds, as other programs make it longer."""
    section = Section("mail-reading", is_full=False)
    rows = []
    for task in _tasks():
        ms = min(_time_ms(task) for _ in range(_ROUNDS))
        rows.append([task.name, f"{len(task.mail):,}", f"{ms:,.2f}"])
        section.figures[task.name] = ms
        if task.aim_ms is not None:
            section.aims.append(
                Aim(f"{task.name} within {task.aim_ms:,.0f} ms", f"{ms:,.2f} ms", ms <= task.aim_ms)
            )
    note = f"Processor time, the best of {_ROUNDS} rounds."
    section.tables.append(Table("Reading one message", ["task", "octets", "ms"], rows, note))
    return section


def _tasks() -> list[_Task]:
    letter, newsletter, large = _make_letter(), _make_newsletter(), _make_large()
    return [
        _Task("parts and headers of a letter", _take_apart, letter, 100),
        _Task("summary of a letter", mime.summarize, letter, 50),
        _Task("parts and headers of a newsletter", _take_apart, newsletter, 50),
        _Task("summary of a newsletter", mime.summarize, newsletter, 20, aim_ms=5),
        _Task("reading a large attachment's message", mime.read, large, 1, aim_ms=1_500),
        _Task("downloading a large attachment", lambda octets: mime.attachment(octets, 0), large, 1, aim_ms=1_500),
    ]


def _time_ms(task: _Task) -> float:
    started = time.thread_time()
    for _ in range(task.repeats):
        task.work(task.mail)
    return (time.thread_time() - started) / task.repeats * 1e3


def _take_apart(octets: bytes) -> object:
    """Read everything but codes and links."""
    message = Message(octets)
    return message.text, message.html, message.attachments, message.sender, list(message.headers())


def _make(subject: str) -> EmailMessage:
    mail = EmailMessage()
    for hop in range(4):
        mail["Received"] = (
            f"from a{hop}.example by b.example with ESMTPS id x{hop}; Fri, 27 Nov 2026 09:00:00 +0000"
        )
    mail["From"] = "Geschäft Zürich <shop@shop.example>"
    mail["To"] = "Kim <kim@example.com>"
    mail["Subject"] = subject
    mail["Message-ID"] = "<1@shop.example>"
    return mail


def _make_letter() -> bytes:
    mail = _make("Your order – 4812 is ready")
    code = "Your verification code is 481223."
    mail.set_content(f"{_SENTENCE * 16}\n{code}\n")
    page = f"<html><body>{f'<p>{_SENTENCE}</p>' * 12}<p>{code}</p></body></html>"
    mail.add_alternative(page, subtype="html")
    return _send(mail)


def _make_newsletter() -> bytes:
    mail = _make("This week: Größe für alle")
    mail.set_content("See it in a browser.\n")
    rows = "".join(_ROW.format(number) for number in range(105))
    page = f"<html><head><style>{'td{padding:0}' * 60}</style></head><body>{rows}</body></html>"
    mail.add_alternative(page, subtype="html", cte="quoted-printable")
    return _send(mail)


def _make_large() -> bytes:
    mail = _make("A large file")
    mail.set_content("See the file.\n")
    octets = random.Random(1).randbytes(_LARGE_BYTES)
    mail.add_attachment(octets, maintype="application", subtype="pdf", filename="large.pdf")
    return _send(mail)


def _send(mail: EmailMessage) -> bytes:
    return mail.as_bytes().replace(b"\n", b"\r\n")


if __name__ == "__main__":
    SECTION = measure()
    print(SECTION.tables[0].write())
    for aim in SECTION.aims:
        print(f"{'reached    ' if aim.is_reached else 'NOT REACHED'}  {aim.aim}: {aim.figure}")
