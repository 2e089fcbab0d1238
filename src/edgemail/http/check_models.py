"""The JSON documents of checks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edgemail.http.models import JsonModel


class SupportScoreModel(JsonModel):
    """Shares in percent, which are 100 in all."""

    supported: float
    partial: float
    unsupported: float


class WarnedProgramModel(JsonModel):
    """A mail program that does not support a feature in full, or of which it is not known."""

    family: str = Field(description="such as `outlook`")
    name: str
    platform: str = Field(description="such as `windows`, `ios` or `desktop-webmail`")
    version: str
    support: Literal["no", "partial", "unknown"]
    note: str | None


class HtmlWarningModel(JsonModel):
    """A feature of the HTML that some mail program does not support in full."""

    slug: str
    title: str
    description: str | None
    url: str
    category: Literal["css", "html", "image", "others"]
    lines: list[int] = Field(description="where the HTML uses it, from 1 on; at most 50")
    found: int = Field(description="the elements that it is on, and at least the places where it is written")
    score: SupportScoreModel = Field(description="of the programs that were tested")
    clients: list[WarnedProgramModel]


class HtmlCheckModel(JsonModel):
    """What mail programs do not support in a message's HTML; what matters most comes first."""

    score: SupportScoreModel = Field(
        description="of the whole HTML: the feature that matters most, by the share of elements that it is on"
    )
    nodes: int = Field(description="the number of elements")
    tests: int = Field(description="the number of features that were looked for")
    families: list[str] = Field(description="every family of mail programs that is known")
    warnings: list[HtmlWarningModel]
    truncated: bool = Field(description="whether the HTML is so long that its end was not read")
    data_version: str = Field(description="the version of the facts, which are from https://www.caniemail.com")
    data_date: str = Field(description="when the facts were changed last", examples=["2026-05-13"])


class LinkHopModel(JsonModel):
    """An answer on the way that a link leads: the last one is the link's."""

    url: str
    status: int


class CheckedLinkModel(JsonModel):
    """What a link answers."""

    url: str
    status: int | None = Field(description="null where there was no answer")
    status_text: str
    error: str | None = Field(description="why there was no answer")
    hops: list[LinkHopModel]


class LinkCheckModel(JsonModel):
    """What the links of a message answer, in their order."""

    links: list[CheckedLinkModel]
    errors: int = Field(description="how many do not answer, or answer with 400 or above")
    left_out: int = Field(description="how many more links the message has, which were not asked")
