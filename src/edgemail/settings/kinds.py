"""Kinds of values: how a setting is read from text and written as text, and what its help calls it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from edgemail.settings import parsing
from edgemail.settings.address_patterns import PATTERNS_MAX, read_pattern
from edgemail.settings.chaos_rules import RULES_MAX, ChaosRule, read_rule
from edgemail.settings.credentials import read_credentials

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgemail.model import Endpoint
    from edgemail.settings.values import FreeSpace, Network

ON: Final = "on"
OFF: Final = "off"
NONE: Final = "none"

V = TypeVar("V")
S = TypeVar("S", bound=str)


@dataclass(frozen=True, slots=True)
class Kind(Generic[V]):
    """How to read and write values of type `V`. For a list, `read` and `write` take one entry.

    `read` raises ValueError with the rest of a sentence that begins with the text: ``is not a duration; …``.
    """

    metavar: str
    """What stands for the value in a flag's help."""
    read: Callable[[str], Any]
    write: Callable[[Any], str] = str
    choices: tuple[str, ...] = ()
    """All texts that are valid, where they are few."""
    is_list: bool = False
    empty: str = ""
    """The text that stands for an empty list."""
    max_entries: int | None = None


def single(metavar: str, read: Callable[[str], V], write: Callable[[Any], str] = str) -> Kind[V]:
    """Return the kind whose values `read` returns."""
    return Kind(metavar, read, write)


def many(kind: Kind[V], *, empty: str = "", max_entries: int | None = None) -> Kind[tuple[V, ...]]:
    """Return the kind that is a list of another. The text `empty` stands for an empty list."""
    metavar, read = kind.metavar, kind.read
    if empty == OFF:
        metavar, read = f"{kind.metavar}|{empty}", _with_hint(kind.read, OFF)
    return Kind(metavar, read, kind.write, kind.choices, is_list=True, empty=empty, max_entries=max_entries)


def _with_hint(read: Callable[[str], V], word: str) -> Callable[[str], V]:
    """Return `read`, whose complaints name one more word that may be written."""

    def read_with_hint(text: str) -> V:
        try:
            return read(text)
        except ValueError as error:
            raise ValueError(f"{error}, or {word}") from None

    return read_with_hint


def or_off(kind: Kind[V]) -> Kind[V | None]:
    """Return a kind that also takes ``off``, which means `None`."""

    def read(text: str) -> Any:
        return None if text.lower() == OFF else read_value(text)

    read_value = _with_hint(kind.read, OFF)
    return Kind(f"{kind.metavar}|{OFF}", read, lambda value: OFF if value is None else kind.write(value))


def or_switch(kind: Kind[V]) -> Kind[V | bool]:
    """Return a kind that also takes ``on`` and ``off``, which mean `True` and `False`."""
    words = {ON: True, OFF: False}

    def read(text: str) -> Any:
        if text.lower() in words:
            return words[text.lower()]
        try:
            return kind.read(text)
        except ValueError as error:
            raise ValueError(f"{error}; or write {ON} or {OFF}") from None

    def write(value: Any) -> str:
        return (ON if value else OFF) if isinstance(value, bool) else kind.write(value)

    return Kind(f"{ON}|{OFF}|{kind.metavar}", read, write)


def unset(kind: Kind[V], text: str = NONE) -> Kind[V | None]:
    """Return a kind that may be `None`, where nobody gives a value; `text` stands for that in what is written."""
    return Kind(kind.metavar, kind.read, lambda value: text if value is None else kind.write(value))


def one_of(*choices: S) -> Kind[S]:
    """Return the kind that is one of these words."""

    def read(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError(f"is not known; write {', '.join(choices[:-1])} or {choices[-1]}")
        return text.lower()

    return Kind("|".join(choices), read, choices=choices)


COUNT: Final = single("N", parsing.read_count)
PERCENT: Final = single("N", parsing.read_percent)
BYTES: Final = single("SIZE", parsing.read_bytes, parsing.write_bytes)
DURATION: Final = single("DURATION", parsing.read_duration, parsing.write_duration)
FREE_SPACE: Final[Kind[FreeSpace]] = single("SHARE|SIZE", parsing.read_free_space, parsing.write_free_space)
ENDPOINT: Final[Kind[Endpoint]] = single("HOST:PORT", parsing.read_endpoint)
NETWORK: Final[Kind[Network]] = single("NETWORK", parsing.read_network, parsing.write_network)
DB: Final = single("PATH|URL|memory", parsing.read_db)
TOKEN: Final = single("TOKEN", parsing.read_token)
FILE: Final = single("PATH", str)
PATH: Final = single("PATH", parsing.read_path)
DOMAIN: Final = single("NAME", parsing.read_domain)
BASE_PATH: Final = single("PATH", parsing.read_base_path, lambda path: path or "/")
HOSTNAME: Final = single("NAME", parsing.read_hostname)
ALLOWED_HOST: Final = single("NAME", parsing.read_allowed_host)
ORIGIN: Final = single("ORIGIN", parsing.read_allowed_origin)
WEB_URL: Final = single("URL", parsing.read_web_url)
CONTACT: Final = single("ADDRESS|URL", parsing.read_contact)
CREDENTIALS: Final = single("NAME:SECRET", read_credentials)
LOCAL_PART: Final = single("NAME", parsing.read_local_part)

NETWORKS: Final[Kind[tuple[Network, ...]]] = many(NETWORK, empty=NONE)
PATTERNS: Final = many(single("PATTERN", read_pattern), empty=NONE, max_entries=PATTERNS_MAX)
CHAOS_RULES: Final[Kind[tuple[ChaosRule, ...]]] = many(single("RULE", read_rule), empty=NONE, max_entries=RULES_MAX)
