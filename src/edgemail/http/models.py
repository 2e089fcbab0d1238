"""The JSON documents of the API."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from edgemail.store.message_json import write_date

if TYPE_CHECKING:
    from edgemail import model


_Date = Annotated[datetime, PlainSerializer(write_date, return_type=str)]


def _name_schema(model: type) -> str:
    """Return a model's public name: `MessageModel` is `Message` in the OpenAPI document."""
    return model.__name__.removesuffix("Model")


class JsonModel(BaseModel):
    """The base of all documents: immutable, made from the values of `edgemail.model`."""

    model_config = ConfigDict(
        frozen=True, populate_by_name=True, from_attributes=True, model_title_generator=_name_schema
    )

    def __init_subclass__(cls, **options: Any) -> None:
        """Set the schema's name in the OpenAPI document; pydantic takes it from `__qualname__`."""
        super().__init_subclass__(**options)
        cls.__qualname__ = _name_schema(cls)


class AttachmentModel(JsonModel):
    """An attachment as the message describes it; `size` is its decoded size in octets."""

    index: int
    name: str
    type: str
    size: int


class PartModel(AttachmentModel):
    """An attachment, or a part that belongs to the HTML, as a message that is opened has it."""

    content_id: str = Field(description="what `cid:` URLs of the HTML name it by; empty for none")


class CodeModel(JsonModel):
    """A one-time code, and the reason why it was recognised as one."""

    code: str
    reason: str


class LinkModel(JsonModel):
    """A web link; `reason` says why it looks like a confirmation link, or is empty."""

    url: str
    text: str
    reason: str


class HeaderModel(JsonModel):
    """A header field: `value` is unfolded and decoded, `raw` is as it was sent, with its folds."""

    name: str
    value: str
    raw: str


class HeaderAddressModel(JsonModel):
    """A mailbox of an address field, decoded. Either part may be empty."""

    name: str
    address: str


class CalendarEventModel(JsonModel):
    """An event of a calendar invitation."""

    method: str = Field(description="such as REQUEST or CANCEL; may be empty")
    title: str
    starts: str = Field(
        description="`2026-11-27` for a whole day, else `2026-11-27T09:00`, with `Z` for UTC",
        examples=["2026-11-27"],
    )
    ends: str = Field(description="as `starts`, or empty; the end of a whole day is that day itself")
    time_zone: str = Field(description="the zone of both times, such as Europe/Zurich; may be empty")
    location: str
    organizer: str
    attendees: list[str]


class EnvelopeModel(JsonModel):
    """The part of a message's envelope that its reader may know."""

    id: int
    date: _Date = Field(description="accepted at, UTC")
    sender: str = Field(description="the reverse-path; empty for the null reverse-path")
    recipients: list[str]


class ContentModel(JsonModel):
    """A message's summary, without its envelope."""

    sender_name: str = Field(alias="from", description="the From header, decoded")
    to: list[HeaderAddressModel]
    cc: list[HeaderAddressModel]
    message_id: str = Field(description="without angle brackets; may be empty")
    subject: str
    preview: str
    size: int = Field(description="octets")
    attachments: tuple[AttachmentModel, ...]
    inline_count: int = Field(
        description="the number of parts that belong to the HTML; `attachments` has none of them"
    )
    codes: list[CodeModel]
    links: list[LinkModel] = Field(description="confirmation links; the whole message has every link")
    events: list[CalendarEventModel] = Field(description="of calendar invitations")


class MessageModel(ContentModel, EnvelopeModel):
    """A message as a listing shows it."""

    @classmethod
    def of(cls, listed: model.ListedMail) -> MessageModel:
        """Convert a listed message."""
        return cls.model_validate(_envelope_fields(listed.mail) | _listing_fields(listed.summary, listed.mail.size))


class MarkedMessageModel(MessageModel):
    """A message as the list of all mail shows it."""

    is_read: bool = Field(alias="read", description="whether somebody has marked it as read")
    tags: list[str]

    @classmethod
    def of(cls, listed: model.ListedMail) -> MarkedMessageModel:
        """Convert a listed message."""
        fields = _envelope_fields(listed.mail) | _listing_fields(listed.summary, listed.mail.size)
        return cls.model_validate(fields | {"is_read": listed.is_read, "tags": listed.tags})


class AttachedMessageModel(ContentModel):
    """A message that is attached to another one, parsed. It has no envelope of its own.

    `text` and `html` are as sent: sanitise them before showing them.
    """

    bcc: list[HeaderAddressModel]
    reply_to: list[HeaderAddressModel]
    attachments: tuple[PartModel, ...]
    inline: list[PartModel] = Field(description="the parts that belong to the HTML, numbered with the attachments")
    headers: list[HeaderModel]
    text: str | None
    html: str | None

    @classmethod
    def of_content(cls, content: model.ParsedMessage, size: int) -> AttachedMessageModel:
        """Convert a parsed message of `size` octets."""
        summary = content.summary
        return cls.model_validate(
            _listing_fields(summary, size)
            | {
                "bcc": summary.bcc,
                "reply_to": summary.reply_to,
                "inline": content.inline,
                "headers": content.headers,
                "text": content.text,
                "html": content.html,
                "links": content.links,
            }
        )


class WholeMessageModel(AttachedMessageModel, EnvelopeModel):
    """A parsed message. `text` and `html` are as sent: sanitise them before showing them."""


class ListedPartModel(JsonModel):
    """A part of a message as its own header describes it."""

    number: str = Field(
        description="as IMAP numbers parts; empty for a multipart that is a whole message", examples=["2.1"]
    )
    level: int = Field(description="how many parts it lies in")
    type: str
    charset: str = Field(description="may be empty, as the texts below")
    encoding: str = Field(description="the Content-Transfer-Encoding as it was sent")
    disposition: str
    name: str
    content_id: str
    size: int | None = Field(description="decoded octets; null for what holds other parts")
    role: Literal["text", "html", "attachment", "inline", ""] = Field(
        description="what it is shown as; empty for what holds others, and for what is not shown"
    )
    attachment: str | None = Field(
        description="the `n` of its route, null where it is no attachment or inline part", examples=["1.0"]
    )


class StructureModel(JsonModel):
    """The parts of a message in its order, with those of the messages that are attached to it."""

    parts: tuple[ListedPartModel, ...]
    is_complete: bool = Field(alias="complete", description="false where a bound has left parts out")


def _envelope_fields(mail: model.StoredMail) -> dict[str, object]:
    return {"id": mail.id, "date": mail.date, "sender": mail.sender, "recipients": mail.recipients}


def _listing_fields(summary: model.Summary, size: int) -> dict[str, object]:
    return {
        "sender_name": summary.sender_name,
        "to": summary.to,
        "cc": summary.cc,
        "message_id": summary.message_id,
        "subject": summary.subject,
        "preview": summary.preview,
        "size": size,
        "attachments": summary.attachments,
        "inline_count": summary.inline_count,
        "codes": summary.codes,
        "links": summary.links,
        "events": summary.events,
    }


class ListingModel(JsonModel):
    """A page of a listing, newest first."""

    messages: list[MessageModel]
    next_before: int | None = Field(description="the value of `before` for the next page; null at the end")


class MarkedListingModel(JsonModel):
    """A page of all mail, newest first."""

    messages: list[MarkedMessageModel]
    next_before: int | None = Field(description="the value of `before` for the next page; null at the end")


class CountsModel(JsonModel):
    """How many messages match, and how many of them nobody has marked as read."""

    messages: int
    unread: int


class RefusalCountModel(JsonModel):
    """How often SMTP has refused something with a code for a reason."""

    code: int
    about: str = Field(
        description="what a chaos rule has refused: `connection`, `login`, `sender`, `recipient` or `message`; "
        "empty for another reason"
    )
    reason: str = Field(description="a word, as in the metrics")
    count: int


class RefusalsModel(JsonModel):
    """What SMTP has refused since the program started."""

    refusals: list[RefusalCountModel]


class TagsModel(JsonModel):
    """The tags in order, each with the number of its messages."""

    tags: dict[str, int]


class ChangedModel(JsonModel):
    """The number of messages that a request has changed."""

    changed: int


class FoundModel(JsonModel):
    """The result of `wait` with a message."""

    status: Literal["found"] = "found"
    message: MessageModel


class TimedOutModel(JsonModel):
    """The result of `wait` when the time is up."""

    status: Literal["timeout"] = "timeout"


class DeletedModel(JsonModel):
    """The number of deleted messages."""

    deleted: int


class StatusModel(JsonModel):
    """The result of a successful health check."""

    status: Literal["ok"] = "ok"


class LimitsModel(JsonModel):
    """The limits on one message: its octets and its recipients."""

    message_bytes: int
    recipients: int


class RetentionModel(JsonModel):
    """How long and how much mail is kept; null means no limit."""

    max_age_s: float | None
    max_messages: int | None
    max_bytes: int | None


class ServerInfoModel(JsonModel):
    """A description of the server. Without `domains` it takes mail for every domain."""

    name: str = "edgemail"
    version: str
    domains: list[str]
    reserved: list[str]
    """Local parts whose mail goes to the operator and not into an inbox."""
    limits: LimitsModel
    retention: RetentionModel
    smtp: list[str]
    read_only: bool = False
    """True if deleting is refused, as this server only reads what other servers receive."""
    deletion: bool = True
    """False if only the operator may delete."""
    all_mail: bool = False
    """True if everybody who reaches the server may list the mail of all inboxes."""
    locks: bool = False
    """True if an inbox whose address has a lock opens to its key alone."""
    abuse_contact: str | None = None
    """Where to complain of what the server is used for: a `mailto:` or `https:` URL."""


class PageConfigModel(JsonModel):
    """Where the web client reads from, and the server's description, which it needs first."""

    source: Literal["api"] = "api"
    server: ServerInfoModel
    html_check: bool = False
    """True if the page may ask for checks of HTML."""
    link_check: bool = False
    """True if the page may ask for checks of links."""


class ProblemModel(JsonModel):
    """An error (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
