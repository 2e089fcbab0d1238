"""The JSON documents of the API."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

if TYPE_CHECKING:
    from edgemail import model

_Date = Annotated[
    datetime,
    PlainSerializer(lambda date: f"{date:%Y-%m-%dT%H:%M:%S}.{date.microsecond // 1000:03}Z", return_type=str),
]


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
    """A header field, unfolded and decoded."""

    name: str
    value: str


class EnvelopeModel(JsonModel):
    """What a message's reader may know of its envelope."""

    id: int
    date: _Date = Field(description="accepted at, UTC")
    sender: str = Field(description="the reverse-path; empty for the null reverse-path")
    recipients: list[str]


class MessageModel(EnvelopeModel):
    """A message as a listing shows it."""

    sender_name: str = Field(alias="from", description="the From header, decoded")
    subject: str
    preview: str
    size: int = Field(description="octets")
    attachments: list[AttachmentModel]
    codes: list[CodeModel]
    links: list[LinkModel] = Field(description="confirmation links; the whole message has every link")

    @classmethod
    def of(cls, listed: model.ListedMail) -> MessageModel:
        """Convert a listed message."""
        return cls.model_validate(_listing_fields(listed))


class WholeMessageModel(MessageModel):
    """A parsed message. `text` and `html` are as sent: sanitise them before showing them."""

    headers: list[HeaderModel]
    text: str | None
    html: str | None

    @classmethod
    def of_content(cls, listed: model.ListedMail, content: model.ParsedMessage) -> WholeMessageModel:
        """Convert a listed message and its parsed content."""
        return cls.model_validate(
            _listing_fields(listed)
            | {
                "headers": content.headers,
                "text": content.text,
                "html": content.html,
                "links": content.links,
            }
        )


def _listing_fields(listed: model.ListedMail) -> dict[str, object]:
    mail, summary = listed.mail, listed.summary
    return {
        "id": mail.id,
        "date": mail.date,
        "sender": mail.sender,
        "recipients": mail.recipients,
        "sender_name": summary.sender_name,
        "subject": summary.subject,
        "preview": summary.preview,
        "size": mail.size,
        "attachments": summary.attachments,
        "codes": summary.codes,
        "links": summary.links,
    }


class ListingModel(JsonModel):
    """A page of a listing, newest first."""

    messages: list[MessageModel]
    next_before: int | None = Field(description="the value of `before` for the next page; null at the end")


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
    abuse_contact: str | None = None
    """Where to complain of what the server is used for: a `mailto:` or `https:` URL."""


class ProblemModel(JsonModel):
    """An error (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
