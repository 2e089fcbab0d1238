"""Log lines on the standard error: text for people or JSON for programs, one line whatever a peer sent."""

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

_TOGETHER: Final = 100
"""How many lines wait at most."""

_TALKATIVE: Final = ("uvicorn", "httpx2", "httpcore2")
"""Who writes of each start, request and connection, which is nothing to whoever runs a mail server."""

_BARE: Final = re.compile(rf'[^\s"=\\{HIDDEN}]+')
_COMMON: Final = re.compile(r"[!#-<>-\[\]-~]+")  # the same of ASCII, which takes half as long


def set_up(settings: LogSettings) -> None:
    """Send every log line to the standard error, in the form that the settings ask for."""
    handler = Lines()
    # Nobody reads them, and each record would have them looked up.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler.setFormatter(JsonLines() if settings.format == "json" else TextLines())
    logging.basicConfig(level=settings.level.upper(), handlers=[handler], force=True)
    for library in _TALKATIVE:
        logging.getLogger(library).setLevel(max(logging.WARNING, logging.getLogger().level))
    logging.captureWarnings(capture=True)


def _time(record: logging.LogRecord) -> str:
    second, part = divmod(int(record.created * 1000), 1000)
    return f"{_write_second(second)}.{part:03}Z"


@lru_cache(1)
def _write_second(second: int) -> str:
    """Write a time; many lines share it."""
    return datetime.fromtimestamp(second, UTC).replace(tzinfo=None).isoformat()


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    """Return what the caller gave as `extra`."""
    behind = islice(vars(record).items(), _OWN_FIELDS, None)  # what a record itself has comes first
    return {name: value for name, value in behind if name not in _STANDARD_FIELDS}


def _write(value: object) -> str:
    """Write a field's value; in quotes, as JSON does, where it could be taken for more than a value."""
    if type(value) is int:
        return str(value)
    text = str(value)
    return text if _COMMON.fullmatch(text) or _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)


class Lines(logging.StreamHandler[TextIO]):
    """Writes the lines of one turn of the event loop in one go: a commit has many, and each write takes its time.

    A warning is written at once, with what came before it; so is what comes from elsewhere. `logging` flushes all
    handlers when the program ends.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        """`stream` is the standard error unless told."""
        super().__init__(stream)
        self._waiting: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or let it wait for the end of the turn."""
        try:
            self._waiting.append(self.format(record))
            if record.levelno >= logging.WARNING or len(self._waiting) >= _TOGETHER or not self._will_flush():
                self.flush()
        except Exception:  # as all handlers do: a log that fails is no reason to
            self.handleError(record)

    def flush(self) -> None:
        """Write what waits."""
        with self.lock or contextlib.nullcontext():
            if self._waiting:
                text = "\n".join(self._waiting) + "\n"
                self._waiting.clear()
                self.stream.write(text)
            super().flush()

    def _will_flush(self) -> bool:
        """See to it that what waits is written soon; tell whether that can be."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # another thread, or no loop yet
            return False
        if len(self._waiting) == 1:
            loop.call_soon(self._flush_quietly)
        return True

    def _flush_quietly(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # nobody reads the log any more
            self.flush()


class TextLines(logging.Formatter):
    """``TIME LEVEL LOGGER: message name=value``; a traceback follows on lines that begin with a bar."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record; its text cannot begin a line of its own."""
        extras = "".join(f" {name}={_write(value)}" for name, value in _extras(record).items())
        line = visible(f"{_time(record)} {record.levelname} {record.name}: {record.getMessage()}{extras}")
        if not record.exc_info:
            return line
        traceback = self.formatException(record.exc_info).split("\n")
        return "\n".join([line, *(f"  | {visible(one)}" for one in traceback)])


class JsonLines(logging.Formatter):
    """A JSON object a line, in ASCII."""

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
