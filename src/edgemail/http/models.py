"""What the API sends, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

if TYPE_CHECKING:
    from edgemail import model

_Date = Annotated[
    datetime,
    PlainSerializer(lambda date: f"{date:%Y-%m-%dT%H:%M:%S}.{date.microsecond // 1000:03}Z", return_type=str),
]


class JsonModel(BaseModel):
    """The base of all answers: frozen, made from the program's own values."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, from_attributes=True)


class AttachmentModel(JsonModel):
    """What an attachment calls itself; `size` is in octets, decoded."""

    index: int
    name: str
    type: str
    size: int


class CodeModel(JsonModel):
    """A one-time code, and why it was taken for one."""

    code: str
    reason: str


class LinkModel(JsonModel):
    """A web link; `reason` says why it looks like one to confirm something, or is empty."""

    url: str
    text: str
    reason: str


class HeaderModel(JsonModel):
    """A header field, unfolded and decoded."""

    name: str
    value: str


class MessageModel(JsonModel):
    """A message as a listing shows it."""

    id: int
    date: _Date = Field(description="accepted at, UTC")
    sender: str = Field(description="the reverse-path, empty for the null one")
    recipients: list[str]
    sender_name: str = Field(alias="from", description="the From header, decoded")
    subject: str
    preview: str
    size: int = Field(description="octets")
    attachments: list[AttachmentModel]
    codes: list[CodeModel]
    links: list[LinkModel] = Field(description="links to confirm something; the whole message has every link")

    @classmethod
    def of(cls, listed: model.ListedMail) -> MessageModel:
        """Make it from the program's own value."""
        return cls.model_validate(_listing_fields(listed))


class WholeMessageModel(MessageModel):
    """A message taken apart. `text` and `html` are as sent: whoever shows them makes them safe."""

    headers: list[HeaderModel]
    text: str | None
    html: str | None

    @classmethod
    def of_content(cls, listed: model.ListedMail, content: model.ParsedMessage) -> WholeMessageModel:
        """Make it from the program's own values."""
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
    next_before: int | None = Field(description="ask for `before` this id to go on; null at the end")


class FoundModel(JsonModel):
    """`wait` has a message."""

    status: Literal["found"] = "found"
    message: MessageModel


class TimedOutModel(JsonModel):
    """`wait` has none, and the time is up."""

    status: Literal["timeout"] = "timeout"


class DeletedModel(JsonModel):
    """How many messages were deleted."""

    deleted: int


class StatusModel(JsonModel):
    """All is well."""

    status: Literal["ok"] = "ok"


class LimitsModel(JsonModel):
    """What a sender may send."""

    message_bytes: int
    recipients: int


class RetentionModel(JsonModel):
    """How long and how much is kept; null is without limit."""

    max_age_s: float | None
    max_messages: int | None
    max_bytes: int | None


class ServerInfoModel(JsonModel):
    """What a reader may want to know of the server. No domains: every domain is taken."""

    name: str = "edgemail"
    version: str
    domains: list[str]
    reserved: list[str]
    """Local parts whose mail goes to the operator, and into no inbox here."""
    limits: LimitsModel
    retention: RetentionModel
    smtp: list[str]
    read_only: bool = False
    """Whether deleting is refused, since this server only reads what others take in."""


class ProblemModel(JsonModel):
    """An error (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
