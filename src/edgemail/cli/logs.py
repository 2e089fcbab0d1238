"""Writes the log to the standard error, as text or JSON. What a peer sent cannot begin a line of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TextIO

from edgemail.cli.terminal import HIDDEN, visible

if TYPE_CHECKING:
    from edgemail.settings import LogSettings

_OWN_FIELDS: Final = len(vars(logging.makeLogRecord({})))
_STANDARD_FIELDS: Final = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}

_MAX_BUFFERED_LINES: Final = 100

_VERBOSE_LIBRARIES: Final = ("uvicorn", "httpx2", "httpcore2", "mcp")
"""Libraries that log each start, request and connection, which is noise for the operator of a mail server."""

_BARE: Final = re.compile(rf'[^\s"=\\{HIDDEN}]+')
_COMMON: Final = re.compile(r"[!#-<>-\[\]-~]+")  # the ASCII part of it, which takes half the time


def set_up(settings: LogSettings) -> None:
    """Send every log line to the standard error, in the form that the settings ask for."""
    handler = Lines()
    # No line has these fields, and each record would look them up.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler.setFormatter(JsonLines() if settings.format == "json" else TextLines())
    logging.basicConfig(level=settings.level.upper(), handlers=[handler], force=True)
    for library in _VERBOSE_LIBRARIES:
        logging.getLogger(library).setLevel(max(logging.WARNING, logging.getLogger().level))
    logging.captureWarnings(capture=True)


def _time(record: logging.LogRecord) -> str:
    second, part = divmod(int(record.created * 1000), 1000)
    return f"{_write_second(second)}.{part:03}Z"


@lru_cache(1)
def _write_second(second: int) -> str:
    """Write the seconds of a time. It is cached, since many lines share it."""
    return datetime.fromtimestamp(second, UTC).replace(tzinfo=None).isoformat()


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields that the caller passed as `extra`."""
    behind = islice(vars(record).items(), _OWN_FIELDS, None)  # a record's own fields come first
    return {name: value for name, value in behind if name not in _STANDARD_FIELDS}


def _write(value: object) -> str:
    """Write a field's value, in quotes if it has more than plain characters."""
    if type(value) is int:
        return str(value)
    text = str(value)
    return text if _COMMON.fullmatch(text) or _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)


class Lines(logging.StreamHandler[TextIO]):
    """Writes all lines of one iteration of the event loop in one call, since a commit logs many lines.

    A warning is written at once, after the lines before it; so are lines from other threads. `logging` flushes all
    handlers when the program ends.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        """Write to `stream`, by default the standard error."""
        super().__init__(stream)
        self._waiting: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record now, or at the end of this iteration of the event loop."""
        try:
            self._waiting.append(self.format(record))
            if (
                record.levelno >= logging.WARNING
                or len(self._waiting) >= _MAX_BUFFERED_LINES
                or not self._will_flush()
            ):
                self.flush()
        except Exception:  # as every handler does: the log must not stop the program
            self.handleError(record)

    def flush(self) -> None:
        """Write the buffered lines."""
        with self.lock or contextlib.nullcontext():
            if self._waiting:
                text = "\n".join(self._waiting) + "\n"
                self._waiting.clear()
                self.stream.write(text)
            super().flush()

    def _will_flush(self) -> bool:
        """Schedule a flush in the running event loop; return False if there is none."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # another thread, or no loop yet
            return False
        if len(self._waiting) == 1:
            loop.call_soon(self._flush_quietly)
        return True

    def _flush_quietly(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # the reader of the log has closed it
            self.flush()


class TextLines(logging.Formatter):
    """Formats ``TIME LEVEL LOGGER: message name=value``; a traceback follows on lines that begin with ``|``."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record as one line, and its traceback as lines that begin with ``|``."""
        extras = "".join(f" {name}={_write(value)}" for name, value in _extras(record).items())
        line = visible(f"{_time(record)} {record.levelname} {record.name}: {record.getMessage()}{extras}")
        if not record.exc_info:
            return line
        traceback = self.formatException(record.exc_info).split("\n")
        return "\n".join([line, *(f"  | {visible(line)}" for line in traceback)])


class JsonLines(logging.Formatter):
    """Formats a record as one line: a JSON object in ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        fields = _extras(record) | {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str)
