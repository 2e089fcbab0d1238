"""Packs what mail programs support in HTML, from the npm package `caniemail`, for `edgemail.checks`.

    python3 scripts/pack_html_support.py

The Makefile and hatch_build.py run it after `npm ci` in `web`. It writes `src/edgemail/checks/data/`, which is
not committed and goes into the wheel: the facts as compact JSON, and the licence.

Python reads the package's JSON, as the order of versions in it counts: the last one is the newest. JavaScript
would put `15` before `12.4`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "web" / "node_modules" / "caniemail"
FOLDER = ROOT / "src" / "edgemail" / "checks" / "data"
FORM = 1
"""Goes up when the form of the file changes; see `edgemail.checks.html_support`."""
DATED = re.compile(r"[0-9]{4}-[0-9]{2}")
PLAIN = re.compile(r"[0-9]+(\.[0-9]+)?")
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
LICENCE_OF_FACTS = """\
What mail programs support is from Can I email, https://www.caniemail.com, as the npm package caniemail {version}
carries it. The facts were last changed {date}. Both are under the MIT licence.

Facts: Copyright (c) 2019 HTeuMeuLeu

Package:

"""


def list_current(family: str, platform: str, versions: dict[str, str]) -> list[str]:
    """Return the versions that are in use: the newest one, and of Outlook for Windows each one.

    All other programs update themselves; what one of them did years ago is history.
    """
    if (family, platform) == ("outlook", "windows"):
        return list(versions)
    if all(DATED.fullmatch(version) for version in versions):
        return [max(versions)]
    if all(PLAIN.fullmatch(version) for version in versions):
        return [max(versions, key=float)]
    return [list(versions)[-1]]


def make_plain(text: str | None) -> str:
    """Return Markdown as plain text, as far as these texts use it."""
    return LINK.sub(r"\1", text or "").replace("`", "").strip()


def pack(facts: dict[str, Any], version: str) -> dict[str, Any]:
    """Return what the check needs. Programs stand in a list; features name them by their places in it."""
    programs: dict[tuple[str, str, str], int] = {}
    features = []
    for feature in facts["data"]:
        support: dict[str, list[int]] = {}
        for family, platforms in feature["stats"].items():
            for platform, versions in platforms.items():
                for name in list_current(family, platform, versions):
                    place = programs.setdefault((family, platform, name), len(programs))
                    support.setdefault(versions[name], []).append(place)
        features.append(
            {
                "slug": feature["slug"],
                "title": make_plain(feature["title"]),
                "description": make_plain(feature["description"]),
                "category": feature["category"],
                "tags": feature["tags"],
                "keywords": feature["keywords"] or "",
                "notes": {number: make_plain(note) for number, note in (feature["notes_by_num"] or {}).items()},
                "support": support,
            }
        )
    names = facts["nicenames"]
    return {
        "form": FORM,
        "version": version,
        "date": facts["last_update_date"],
        "families": names["family"],
        "platforms": names["platform"],
        "programs": [list(program) for program in programs],
        "features": features,
    }


def main() -> None:
    """Write the files."""
    version = json.loads((PACKAGE / "package.json").read_text("utf-8"))["version"]
    facts = json.loads((PACKAGE / "data" / "caniemail.json").read_text("utf-8"))
    packed = pack(facts, version)
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = json.dumps(packed, ensure_ascii=False, separators=(",", ":"))
    licence = LICENCE_OF_FACTS.format(version=version, date=packed["date"][:10])
    (FOLDER / "LICENSE.txt").write_text(licence + (PACKAGE / "LICENSE").read_text("utf-8"), "utf-8")
    (FOLDER / "html_support.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
