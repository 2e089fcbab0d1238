"""Checks the server's database: it exists, is readable and writable, and its token is valid."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from edgemail.doctor.findings import Finding, Status, shorten
from edgemail.errors import EdgemailError, TokenError
from edgemail.store.open import open_store
from edgemail.store.remote.tokens import is_open_to_others, read_permit, read_token_file

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from edgemail.settings import StoreSettings

_SOON: Final = timedelta(days=14)
_WRITE_NOTHING: Final = "DELETE FROM mail WHERE 0"
_COLUMNS: Final = "SELECT name FROM pragma_table_info('mail')"


async def check_database(
    store: StoreSettings, now: datetime, timeout_s: float, *, reads_only: bool
) -> list[Finding]:
    """Check the database of the settings without changing it.

    With `reads_only` (an edge reader) it need not be writable.
    """
    if store.file is not None:
        return [await _check_file(store, store.file, reads_only=reads_only)]
    if store.is_in_memory:
        text = "mail is kept in memory, and lost when edgemail ends"
        return [Finding("database", Status.WARN, text, "name a file with --db")]
    try:
        token = store.token if store.token_file is None else read_token_file(store.token_file)
    except TokenError as error:
        return [Finding("token", Status.FAIL, str(error))]
    tokens = [] if token is None else [_judge_token(token, store.token_file, now, reads_only=reads_only)]
    return [await _check_remote(store.db, token, timeout_s, reads_only=reads_only), *tokens]


async def _check_remote(url: str, token: str | None, timeout_s: float, *, reads_only: bool) -> Finding:
    from edgemail.store.remote.hrana import HranaClient, HranaError, RequestRefused, StatementFailed

    async with HranaClient(url, token) as client:
        try:
            columns = await client.query(_COLUMNS, timeout_s=timeout_s)
        except RequestRefused as error:
            advice = "give a token of this database: --db-token-file, EDGEMAIL_DB_TOKEN"
            return Finding("database", Status.FAIL, f"{url}: {error}", advice)
        except HranaError as error:
            return Finding("database", Status.FAIL, f"{url}: {shorten(str(error))}", "start it, or correct --db")
        if not columns:
            text = f"{url} has no edgemail tables yet"
            return Finding("database", Status.WARN, text, "`edgemail serve` creates them")
        if reads_only:
            return Finding("database", Status.OK, f"{url} can be read")
        try:
            await client.query(_WRITE_NOTHING, timeout_s=timeout_s)
        except HranaError as error:
            may_not = isinstance(error, RequestRefused | StatementFailed)
            advice = "give a token that may write, or check an edge reader with --set smtp=off"
            text = f"{url} can be read, but not written: {shorten(str(error))}"
            return Finding("database", Status.FAIL, text, advice if may_not else "see the database's log")
    return Finding("database", Status.OK, f"{url} can be read and written")


def _judge_token(token: str, file: str | None, now: datetime, *, reads_only: bool) -> Finding:
    """Judge the token's claims and its file's mode. `_check_remote` tries the token."""
    if file is not None and is_open_to_others(file):
        return Finding("token", Status.WARN, f"other users of this machine may read {file}", f"chmod 600 {file}")
    try:
        permit = read_permit(token)
    except TokenError as error:
        return Finding("token", Status.WARN, f"it {error}", "make one with `edgemail token mint`")
    if permit.is_expired(now):
        return Finding(
            "token", Status.FAIL, f"it expired at {permit.expires_at:%Y-%m-%d %H:%MZ}", "make another one"
        )
    if permit.may_only_read and not reads_only:
        return Finding("token", Status.FAIL, "it may only read", "make one with `edgemail token mint --read-write`")
    may = "it may only read" if permit.may_only_read else "it may write"
    if permit.expires_at is None:
        return Finding("token", Status.OK, f"{may}, and never expires")
    until = f"{permit.expires_at:%Y-%m-%d %H:%MZ}"
    if permit.expires_at - now < _SOON:
        return Finding(
            "token", Status.WARN, f"{may}, until {until}", "make another one before, and restart with it"
        )
    return Finding("token", Status.OK, f"{may}, until {until}")


async def _check_file(settings: StoreSettings, path: Path, *, reads_only: bool) -> Finding:
    trouble = await asyncio.to_thread(_look_at, path, reads_only=reads_only)
    if trouble is not None:
        return trouble
    try:
        store = await open_store(settings, read_only=True)
    except EdgemailError as error:
        return Finding("database", Status.FAIL, str(error))
    try:
        await store.check()
    except EdgemailError as error:
        return Finding("database", Status.FAIL, f"{path} cannot be read: {error}")
    finally:
        await store.close()
    return Finding("database", Status.OK, f"{path} can be read{'' if reads_only else ' and written'}")


def _look_at(path: Path, *, reads_only: bool) -> Finding | None:
    """Return a problem that shows without opening the file, or None."""
    folder = path.absolute().parent
    may_write = os.access(folder, os.W_OK)
    if not path.exists():
        if not may_write:
            return Finding("database", Status.FAIL, f"{path} cannot be created in {folder}", "correct --db")
        return Finding("database", Status.WARN, f"{path} does not exist yet", "`edgemail serve` creates it")
    if not reads_only and not (may_write and os.access(path, os.W_OK)):
        advice = "run this as edgemail's user, or give that user the file"
        return Finding("database", Status.FAIL, f"{path} can be read, but not written", advice)
    return None
