"""A message that has come, as the server reads it."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from edgemail.testing.candidates import choose, explain, quote, write_title
from edgemail.testing.errors import MailError

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage

    from edgemail.testing.api import Api


@dataclass(frozen=True)
class Address:
    """A name and an address of a header field. Either may be empty."""

    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name and self.address else self.name or self.address


@dataclass(frozen=True)
class Link:
    """A link: `reason` says why it looks as if it confirms something, or is empty."""

    url: str
    text: str
    reason: str = ""

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True)
class Attachment:
    """An attached file, or a part that the HTML shows, which has a `content_id`."""

    name: str
    type: str
    size: int
    content_id: str = ""
    _read: Callable[[], bytes] = field(default=bytes, repr=False, compare=False)

    @cached_property
    def content(self) -> bytes:
        """The file, decoded. It is read from the server when it is first asked for."""
        return self._read()


@dataclass(frozen=True)
class Headers(Mapping[str, str]):
    """The header fields in their order, decoded. Names are found in any case."""

    fields: tuple[tuple[str, str], ...]

    def __getitem__(self, name: str) -> str:
        for known, value in self.fields:
            if known.lower() == name.lower():
                return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter({name.lower(): name for name, _ in reversed(self.fields)}.values())

    def __len__(self) -> int:
        return len({name.lower() for name, _ in self.fields})

    def get_all(self, name: str) -> list[str]:
        """Return the values of all fields with a name, in their order."""
        return [value for known, value in self.fields if known.lower() == name.lower()]


@dataclass(frozen=True)
class Message:
    """A message. `date` is when the server took it, in UTC; `text` and `html` are empty where there is none.

    `sender` is the From field's, `envelope_from` what was said in MAIL FROM. `envelope_to` has every
    recipient; where the server tells nobody of others, it has the inbox's own address alone.
    """

    id: int
    subject: str
    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    envelope_from: str
    envelope_to: tuple[str, ...]
    date: datetime
    headers: Headers
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    inline: tuple[Attachment, ...]
    codes: tuple[str, ...]
    links: tuple[Link, ...]
    _code_reasons: tuple[str, ...] = field(repr=False, compare=False)
    _api: Api = field(repr=False, compare=False)
    _path: str = field(repr=False, compare=False)

    @classmethod
    def of(cls, document: Mapping[str, Any], api: Api, path: str) -> Message:
        """Make a message of the API's document, which is at `path` there."""

        def make_attachment(part: Mapping[str, Any]) -> Attachment:
            source = f"{path}/attachments/{part['index']}"
            return Attachment(
                part["name"], part["type"], part["size"], part["content_id"], lambda: api.ask("GET", source)
            )

        def make_addresses(name: str) -> tuple[Address, ...]:
            return tuple(Address(each["name"], each["address"]) for each in document[name])

        return cls(
            id=document["id"],
            subject=document["subject"],
            sender=read_sender(document["from"]),
            to=make_addresses("to"),
            cc=make_addresses("cc"),
            bcc=make_addresses("bcc"),
            reply_to=make_addresses("reply_to"),
            envelope_from=document["sender"],
            envelope_to=tuple(document["recipients"]),
            date=datetime.fromisoformat(document["date"]),
            headers=Headers(tuple((each["name"], each["value"]) for each in document["headers"])),
            text=document["text"] or "",
            html=document["html"] or "",
            attachments=tuple(map(make_attachment, document["attachments"])),
            inline=tuple(map(make_attachment, document["inline"])),
            codes=tuple(each["code"] for each in document["codes"]),
            links=tuple(Link(each["url"], each["text"], each["reason"]) for each in document["links"]),
            _code_reasons=tuple(each["reason"] for each in document["codes"]),
            _api=api,
            _path=path,
        )

    @property
    def title(self) -> str:
        """The message on one line, as failures write it."""
        return write_title(self.id, self.date, self.subject, self.sender.address or self.envelope_from)

    @cached_property
    def raw(self) -> bytes:
        """The message, octet for octet. It is read from the server when it is first asked for."""
        return self._api.ask("GET", f"{self._path}/raw")

    def code(self, pattern: str | None = None) -> str:
        """Return the one-time code; with a pattern, what that finds in the subject and the text.

        A pattern's first group is the code, or the whole match where it has none.

        Raises:
            MailError: there is none, or there are several.
        """
        __tracebackhide__ = True
        if pattern is None:
            found = dict(zip(self.codes, self._code_reasons, strict=True))
        else:
            matches = re.finditer(pattern, f"{self.subject}\n{self.text}")
            found = dict.fromkeys((match[1 if match.re.groups else 0] for match in matches), "")
        wanted = "code" if pattern is None else f"code that matches {pattern!r}"
        return choose(self.title, wanted, found)

    def link(self, url: str | re.Pattern[str] = "", *, text: str = "") -> str:
        """Return the URL of the link with this part in its URL and in its text.

        A pattern is searched in the URL; the text may be in any case. Without both it is the link that
        looks as if it confirms something, or the only link.

        Raises:
            MailError: there is none, or there are several.
        """
        __tracebackhide__ = True
        found = self.find_links(url, text)
        wanted = " ".join(["link", *describe_link(url, text)])
        others = [f"{link.url}  {quote(link.text)}".rstrip() for link in self.links]
        return choose(self.title, wanted, {link.url: quote(link.text, link.reason) for link in found}, others)

    def find_links(self, url: str | re.Pattern[str] = "", text: str = "") -> list[Link]:
        """Return the links that `link` chooses from."""
        if not url and not text:
            return [link for link in self.links if link.reason] or list(self.links)
        return [
            link
            for link in self.links
            if (url in link.url if isinstance(url, str) else url.search(link.url))
            and text.casefold() in link.text.casefold()
        ]

    def attachment(self, name: str = "*", type: str = "*/*") -> Attachment:  # noqa: A002 - its public name
        """Return the attachment whose name and type match, by `*` and `?` in any case.

        Parts that the HTML shows are looked at where no attachment matches.

        Raises:
            MailError: there is none, or there are several.
        """
        __tracebackhide__ = True

        def matches(part: Attachment) -> bool:
            pairs = ((part.name, name), (part.type, type))
            return all(fnmatch.fnmatchcase(value.lower(), glob.lower()) for value, glob in pairs)

        parts = [part for part in self.attachments if matches(part)] or [
            part for part in self.inline if matches(part)
        ]
        if len(parts) == 1:
            return parts[0]
        wanted = f"attachment {name}" + ("" if type == "*/*" else f" of type {type}")
        lines = [f"{part.name}  {part.type}, {part.size} octets" for part in parts or self.attachments]
        raise MailError(explain(self.title, wanted, len(parts), lines))

    def email(self) -> EmailMessage:
        """Parse the message with the standard library."""
        import email
        from email import policy
        from email.message import EmailMessage

        parsed = email.message_from_bytes(self.raw, EmailMessage, policy=policy.default)
        assert isinstance(parsed, EmailMessage)  # noqa: S101 - as the type checker does not know
        return parsed

    def open(self, page: Any) -> None:
        """Show the HTML, or the text where there is none, in Playwright's page or in Selenium's driver."""
        url = f"{self._api.url}view/{self.id}.{'html' if self.html else 'txt'}"
        (page.goto if hasattr(page, "goto") else page.get)(url)


def read_sender(text: str) -> Address:
    """Read a From field as the API writes it: `Name <a@b>`, or one of the two."""
    name, bracket, address = text.rpartition(" <")
    if bracket and address.endswith(">"):
        return Address(name, address[:-1])
    return Address("", text) if "@" in text else Address(text, "")


def describe_link(url: str | re.Pattern[str], text: str) -> Iterator[str]:
    """Say which link is meant, in pieces."""
    if isinstance(url, re.Pattern):
        yield f"that matches {url.pattern!r}"
    elif url:
        yield f'with "{url}"'
    if text:
        yield f'whose text has "{text}"'
