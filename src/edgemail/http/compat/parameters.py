"""Reads the parameters that these APIs share: junk is taken for nothing, as these tools do."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final

from edgemail.model import MailId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

LIMIT: Final = 50
_FEW: Final = 1_000
_NUMBER: Final = re.compile(r"\+?[0-9]{1,18}")
_ID: Final = re.compile(r"[1-9][0-9]{0,18}")
_PLACE: Final = re.compile(r"[0-9]{1,9}")
_ID_MAX: Final = 2**63 - 1


def read_number(request: Request, name: str, default: int) -> int:
    """Read a number that is not negative; the default stands in for anything else."""
    text = request.query_params.get(name, "")
    return int(text) if _NUMBER.fullmatch(text) else default


def read_place(text: str) -> int | None:
    """Read the number of a part; return None for what cannot be one."""
    return int(text) if _PLACE.fullmatch(text) else None


async def read_ids(texts: Sequence[str]) -> list[MailId]:
    """Read the ids among some texts, each once. The others name no message."""
    return _read_ids(texts) if len(texts) <= _FEW else await asyncio.to_thread(_read_ids, texts)


def _read_ids(texts: Sequence[str]) -> list[MailId]:
    return list(dict.fromkeys(id_ for text in texts if (id_ := read_id(text)) is not None))


def read_id(text: str) -> MailId | None:
    """Read an id; return None for what cannot be one."""
    number = int(text) if _ID.fullmatch(text) else 0
    return MailId(number) if 0 < number <= _ID_MAX else None
