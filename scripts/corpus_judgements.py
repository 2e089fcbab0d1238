"""Judgements on single messages of other projects, by the first twelve digits of their SHA-256."""

from __future__ import annotations

JUDGEMENTS: dict[str, str] = {}
