"""Opening the store that the settings name."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from edgemail.errors import SettingsError, StoreInvalid
from edgemail.settings import StoreSettings
from edgemail.store.open import open_store

if TYPE_CHECKING:
    from pathlib import Path

WHAT_IS_LOADED = """
import asyncio, sys
from edgemail.errors import StoreUnavailable
from edgemail.settings import StoreSettings
from edgemail.store.open import open_store

async def work():
    try:
        await (await open_store(StoreSettings(db=sys.argv[1]))).close()
    except StoreUnavailable:
        pass

asyncio.run(work())
print(*sorted({"apsw", "httpx2"} & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("db", "loaded"),
    [("memory", ""), ("mail.db", "apsw"), ("http://127.0.0.1:9", "httpx2")],
    ids=["memory", "file", "server"],
)
def test_only_what_a_store_needs_is_loaded(db: str, loaded: str, tmp_path: Path) -> None:
    """The HTTP client takes a tenth of a second, and a memory store is to open at once."""
    done = subprocess.run(
        [sys.executable, "-c", WHAT_IS_LOADED, db], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == loaded


async def test_a_store_in_memory_cannot_be_opened_for_reading_alone() -> None:
    """No other program could bring mail into it."""
    with pytest.raises(StoreInvalid, match="in memory has only the mail that this program takes"):
        await open_store(StoreSettings(db="memory"), read_only=True)


async def test_a_token_file_that_cannot_be_read_is_a_mistake_in_the_settings(tmp_path: Path) -> None:
    """It is named, as in every other mistake."""
    settings = StoreSettings(db="http://127.0.0.1:9", token_file=str(tmp_path / "missing"))
    with pytest.raises(SettingsError, match=r"^db_token_file: .*missing"):
        await open_store(settings)


def test_a_database_is_a_file_or_on_a_server_or_in_memory() -> None:
    """The settings tell which; nobody else looks at the text."""
    kinds = {
        "mail.db": ("mail.db", None, False),
        "https://db.example.org": (None, "https://db.example.org", False),
        "memory": (None, None, True),
        "./memory": ("memory", None, False),
    }
    for db, (file, url, is_in_memory) in kinds.items():
        settings = StoreSettings(db=db)
        assert (settings.file and str(settings.file), settings.url) == (file, url)
        assert settings.is_in_memory is is_in_memory
