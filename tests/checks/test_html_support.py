"""The facts of the HTML check: packed at the build, read once."""

from __future__ import annotations

import json

from scripts.pack_html_support import PACKAGE, list_current, make_plain, pack

from edgemail.checks.html_support import is_built, load_html_support

FACTS = {
    "last_update_date": "2026-05-13 14:45:41 +0000",
    "nicenames": {"family": {"outlook": "Outlook"}, "platform": {"windows": "Windows"}},
    "data": [
        {
            "slug": "css-x",
            "title": "`x`",
            "description": "See [this](https://a.example).",
            "category": "css",
            "tags": [],
            "keywords": None,
            "notes_by_num": {"1": "Only `a`."},
            "stats": {"outlook": {"windows": {"2007": "n", "2019": "a #1"}, "ios": {"12.4": "n", "15": "y"}}},
        }
    ],
}


def test_the_facts_are_packed_with_their_version_and_date() -> None:
    """Programs are named once; texts are plain."""
    packed = pack(FACTS, "1.2.3")
    assert (packed["version"], packed["date"]) == ("1.2.3", FACTS["last_update_date"])
    assert packed["programs"] == [
        ["outlook", "windows", "2007"],
        ["outlook", "windows", "2019"],
        ["outlook", "ios", "15"],
    ]
    (feature,) = packed["features"]
    assert feature["support"] == {"n": [0], "a #1": [1], "y": [2]}
    assert (feature["title"], feature["description"]) == ("x", "See this.")
    assert feature["notes"] == {"1": "Only a."}
    assert make_plain(None) == ""


def test_the_newest_version_of_a_program_is_in_use() -> None:
    """By date, by number, or else by the order of the list; Outlook for Windows is one program each year."""
    dated = {"2022-07": "n", "2021-03": "y"}
    assert list_current("orange", "desktop-webmail", dated) == ["2022-07"]
    assert list_current("apple-mail", "ios", {"15": "n", "12.4": "y"}) == ["15"]
    assert list_current("thunderbird", "macos", {"60.10": "n", "60.9": "y"}) == ["60.10"]
    assert list_current("outlook", "macos", {"2016": "n", "16.80": "y"}) == ["16.80"]
    assert list_current("outlook", "android", {"2021-09": "n", "5.2543.1": "y"}) == ["5.2543.1"]
    assert list_current("outlook", "windows", {"2007": "n", "2019": "y"}) == ["2007", "2019"]


def test_what_is_built_is_the_package_that_is_pinned() -> None:
    """`make client` packs it anew when the lock file changes."""
    known = load_html_support()
    assert is_built()
    assert known.version == json.loads((PACKAGE / "package.json").read_text("utf-8"))["version"]
    assert len(known.features) > 300
    assert known.date > "2026-05"
    for feature in known.features.values():
        assert feature.category in ("css", "html", "image", "others")
        assert abs(feature.shares.supported + feature.shares.partial + feature.shares.unsupported - 100) < 0.001
