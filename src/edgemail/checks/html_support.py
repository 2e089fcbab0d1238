"""What mail programs support in HTML and CSS, as https://www.caniemail.com has tested it.

The build writes the facts beside this module (`scripts/pack_html_support.py`); the first check reads them.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

Support = Literal["yes", "partial", "no", "unknown"]

_FILE: Final = Path(__file__).parent / "data" / "html_support.json"
_FORM: Final = 1
_URL: Final = "https://www.caniemail.com/"
_SUPPORT: Final[dict[str, Support]] = {"y": "yes", "a": "partial", "n": "no", "u": "unknown"}
SCRIPT: Final = "html-script"


@dataclass(frozen=True, slots=True)
class MailProgram:
    """A mail program on a platform, in one version. `name` and `platform_name` are for people."""

    family: str
    name: str
    platform: str
    platform_name: str
    version: str


@dataclass(frozen=True, slots=True)
class TestedProgram:
    """How far a program supports a feature; `notes` are the numbers of what is said of it."""

    program: MailProgram
    support: Support
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SupportShares:
    """Shares in percent, which are 100 in all."""

    supported: float
    partial: float
    unsupported: float


@dataclass(frozen=True, slots=True)
class HtmlFeature:
    """A feature of HTML or CSS, and how each program supports it."""

    slug: str
    title: str
    description: str
    category: str
    url: str
    tags: tuple[str, ...]
    keywords: str
    notes: dict[str, str]
    tested: tuple[TestedProgram, ...]
    shares: SupportShares
    """Of the programs of which it is known."""


@dataclass(frozen=True, slots=True)
class HtmlSupport:
    """All facts, with the version and the date that they have."""

    version: str
    date: str
    families: tuple[str, ...]
    programs: tuple[MailProgram, ...]
    features: dict[str, HtmlFeature]


def is_built() -> bool:
    """Return False in a checkout in which nothing was built yet."""
    return _FILE.exists()


@cache
def load_html_support() -> HtmlSupport:
    """Read the facts, once. They take a few megabytes from then on."""
    facts = json.loads(_FILE.read_text("utf-8"))
    if facts["form"] != _FORM:
        raise RuntimeError(f"{_FILE} has another form: build it again")
    families, platforms = facts["families"], facts["platforms"]
    programs = tuple(
        MailProgram(family, families.get(family, family), platform, platforms.get(platform, platform), version)
        for family, platform, version in facts["programs"]
    )
    features = {found["slug"]: _read_feature(found, programs) for found in facts["features"]}
    features[SCRIPT] = HtmlFeature(
        *(SCRIPT, "<script> element", "No mail program runs scripts.", "html", _URL, (), ""),
        *({}, (), SupportShares(0.0, 0.0, 100.0)),
    )
    named = tuple(dict.fromkeys(program.family for program in programs))
    return HtmlSupport(facts["version"], facts["date"], named, programs, features)


def _read_feature(found: dict[str, Any], programs: tuple[MailProgram, ...]) -> HtmlFeature:
    tested = []
    counts: Counter[Support] = Counter()
    for code, places in found["support"].items():
        support = _SUPPORT[code[0]]
        counts[support] += len(places)
        notes = tuple(word[1:] for word in code.split()[1:])
        tested += [TestedProgram(programs[place], support, notes) for place in places]
    return HtmlFeature(
        found["slug"],
        found["title"],
        found["description"],
        found["category"],
        f"{_URL}features/{found['slug']}/",
        tuple(found["tags"]),
        found["keywords"],
        found["notes"],
        tuple(tested),
        _share(counts),
    )


def _share(counts: Counter[Support]) -> SupportShares:
    known = counts["yes"] + counts["partial"] + counts["no"]
    if not known:
        return SupportShares(100.0, 0.0, 0.0)
    partial, unsupported = (100 * counts[support] / known for support in ("partial", "no"))
    return SupportShares(100 - partial - unsupported, partial, unsupported)
