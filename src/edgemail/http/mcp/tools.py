"""The tools: what each is called, takes, gives and does. They use the use cases of `mailbox/` alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from edgemail.errors import InboxLocked, MessageNotFound
from edgemail.http.mcp import documents
from edgemail.http.mcp.agent_waits import AgentWaits
from edgemail.http.mcp.calls import ToolAnswer
from edgemail.http.mcp.faults import ToolFault
from edgemail.http.mcp.listing import describe_arrival, describe_page, list_page, read_previews
from edgemail.http.mcp.parts import MAKERS, read_slice
from edgemail.http.mcp.untrusted import WARNING, enclose
from edgemail.http.mcp.verification import check_wanted_host, describe, find_codes, find_links, match_sender
from edgemail.http.mcp.waiting import wait_for
from edgemail.model import MailId
from edgemail.settings.parsing import write_duration
from edgemail.store.message_json import write_date

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from edgemail.http.mcp.addresses import AgentAddresses
    from edgemail.http.mcp.calls import ToolCall
    from edgemail.http.mcp.documents import ToolDocument
    from edgemail.http.mcp.waiting import WaitOutcome
    from edgemail.mailbox.inbox import Inbox
    from edgemail.model import ListedMail

_READ: Final = {"read_only_hint": True}
_WAIT: Final = _READ | {"open_world_hint": True}


@dataclass(frozen=True, slots=True)
class AgentRules:
    """What the tools of a server may do."""

    addresses: AgentAddresses
    max_age_s: float | None
    may_write: bool = False
    has_bodies: bool = True


@dataclass(frozen=True, slots=True)
class AgentTool:
    """A tool. `hints` are its annotations, `input_changes` what its schema says of this server."""

    name: str
    title: str
    description: str
    takes: type[ToolDocument]
    gives: type[ToolDocument]
    hints: dict[str, bool]
    run: Callable[[Any, ToolCall], Awaitable[ToolAnswer]]
    input_changes: Mapping[str, Any] | None = None

    @property
    def full_description(self) -> str:
        """The description with the rule on mail."""
        return f"{self.description} {WARNING}"


class AgentTools:
    """The tools of a server."""

    def __init__(self, inbox: Inbox, rules: AgentRules) -> None:
        self.inbox = inbox
        self.waits = AgentWaits()
        self.rules = rules
        self.table: dict[str, AgentTool] = {tool.name: tool for tool in self._list()}

    def _list(self) -> list[AgentTool]:
        has_bodies = self.rules.has_bodies
        choices = self.rules.addresses.choices
        several = "call read_message" if has_bodies else "let a person open the message"
        tools = [
            AgentTool(
                "new_address",
                "New address",
                "Make a fresh e-mail address that nobody else knows. Give it to a form, then call wait_for_code or "
                "wait_for_link with its `address` and `after`.",
                documents.NewAddressInput,
                documents.AddressDocument,
                {"read_only_hint": False, "destructive_hint": False, "idempotent_hint": False},
                self.new_address,
                {"domain": {"enum": [*choices, None]}} if choices else None,
            ),
            AgentTool(
                "wait_for_code",
                "Wait for a code",
                "Wait for a mail with a one-time code and return the code, without the mail's text. Without "
                "`after` mail older than ten minutes does not count. With several codes `code` is null: "
                f"{several}.",
                documents.WaitInput,
                documents.VerificationDocument,
                _WAIT,
                self.wait_for_code,
            ),
            AgentTool(
                "wait_for_link",
                "Wait for a link",
                "Wait for a mail with a link that confirms something and return the link, without the mail's "
                "text. `host` takes only links to that host or below it. Without `after` mail older than ten "
                f"minutes does not count. With several links `link` is null: give `host`, or {several}.",
                documents.WaitForLinkInput,
                documents.VerificationDocument,
                _WAIT,
                self.wait_for_link,
            ),
            AgentTool(
                "wait_for_message",
                "Wait for a message",
                "Wait for any mail to an address. Without `after` mail older than ten minutes does not count.",
                documents.WaitForMessageInput,
                documents.ArrivalDocument if has_bodies else documents.BareArrivalDocument,
                _WAIT,
                self.wait_for_message,
            ),
            AgentTool(
                "list_messages",
                "List messages",
                "List the mail of an address, newest first: how many codes and links each has"
                f"{', who sent it and its subject' if has_bodies else ''}.",
                documents.ListInput,
                documents.ListDocument if has_bodies else documents.BareListDocument,
                _READ,
                self.list_messages,
            ),
        ]
        if has_bodies:
            tools.append(
                AgentTool(
                    "read_message",
                    "Read a message",
                    "Read a message's text, piece by piece: `next_offset` leads on. Prefer wait_for_code and "
                    "wait_for_link, which need no text of strangers.",
                    documents.ReadInput,
                    documents.PartDocument,
                    _READ,
                    self.read_message,
                )
            )
        if self.rules.may_write:
            tools.append(
                AgentTool(
                    "delete_messages",
                    "Delete messages",
                    "Delete messages from one address's inbox. Other recipients keep theirs.",
                    documents.DeleteInput,
                    documents.DeletedDocument,
                    {"read_only_hint": False, "destructive_hint": True, "idempotent_hint": True},
                    self.delete_messages,
                )
            )
        return tools

    async def new_address(self, asked: documents.NewAddressInput, _: ToolCall) -> ToolAnswer:
        """Make an address."""
        address, key = self.rules.addresses.create(asked.label, asked.domain, locked=asked.locked)
        kept_s = self.rules.max_age_s
        expires = None if kept_s is None else write_date(datetime.now(UTC) + timedelta(seconds=kept_s))
        made = documents.AddressDocument(
            address=address,
            after=0,
            expires=expires,
            receives_internet_mail=self.rules.addresses.is_public,
            key=key,
        )
        with_key = "" if key is None else f" key={key}"
        return ToolAnswer(made, f"{address} is ready. Wait with address={address}{with_key} after=0."[:300])

    async def wait_for_code(self, asked: documents.WaitInput, call: ToolCall) -> ToolAnswer:
        """Wait for a message with a code."""
        arrival = await self._wait(asked, call, lambda listed: bool(find_codes(listed)))
        if arrival.found is None:
            return self._time_out(arrival, f"{_write_from(asked)}with a code")
        codes = find_codes(arrival.found)
        found = describe(arrival.found, arrival.after, codes, find_links(arrival.found), wants_link=False)
        return ToolAnswer(found, self._write_found(found, "code", found.code), outcome="found")

    async def wait_for_link(self, asked: documents.WaitForLinkInput, call: ToolCall) -> ToolAnswer:
        """Wait for a message with a link."""
        host = check_wanted_host(asked.host)
        arrival = await self._wait(asked, call, lambda listed: bool(find_links(listed, host)))
        if arrival.found is None:
            return self._time_out(arrival, f"{_write_from(asked)}with such a link")
        links = find_links(arrival.found, host)
        found = describe(arrival.found, arrival.after, find_codes(arrival.found), links, wants_link=True)
        return ToolAnswer(found, self._write_found(found, "link", found.link), outcome="found")

    async def wait_for_message(self, asked: documents.WaitForMessageInput, call: ToolCall) -> ToolAnswer:
        """Wait for any message."""
        subject = (asked.subject or "").casefold()
        arrival = await self._wait(asked, call, lambda listed: subject in listed.summary.subject.casefold())
        found = () if arrival.found is None else (arrival.found,)
        document = describe_arrival(arrival, await self._read_previews(asked.address, found))
        if arrival.found is None:
            return ToolAnswer(document, _say_nothing(arrival, "that matches"), outcome="timeout")
        text = f"Message {arrival.found.mail.id} is here. Call again with after={arrival.after} for the next one."
        return ToolAnswer(document, text, outcome="found")

    async def list_messages(self, asked: documents.ListInput, call: ToolCall) -> ToolAnswer:
        """List messages."""
        name = self._open(asked, call)
        page, next_before = await list_page(self.inbox, name, asked)
        if not page:
            call.note_empty(name)
        document, text = describe_page(page, next_before, await self._read_previews(asked.address, page))
        return ToolAnswer(document, text, outcome=f"{len(page)} listed")

    async def read_message(self, asked: documents.ReadInput, call: ToolCall) -> ToolAnswer:
        """Read a piece of a message."""
        name = self._open(asked, call)
        try:
            _, made = await self.inbox.derive(MailId(asked.id), MAKERS[asked.part], inbox=name)
        except MessageNotFound:
            call.note_empty(name)
            raise ToolFault(self._say_missing(asked.id)) from None
        facts = made.about
        piece = await read_slice(made, asked.offset, asked.max_chars)
        end = asked.offset + len(piece)
        next_offset = end if end < facts.total_chars else None
        content = enclose(piece, asked.id, facts.hidden_chars)
        document = documents.PartDocument(
            id=asked.id,
            part=asked.part,
            untrusted=documents.UntrustedContent(content=content),
            total_chars=facts.total_chars,
            next_offset=next_offset,
        )
        said = f"The {asked.part} of message {asked.id}: {len(piece)} of {facts.total_chars} characters"
        hidden = f", hidden: {facts.hidden_chars} characters" if facts.hidden_chars else ""
        more = "" if next_offset is None else f" Read on with offset={next_offset}."
        inbox_path = f"{quote(name, safe='')}"
        files = tuple(
            (f"{call.base_url}/api/inboxes/{inbox_path}/messages/{asked.id}/attachments/{file.index}", file)
            for file in facts.files
        )
        uri = f"edgemail://inbox/{inbox_path}/{asked.id}"
        return ToolAnswer(document, f"{said}{hidden}.{more}", content, uri, files)

    async def delete_messages(self, asked: documents.DeleteInput, call: ToolCall) -> ToolAnswer:
        """Delete messages of one inbox."""
        name = self._open(asked, call)
        deleted = 0
        for mail_id in dict.fromkeys(asked.ids):
            try:
                await self.inbox.delete_from(name, MailId(mail_id))
            except MessageNotFound:
                call.note_empty(name)
            else:
                deleted += 1
        return ToolAnswer(
            documents.DeletedDocument(deleted=deleted), f"Deleted {deleted}.", outcome=f"{deleted} deleted"
        )

    def _open(self, asked: documents.KeyedInput, call: ToolCall) -> str:
        """Return the name of the inbox that a call is for.

        Raises:
            ToolFault: the tools may not use its address, or it is locked and its key is not given.
        """
        address = self.rules.addresses.check(asked.address)
        try:
            call.check_lock(address, asked.key)
        except InboxLocked:
            raise ToolFault("there is nothing at this address without its key: give `key`") from None
        return address.inbox

    async def _read_previews(self, address: str, page: Sequence[ListedMail]) -> Mapping[int, str] | None:
        if not self.rules.has_bodies:
            return None
        return await read_previews(self.inbox, self.rules.addresses.check(address).inbox, page)

    async def _wait(
        self, asked: documents.WaitInput, call: ToolCall, matches: Callable[[ListedMail], bool]
    ) -> WaitOutcome:
        name = self._open(asked, call)
        is_from = match_sender(asked.sender)
        return await wait_for(
            self.inbox,
            name,
            asked.after,
            asked.timeout_s,
            lambda listed: is_from(listed) and matches(listed),
            call,
            self.waits,
        )

    def _time_out(self, arrival: WaitOutcome, wanted: str) -> ToolAnswer:
        reason = f"{arrival.others} came, none {wanted}" if arrival.others else None
        document = documents.VerificationDocument(status="timeout", after=arrival.after, reason=reason)
        return ToolAnswer(document, _say_nothing(arrival, wanted), outcome="timeout")

    def _write_found(self, found: documents.VerificationDocument, what: str, value: str | None) -> str:
        if value is None:
            remedy = "call read_message" if self.rules.has_bodies else "let a person open it"
            remedy = f"give `host`, or {remedy}" if what == "link" else remedy
            return f"Message {found.message_id} has {found.candidates} {what}s, so none is given: {remedy}."
        shown = value if len(value) <= 200 else "is in the document"
        sender = f" from {found.sender}" if found.sender and len(found.sender) <= 60 else ""
        return f"{what}: {shown} (message {found.message_id}{sender})"

    def _say_missing(self, mail_id: int) -> str:
        kept_s = self.rules.max_age_s
        kept = "" if kept_s is None else f": mail is kept {_write_age(kept_s)}"
        return f"there is no message {mail_id}{kept}"


def _write_from(asked: documents.WaitInput) -> str:
    return "from that sender " if asked.sender else ""


def _say_nothing(arrival: WaitOutcome, wanted: str) -> str:
    others = f" ({arrival.others} came, none {wanted})" if arrival.others else ""
    return f"Nothing yet{others}. Call again with after={arrival.after}."


def _write_age(seconds: float) -> str:
    days = seconds / 86_400
    if days >= 1 and days.is_integer():
        return f"{int(days)} day{'' if days == 1 else 's'}"
    return write_duration(seconds)
