"""The log of a running program."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from testkit.server_process import Peer, serving
from testkit.waiting import PATIENCE_S

from edgemail.cli.logs import Lines

if TYPE_CHECKING:
    from pathlib import Path

RECIPIENTS = ("kim@example.org", "postmaster@example.org")


def run_once(folder: Path, **environ: str) -> str:
    """Send one message to an inbox and to the operator, one that is refused, and stop; return the log."""
    with serving(folder / "mail.db", EDGEMAIL_RESERVED="postmaster", **environ) as server:
        peer = Peer(server.smtp)
        peer.greet()
        path = "".join(f"RCPT TO:<{recipient}>\r\n" for recipient in RECIPIENTS)
        peer.say(f'MAIL FROM:<"a code=250"@sender.example>\r\n{path}DATA\r\nHi.\r\n.\r\nXYZ\r\n'.encode())
        assert [peer.hear() for _ in range(6)] == [250, 250, 250, 354, 250, 500]
        peer.close()
        server.process.send_signal(signal.SIGTERM)
        assert server.wait() == 0
    return (folder / "log.txt").read_text(encoding="utf-8")


def read(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines()]


def test_each_transaction_has_one_line_in_the_programs_log(tmp_path: Path) -> None:
    """It has the store's id, and no line is lost when the program ends."""
    log = read(run_once(tmp_path, EDGEMAIL_LOG_FORMAT="json"))
    (accepted,) = [record for record in log if record["message"] == "accepted"]
    assert accepted["recipients"] == ",".join(RECIPIENTS)
    assert accepted["sender"] == '"a code=250"@sender.example'
    assert (accepted["code"], accepted["mail"]) == (250, 1)
    (refused,) = [record for record in log if record["message"] == "commands refused"]
    assert refused["refusals"] == "unknown_command:1"
    assert not [record for record in log if record["message"].startswith("kept message")]


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("addresses", ["hashed", "off"])
def test_no_line_of_the_program_has_an_address_that_shall_not_be_there(
    tmp_path: Path, addresses: str, form: str
) -> None:
    """No line about the operator's mail has an address either."""
    log = run_once(tmp_path, EDGEMAIL_LOG_FORMAT=form, EDGEMAIL_LOG_ADDRESSES=addresses)
    assert "accepted" in log
    assert "kept a message for the operator" in log
    for word in ("@", "kim", "sender.example"):
        assert word not in log


class Writes(io.StringIO):
    """Records each write."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[str] = []

    def write(self, text: str, /) -> int:
        self.made.append(text)
        return len(text)


def record(text: str, level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord("edgemail", level, "", 0, text, (), None)


async def test_the_lines_of_one_turn_are_written_in_one_go() -> None:
    """A commit logs many lines, and each write takes time. Lines wait no longer than one iteration of the loop."""
    handler = Lines(writes := Writes())
    for text in ("a", "b"):
        handler.emit(record(text))
    assert writes.made == []
    await asyncio.sleep(0)
    handler.emit(record("c"))
    await asyncio.sleep(0)
    assert writes.made == ["a\nb\n", "c\n"]
    for _ in range(250):
        handler.emit(record("d"))
    assert [line.count("d") for line in writes.made[2:]] == [100, 100]


async def test_a_warning_is_written_at_once_and_so_is_what_comes_from_a_thread() -> None:
    """Buffered lines are written before it."""
    handler = Lines(writes := Writes())
    handler.emit(record("a"))
    handler.emit(record("b", logging.WARNING))
    assert writes.made == ["a\nb\n"]
    handler.emit(record("c"))
    thread = threading.Thread(target=handler.emit, args=(record("d"),))
    thread.start()
    thread.join(PATIENCE_S)  # the loop has no turn meanwhile
    assert writes.made[1:] == ["c\nd\n"]


def test_no_line_is_lost_when_the_program_ends() -> None:
    """Lines of the loop's last iteration are written too."""
    program = """
import asyncio, logging, sys
from edgemail.cli import logs
from edgemail.settings import LogSettings
async def main():
    logs.set_up(LogSettings())
    for n in range(3):
        logging.getLogger("edgemail").info("line %d", n)
    sys.exit(3)
asyncio.run(main())
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE_S * 2, check=False
    )
    assert ended.returncode == 3
    assert [line[-6:] for line in ended.stderr.splitlines()] == ["line 0", "line 1", "line 2"]


async def test_a_log_that_nobody_reads_any_more_stops_nothing() -> None:
    """`edgemail serve 2>&1 | head` leaves such a log."""
    handler = Lines(writes := Writes())
    writes.close()
    unseen: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unseen.append(context))
    handler.emit(record("a"))
    await asyncio.sleep(0)
    assert unseen == []
