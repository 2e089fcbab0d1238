"""Finds what the package carries beside code: pages of `docs`, the skill for agents, files of `deploy`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

SKILL: Final = "skills/edgemail/SKILL.md"
_PACKAGE: Final = Path(__file__).parents[1]
_ROOT: Final = _PACKAGE.parents[1] if _PACKAGE.parent.name == "src" else _PACKAGE
"""An editable install reads the repository's own files; an installed package has copies (`hatch_build.py`)."""
_PAGE: Final = re.compile(r"docs/(?:README|(?:explanation|how-to|reference|tutorial)/[a-z0-9-]{1,80})\.md")


def find_guide(name: str) -> Path | None:
    """Return where a guide is, such as `docs/reference/api.md`, or None if there is no such one."""
    if name != SKILL and not _PAGE.fullmatch(name):
        return None
    path = _ROOT / name
    return path if path.is_file() else None


def read_skill() -> str:
    """Return the text that teaches an agent to use edgemail.

    Raises:
        RuntimeError: the package lacks it.
    """
    path = find_guide(SKILL)
    if path is None:
        raise RuntimeError(f"the package has no {SKILL}")
    return path.read_text(encoding="utf-8")


def read_deploy_file(name: str) -> str:
    """Return the text of a file of `deploy`, such as `edgemail.service`.

    Raises:
        OSError: the package lacks it.
    """
    return (_ROOT / "deploy" / name).read_text(encoding="utf-8")
