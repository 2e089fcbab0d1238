"""The log of a program that runs, with all that writes to it."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from support.programs import Peer, serving

if TYPE_CHECKING:
    from pathlib import Path

RECIPIENTS = ("kim@example.org", "postmaster@example.org")


def run_once(folder: Path, **environ: str) -> str:
    """Send one message to an inbox and to the operator, one that is refused, and stop; return the log."""
    with serving(folder / "mail.db", EDGEMAIL_RESERVED="postmaster", **environ) as server:
        peer = Peer(server.smtp)
        peer.greet()
        path = "".join(f"RCPT TO:<{one}>\r\n" for one in RECIPIENTS)
        peer.say(f'MAIL FROM:<"a code=250"@sender.example>\r\n{path}DATA\r\nHi.\r\n.\r\nXYZ\r\n'.encode())
        assert [peer.hear() for _ in range(6)] == [250, 250, 250, 354, 250, 500]
        peer.close()
        server.process.send_signal(signal.SIGTERM)
        assert server.wait() == 0
    return (folder / "log.txt").read_text(encoding="utf-8")


def read(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines()]


def test_each_transaction_has_one_line_in_the_programs_log(tmp_path: Path) -> None:
    """With the store's id, and nothing of it is lost when the program ends."""
    log = read(run_once(tmp_path, EDGEMAIL_LOG_FORMAT="json"))
    (accepted,) = [one for one in log if one["message"] == "accepted"]
    assert accepted["recipients"] == ",".join(RECIPIENTS)
    assert accepted["sender"] == '"a code=250"@sender.example'
    assert (accepted["code"], accepted["mail"]) == (250, 1)
    (refused,) = [one for one in log if one["message"] == "commands refused"]
    assert refused["refusals"] == "unknown_command:1"
    assert not [one for one in log if one["message"].startswith("kept message")]


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("addresses", ["hashed", "off"])
def test_no_line_of_the_program_has_an_address_that_shall_not_be_there(
    tmp_path: Path, addresses: str, form: str
) -> None:
    """Not even one about the operator's mail."""
    log = run_once(tmp_path, EDGEMAIL_LOG_FORMAT=form, EDGEMAIL_LOG_ADDRESSES=addresses)
    assert "accepted" in log
    assert "kept a message for the operator" in log
    for word in ("@", "kim", "sender.example"):
        assert word not in log
