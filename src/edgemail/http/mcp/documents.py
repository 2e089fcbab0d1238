"""What the tools take and give, as JSON documents: their schemas are what an agent's client sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT_MAX = 200
"""The most characters of a line that a sender wrote."""

CONTENT_MAX = 20_000
IDS_MAX = 50
PAGE_MAX = 50
WAIT_MAX_S = 55.0
_ID_MAX = 2**63 - 1

_Address = Annotated[str, Field(max_length=320, description="an e-mail address, as new_address gave it")]
_Key = Annotated[
    str | None, Field(max_length=64, description="the key of a locked address, as new_address gave it")
]
_After = Annotated[
    int | None,
    Field(ge=0, le=_ID_MAX, description="only mail that came after this id: the `after` of an earlier answer"),
]
_From = Annotated[
    str | None,
    Field(max_length=320, description="only mail from this address or domain; another word is sought in From:"),
]
_Timeout = Annotated[float, Field(ge=0, le=WAIT_MAX_S, description="seconds to wait")]
_Id = Annotated[int, Field(ge=0, le=_ID_MAX)]


class ToolDocument(BaseModel):
    """The base of all documents: what is not in the schema is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class NewAddressInput(ToolDocument):
    """What `new_address` takes."""

    label: Annotated[
        str | None,
        Field(pattern="^[a-z0-9-]{1,20}$", description="a word at the beginning of the address, to tell it apart"),
    ] = None
    domain: Annotated[str | None, Field(max_length=255, description="the domain of the address")] = None
    locked: Annotated[
        bool, Field(description="make a key as well: on a public server the mail then opens to its `key` alone")
    ] = False


class KeyedInput(ToolDocument):
    """What each tool takes that looks at an inbox."""

    address: _Address
    key: _Key = None


class WaitInput(KeyedInput):
    """What `wait_for_code` takes."""

    after: _After = None
    sender: _From = Field(default=None, validation_alias="from", serialization_alias="from")
    timeout_s: _Timeout = 30


class WaitForLinkInput(WaitInput):
    """What `wait_for_link` takes."""

    host: Annotated[
        str | None, Field(max_length=253, description="only links to this host or below it, such as shop.example")
    ] = None


class WaitForMessageInput(WaitInput):
    """What `wait_for_message` takes."""

    subject: Annotated[str | None, Field(max_length=200, description="only mail with this in its subject")] = None


class ListInput(KeyedInput):
    """What `list_messages` takes."""

    search: Annotated[str | None, Field(max_length=200, description="words that must all be in the message")] = None
    after: _After = None
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 10
    before: Annotated[
        int | None, Field(ge=0, le=_ID_MAX, description="only mail with a lower id: `next_before` of the last page")
    ] = None


class ReadInput(KeyedInput):
    """What `read_message` takes."""

    id: _Id
    part: Annotated[
        Literal["text", "html", "headers", "raw"],
        Field(description="`text` is what a person sees; `html`, `headers` and `raw` are its source"),
    ] = "text"
    offset: Annotated[int, Field(ge=0, le=10_000_000, description="characters to skip: `next_offset`")] = 0
    max_chars: Annotated[int, Field(ge=1, le=CONTENT_MAX)] = 4000


class DeleteInput(KeyedInput):
    """What `delete_messages` takes."""

    ids: Annotated[list[_Id], Field(min_length=1, max_length=IDS_MAX)]


class AddressDocument(ToolDocument):
    """What `new_address` gives."""

    address: str
    after: int = Field(description="give this to the first wait")
    expires: str | None = Field(description="when mail that comes now is deleted; null for never")
    receives_internet_mail: bool = Field(description="false: only programs on this network can send to it")
    key: str | None = Field(
        default=None, description="only of a locked address: give it to each call with this address"
    )

    @model_serializer(mode="wrap")
    def _leave_out_no_key(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        document: dict[str, Any] = serialize(self)
        return document if self.key is not None else {name: document[name] for name in document if name != "key"}


class VerificationDocument(ToolDocument):
    """What `wait_for_code` and `wait_for_link` give."""

    status: Literal["found", "timeout"]
    after: int = Field(description="the newest id seen; give it to the next call")
    message_id: int | None = None
    sender: str | None = Field(
        default=None,
        validation_alias="from",
        serialization_alias="from",
        description="the address in From:, null if not plain",
    )
    from_host_matches_link: bool | None = Field(default=None, description="null without a link or an address")
    code: str | None = Field(default=None, description="null if there is none, or several")
    link: str | None = Field(default=None, description="null if there is none, or several")
    link_host: str | None = None
    candidates: int = Field(default=0, description="how many codes or links there were to choose from")
    reason: str | None = Field(default=None, description="why it was chosen, in this server's words")
    received: str | None = None


class FileDocument(ToolDocument):
    """An attachment, without what its sender called it."""

    index: int
    type: str
    size: int = Field(description="octets")


class UntrustedLines(ToolDocument):
    """What a sender wrote of a message, each a line."""

    sender: str = Field(validation_alias="from", serialization_alias="from", max_length=TEXT_MAX)
    subject: str = Field(max_length=TEXT_MAX)
    preview: str = Field(max_length=TEXT_MAX)


class BareSummaryDocument(ToolDocument):
    """A message in a list, without a word that its sender wrote."""

    id: int
    received: str
    codes: int
    links: int
    attachments: list[FileDocument]


class SummaryDocument(BareSummaryDocument):
    """A message in a list."""

    untrusted: UntrustedLines


class ArrivalDocument(ToolDocument):
    """What `wait_for_message` gives."""

    status: Literal["found", "timeout"]
    after: int = Field(description="the newest id seen; give it to the next call")
    message: SummaryDocument | None = None


class BareArrivalDocument(ToolDocument):
    """The same without a word that its sender wrote."""

    status: Literal["found", "timeout"]
    after: int = Field(description="the newest id seen; give it to the next call")
    message: BareSummaryDocument | None = None


class ListDocument(ToolDocument):
    """What `list_messages` gives, newest first."""

    messages: list[SummaryDocument]
    next_before: int | None = Field(description="null at the end")


class BareListDocument(ToolDocument):
    """The same without a word that its sender wrote."""

    messages: list[BareSummaryDocument]
    next_before: int | None = Field(description="null at the end")


class UntrustedContent(ToolDocument):
    """What a sender wrote, between two marker lines."""

    content: str


class PartDocument(ToolDocument):
    """What `read_message` gives."""

    id: int
    part: Literal["text", "html", "headers", "raw"]
    untrusted: UntrustedContent
    total_chars: int
    next_offset: int | None = Field(description="the offset to read on from; null at the end")


class DeletedDocument(ToolDocument):
    """What `delete_messages` gives."""

    deleted: int


def write_schema(document: type[ToolDocument], changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the JSON Schema of a document, without the titles that repeat its names."""
    schema: dict[str, Any] = _drop_titles(document.model_json_schema(by_alias=True))
    for name, change in (changes or {}).items():
        schema["properties"][name] |= change
    return schema


def _drop_titles(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: {name: _drop_titles(entry) for name, entry in inner.items()}
            if key in ("properties", "$defs")
            else _drop_titles(inner)
            for key, inner in value.items()
            if key != "title" and not (key == "description" and "properties" in value)
        }
    if isinstance(value, list):
        return [_drop_titles(entry) for entry in value]
    return value
