"""Which format of caniemail's list an image's URL has, as far as the URL tells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENDINGS: Final = {
    **{name: f"image-{name}" for name in ("apng", "avif", "bmp", "gif", "hdr", "ico", "jpg", "mp4", "png", "svg")},
    **dict.fromkeys(("jpeg", "jfif"), "image-jpg"),
    **dict.fromkeys(("heic", "heif"), "image-heif"),
    **dict.fromkeys(("tif", "tiff"), "image-tiff"),
    "webp": "image-webp",
}
_TYPES: Final = {"svg+xml": "svg", "x-icon": "ico", "vnd.microsoft.icon": "ico", "x-ms-bmp": "bmp"}
_DATA: Final = re.compile(r"data:(?:image|video)/([a-z0-9.+-]{1,40})([^,]{0,100},)?", re.IGNORECASE)
_ENDING: Final = re.compile(r"\.([a-z0-9]{2,5})\Z", re.IGNORECASE)
_URL_MAX: Final = 2_000


def find_image_features(url: str) -> Iterator[str]:
    """Give the slugs of an image's format and of how it is given."""
    url = url[:_URL_MAX].strip()
    if found := _DATA.match(url):
        kind = found[1].lower()
        if ";base64" in (found[2] or "").lower():
            yield "image-base64"
        ending = _TYPES.get(kind, kind)
    else:
        path = url.partition("#")[0].partition("?")[0]
        known = _ENDING.search(path)
        ending = known[1].lower() if known else ""
    if slug := _ENDINGS.get(ending):
        yield slug
