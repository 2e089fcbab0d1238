"""Reads from declarations of CSS and attributes of HTML what hides an element, and its colours and size."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from edgemail.mime.finder.page import read_attributes

if TYPE_CHECKING:
    from collections.abc import Mapping

Colour = tuple[int, int, int]
STYLE_MAX: Final = 4_000

_WHITE: Final[Colour] = (255, 255, 255)
_BLACK: Final[Colour] = (0, 0, 0)
_LINK: Final[Colour] = (0, 0, 238)
_NAMES: Final[dict[str, Colour]] = {
    "white": _WHITE,
    "black": _BLACK,
    "snow": (255, 250, 250),
    "ivory": (255, 255, 240),
    "ghostwhite": (248, 248, 255),
    "floralwhite": (255, 250, 240),
    "whitesmoke": (245, 245, 245),
    "mintcream": (245, 255, 250),
    "azure": (240, 255, 255),
    "aliceblue": (240, 248, 255),
    "seashell": (255, 245, 238),
    "gainsboro": (220, 220, 220),
    "lightgray": (211, 211, 211),
    "lightgrey": (211, 211, 211),
    "silver": (192, 192, 192),
    "gray": (128, 128, 128),
    "grey": (128, 128, 128),
    "red": (255, 0, 0),
    "maroon": (128, 0, 0),
    "yellow": (255, 255, 0),
    "olive": (128, 128, 0),
    "lime": (0, 255, 0),
    "green": (0, 128, 0),
    "aqua": (0, 255, 255),
    "cyan": (0, 255, 255),
    "teal": (0, 128, 128),
    "blue": (0, 0, 255),
    "navy": (0, 0, 128),
    "fuchsia": (255, 0, 255),
    "magenta": (255, 0, 255),
    "purple": (128, 0, 128),
    "orange": (255, 165, 0),
}
_NEAR: Final = 40
"""Colours whose channels differ by less in all are the same to the eye."""
_SMALLEST_PX: Final = 3.0
_LARGEST_PX: Final = 1_000.0
_FAR_PX: Final = -400.0

_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\([0-9a-fA-F]{1,6})[ \t\n]?|\\(.)")
_LENGTH: Final = re.compile(r"([+-]?[0-9]*\.?[0-9]+)(px|pt|em|rem|ex|ch|vw|vh|in|cm|mm|%)?")
_HEX: Final = re.compile(r"#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_RGB: Final = re.compile(r"rgba?\( *([0-9.]+%?)[ ,]+([0-9.]+%?)[ ,]+([0-9.]+%?)(?:[ ,/]+([0-9.]+%?))? *\)")
_PX: Final = {
    "px": 1.0,
    "pt": 1.333,
    "in": 96.0,
    "cm": 37.8,
    "mm": 3.78,
    "rem": 16.0,
    "vw": 10.0,
    "vh": 8.0,
    "": 1.0,
}
_NO_SCALE: Final = re.compile(r"scale[xy3d]*\( *0*\.?0+ *[,)]|translate[xy3d]*\( *-[0-9]{3,}|matrix\( *0 *,")
_CLIPPED: Final = re.compile(
    r"rect\( *[01]?(?:px)?[ ,]+[01]?(?:px)?[ ,]+[01]?(?:px)?[ ,]+[01]?(?:px)? *\)"
    r"|inset\( *(?:50|[6-9][0-9]|100)(?:\.[0-9]+)?%|circle\( *0"
)
_QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_HIDDEN_WORD: Final = re.compile(r"(?:^|[ \t\r\n\"'/])hidden(?=[ \t\r\n/>=]|$)", re.IGNORECASE)
_FONT_SIZES: Final = {
    "xx-small": 9.0,
    "x-small": 10.0,
    "small": 13.0,
    "medium": 16.0,
    "large": 18.0,
    "x-large": 24.0,
}


@dataclass(frozen=True, slots=True)
class Look:
    """How text within an element looks. None is a colour that is not known: the text counts as seen."""

    is_gone: bool = False
    """It is hidden, and so is all in it."""
    colour: Colour | None = _BLACK
    background: Colour | None = _WHITE
    size_px: float = 16.0
    is_clear: bool = False
    """Its colour is transparent."""

    @property
    def is_seen(self) -> bool:
        """True if a person sees text that looks so."""
        if self.is_gone or self.is_clear or self.size_px < _SMALLEST_PX:
            return False
        if self.colour is None or self.background is None:
            return True
        return sum(abs(one - other) for one, other in zip(self.colour, self.background, strict=True)) >= _NEAR


PAPER: Final = Look()
"""Black on white."""


def look_of(name: str, attributes: str, rules: Mapping[str, str], around: Look) -> Look:
    """Return how the text of an element looks. `rules` are the declarations of style sheets that match it."""
    if around.is_gone:
        return around
    own = _read(name, attributes) if len(attributes) > STYLE_MAX else _read_as_before(name, attributes)
    given = {**rules, **own} if rules else own
    if not given:
        return replace(around, colour=_LINK, is_clear=False) if name == "a" else around
    if _hides(given):
        return replace(around, is_gone=True)
    look = around
    if name == "a" and "color" not in given:
        look = replace(look, colour=_LINK, is_clear=False)
    if size := given.get("font-size"):
        look = replace(look, size_px=min(_LARGEST_PX, _read_size(size, around.size_px)))
    if written := given.get("-webkit-text-fill-color") or given.get("color"):
        look = _paint(look, written)
    if (written := given.get("background-color") or given.get("background")) is not None:
        look = _lay(look, written)
    if "background-image" in given and given["background-image"] != "none":
        look = replace(look, background=None)
    return look


def read_declarations(text: str) -> dict[str, str]:
    """Read ``name: value; name: value``, in lower case. The last one of a name wins, but for ``!important``."""
    text = _ESCAPE.sub(_unescape, _COMMENT.sub("", text[:STYLE_MAX])).lower()
    found: dict[str, str] = {}
    important: dict[str, str] = {}
    for declaration in text.split(";"):
        name, colon, value = declaration.partition(":")
        if not colon:
            continue
        value, mark, _ = value.partition("!")
        (important if mark else found)[name.strip()] = " ".join(value.split())
    return found | important


def _unescape(found: re.Match[str]) -> str:
    if found[2] is not None:
        return found[2]
    number = int(found[1], 16)
    return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else ""


def _read(name: str, attributes: str) -> dict[str, str]:
    """Return the declarations that an element's own attributes amount to."""
    given: dict[str, str] = {}
    style = None
    for attribute, value in read_attributes(attributes):
        if attribute == "style" and style is None:
            style = value
        elif attribute == "bgcolor":
            given.setdefault("background-color", value.strip().lower())
        elif attribute == "background":
            given.setdefault("background-image", "url")
        elif (attribute == "color" and name == "font") or (attribute == "text" and name == "body"):
            given.setdefault("color", value.strip().lower())
    if _HIDDEN_WORD.search(_QUOTED.sub('""', attributes)):
        given["display"] = "none"
    return given | read_declarations(style) if style else given


_read_as_before = lru_cache(maxsize=1_024)(_read)
"""Remembers the styles that a newsletter repeats in each of its cells."""


def _hides(given: Mapping[str, str]) -> bool:
    """Return True for declarations that hide an element with all in it."""
    if given.get("display") == "none" or given.get("mso-hide") == "all":
        return True
    if given.get("visibility") in ("hidden", "collapse") or given.get("content-visibility") == "hidden":
        return True
    if (opacity := given.get("opacity")) and _read_share(opacity) < 0.1:
        return True
    if "opacity(0" in given.get("filter", ""):
        return True
    if (height := given.get("max-height")) and _is_nothing(height):
        return True
    cuts = any(
        given.get(name, "visible") in ("hidden", "clip") for name in ("overflow", "overflow-x", "overflow-y")
    )
    if cuts and any(_is_nothing(given[name]) for name in ("height", "width", "max-width") if name in given):
        return True
    if any(_CLIPPED.search(given[name]) for name in ("clip", "clip-path") if name in given):
        return True
    if "transform" in given and _NO_SCALE.search(given["transform"]):
        return True
    shifts = ("left", "right", "top", "bottom", "text-indent", "margin-left", "margin-top", "margin-right")
    return any(_read_px(given[name], 16.0) <= _FAR_PX for name in shifts if name in given)


def _is_nothing(length: str) -> bool:
    found = _LENGTH.fullmatch(length)
    return (
        found is not None
        and found[2] != "%"
        and float(found[1]) <= 1.0
        and found[2] not in ("em", "rem", "in", "cm")
    )


def _read_share(text: str) -> float:
    found = _LENGTH.fullmatch(text)
    if found is None:
        return 1.0
    return float(found[1]) / (100.0 if found[2] == "%" else 1.0)


def _read_px(text: str, em_px: float) -> float:
    """Return a length in pixels; 0 for what is no length."""
    found = _LENGTH.match(text)
    if found is None:
        return 0.0
    unit = found[2] or ""
    factor = em_px if unit in ("em", "ex", "ch") else 8.0 if unit == "%" else _PX[unit]
    return float(found[1]) * factor


def _read_size(text: str, around_px: float) -> float:
    if text in _FONT_SIZES:
        return _FONT_SIZES[text]
    found = _LENGTH.fullmatch(text)
    if found is None:
        return around_px if text in ("inherit", "smaller", "larger") else 16.0
    if found[2] == "%":
        return around_px * float(found[1]) / 100.0
    return _read_px(text, around_px)


def _paint(look: Look, written: str) -> Look:
    colour, is_clear = _read_colour(written)
    return look if written == "inherit" else replace(look, colour=colour, is_clear=is_clear)


def _lay(look: Look, written: str) -> Look:
    """Lay a background under what looks so. An image or a gradient may have any colour."""
    if "url(" in written or "gradient" in written:
        return replace(look, background=None)
    for word in (written, *written.split(" ")):
        colour, is_clear = _read_colour(word)
        if is_clear:
            return look
        if colour is not None:
            return replace(look, background=colour)
    return look if written in ("none", "inherit", "initial", "") else replace(look, background=None)


@lru_cache(maxsize=1_024)
def _read_colour(text: str) -> tuple[Colour | None, bool]:
    """Return a colour, None where it is not known, and whether it is transparent."""
    if text in _NAMES:
        return _NAMES[text], False
    if text == "transparent":
        return None, True
    if found := _HEX.fullmatch(text if text.startswith("#") else f"#{text}"):
        digits = found[1]
        if len(digits) < 6:
            digits = "".join(digit * 2 for digit in digits)
        red, green, blue = (int(digits[start : start + 2], 16) for start in (0, 2, 4))
        return (red, green, blue), len(digits) == 8 and int(digits[6:], 16) < 26
    if found := _RGB.fullmatch(text):
        red, green, blue = (_read_channel(found[place]) for place in (1, 2, 3))
        return (red, green, blue), found[4] is not None and _read_share(found[4]) < 0.1
    return None, False


def _read_channel(text: str) -> int:
    try:
        value = float(text.rstrip("%")) * (2.55 if text.endswith("%") else 1.0)
    except ValueError:
        return 0
    return round(max(0.0, min(255.0, value)))
