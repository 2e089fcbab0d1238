"""The paths of these APIs that the port itself treats in another way. This module is light."""

from __future__ import annotations

from typing import Final

from edgemail.http.limits import SpecialPaths

SEND_PATH: Final = "/api/v1/send"
EVENTS_PATH: Final = "/api/events"


def find_special_paths(max_message_bytes: int) -> SpecialPaths:
    """Return what the port has to know of them."""
    return SpecialPaths(frozenset({EVENTS_PATH.encode()}), {SEND_PATH.encode(): max_message_bytes})
