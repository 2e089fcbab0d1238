"""The TypeScript SDK, which most agents' programs are built on, over HTTP and over pipes."""

from __future__ import annotations

import json
import smtplib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from testkit.sample_mail import letter
from testkit.waiting import PATIENCE_S

if TYPE_CHECKING:
    from testkit.server_process import Process

pytestmark = [pytest.mark.needs_mcp_clients, pytest.mark.slow]

SCRIPT = Path(__file__).with_name("sign-up.mjs")
BRIDGE = (sys.executable, "-m", "edgemail", "mcp")


def _read(program: subprocess.Popen[str], name: str) -> Any:
    assert program.stdout is not None
    line = program.stdout.readline()
    assert line, program.wait()
    return json.loads(line)[name]


@pytest.mark.parametrize("kind", ["http", "stdio"])
def test_it_signs_up(server: Process, kind: str) -> None:
    command = ["node", str(SCRIPT), kind, server.url, *(BRIDGE if kind == "stdio" else ())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        try:
            tools = _read(program, "tools")
            address = _read(program, "made")["address"]
            with smtplib.SMTP(*server.smtp, timeout=PATIENCE_S) as sender:
                sender.sendmail("bob@sender.example", [address], letter("Your code", "Your code is 481223."))
            assert program.stdin is not None
            program.stdin.write("sent\n")
            program.stdin.flush()
            found = _read(program, "found")
            read = _read(program, "read")
            wrong = _read(program, "wrong")
            assert program.wait(30) == 0
        finally:
            program.kill()
    assert [tool["name"] for tool in tools][:2] == ["new_address", "wait_for_code"]
    assert all(tool["outputSchema"]["additionalProperties"] is False for tool in tools)
    assert (found["status"], found["code"]) == ("found", "481223")
    assert "Your code is 481223." in read["untrusted"]["content"]
    assert wrong["isError"] is True
    assert wrong["content"][0]["text"] == 'not an address: "kim@"'
