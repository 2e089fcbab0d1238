"""Judgements on kinds of disagreement."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts.compare_corpora import Difference


def find_kind(difference: Difference) -> str | None:
    """Return why readers differ, where it is known of the kind."""
    return None
