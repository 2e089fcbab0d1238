"""`edgemail mcp`: an agent's pipes, with a server that runs and with one of its own."""

from __future__ import annotations

import json
import os
import smtplib
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.shared.subscriptions import ResourceUpdated
from testkit.sample_mail import letter
from testkit.server_process import Process, serving
from testkit.time_limit import bounded
from testkit.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["bounded"]

pytestmark = pytest.mark.slow

COMMAND = ("-m", "edgemail", "mcp")
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """Run the program in dev mode."""
    with serving(tmp_path_factory.mktemp("mcp") / "mail.db") as process:
        yield process


def environ_of(folder: Path, **given: str) -> dict[str, str]:
    """Return an environment in which a server of its own has free ports and a database in a folder."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("EDGEMAIL_")}
    own = {"EDGEMAIL_DB": str(folder / "own.db"), "EDGEMAIL_SMTP": "127.0.0.1:0", "EDGEMAIL_HTTP": "127.0.0.1:0"}
    return inherited | own | given


@contextmanager
def talking(environ: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run the command with pipes."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, *COMMAND], env=environ, text=True, **pipes) as program:  # type: ignore[call-overload]
        try:
            yield program
        finally:
            program.kill()


def say(program: subprocess.Popen[str], message: Any) -> None:
    assert program.stdin is not None
    program.stdin.write(message if isinstance(message, str) else json.dumps(message) + "\n")
    program.stdin.flush()


def hear(program: subprocess.Popen[str]) -> dict[str, Any]:
    assert program.stdout is not None
    answer: dict[str, Any] = json.loads(program.stdout.readline())
    return answer


def closed_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


@pytest.mark.parametrize(("mode", "revision"), [("auto", "2026-07-28"), ("legacy", "2025-11-25")])
async def test_it_bridges_to_a_running_server(server: Process, mode: str, revision: str, tmp_path: Path) -> None:
    environ = environ_of(tmp_path, EDGEMAIL_URL=server.url)
    command = StdioServerParameters(command=sys.executable, args=list(COMMAND), env=environ)
    async with Client(command, mode=mode) as client:
        assert client.protocol_version == revision
        address = (await client.call_tool("new_address", {})).structured_content["address"]
        with smtplib.SMTP(*server.smtp, timeout=PATIENCE_S) as sender:
            sender.sendmail("bob@sender.example", [address], letter("Your code", "Your code is 481223."))
        found = await client.call_tool("wait_for_code", {"address": address, "after": 0})
        assert found.structured_content["code"] == "481223"
        read = await client.read_resource(f"edgemail://inbox/{address}/{found.structured_content['message_id']}")
        assert "Your code is 481223." in str(read.contents[0])
    assert not (tmp_path / "own.db").exists()


@pytest.mark.slow
async def test_an_agent_on_pipes_listens_to_an_inbox(server: Process, tmp_path: Path) -> None:
    """And does other things meanwhile; when it listens no more, the server knows."""
    environ = environ_of(tmp_path, EDGEMAIL_URL=server.url)
    command = StdioServerParameters(command=sys.executable, args=list(COMMAND), env=environ)
    async with Client(command) as client:
        address = (await client.call_tool("new_address", {})).structured_content["address"]
        for _ in range(9):  # one more than may listen at a time
            async with client.listen(resource_subscriptions=[f"edgemail://inbox/{address}"]) as subscription:
                with smtplib.SMTP(*server.smtp, timeout=PATIENCE_S) as sender:
                    sender.sendmail("bob@sender.example", [address], letter("Hello", "Hello."))
                assert await anext(subscription) == ResourceUpdated(f"edgemail://inbox/{address}")
        listed = await client.call_tool("list_messages", {"address": address})
        assert len(listed.structured_content["messages"]) == 9


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_it_starts_a_server_where_none_answers(mode: str, tmp_path: Path) -> None:
    environ = environ_of(tmp_path, EDGEMAIL_URL=f"http://127.0.0.1:{closed_port()}")
    command = StdioServerParameters(command=sys.executable, args=list(COMMAND), env=environ)
    async with Client(command, mode=mode) as client:
        address = (await client.call_tool("new_address", {"label": "own"})).structured_content["address"]
        listed = await client.call_tool("list_messages", {"address": address})
        assert listed.structured_content == {"messages": [], "next_before": None}
    assert (tmp_path / "own.db").exists()


def test_it_ends_with_its_agent_and_says_nothing_but_messages(tmp_path: Path) -> None:
    """What the server logs, and where it listens, is on the standard error."""
    environ = environ_of(tmp_path, EDGEMAIL_URL=f"http://127.0.0.1:{closed_port()}", EDGEMAIL_LOG_LEVEL="debug")
    given = json.dumps(LIST) + "\n"
    done = subprocess.run(
        [sys.executable, *COMMAND],
        input=given,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["result"]["tools"]
    assert f"edgemail mcp: no edgemail answers at {environ['EDGEMAIL_URL']}" in done.stderr
    assert "edgemail mcp: started smtp://127.0.0.1:" in done.stderr


@pytest.mark.parametrize("is_own", [False, True], ids=["bridge", "own server"])
def test_sigterm_ends_it_in_order(server: Process, tmp_path: Path, *, is_own: bool) -> None:
    """Clients send it to what they no longer need, also while the pipe is open and a request waits."""
    url = f"http://127.0.0.1:{closed_port()}" if is_own else server.url
    with talking(environ_of(tmp_path, EDGEMAIL_URL=url)) as program:
        say(program, LIST)
        assert hear(program)["result"]["tools"]
        arguments = {"address": "kim@example.org", "timeout_s": 55}
        params = {"name": "wait_for_code", "arguments": arguments}
        say(program, {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params})
        program.terminate()
        assert program.wait(PATIENCE_S) == 0
        assert program.stderr is not None
        assert "Error" not in program.stderr.read()


def test_it_takes_other_ports_where_its_own_are_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        at = f"127.0.0.1:{taken.getsockname()[1]}"
        environ = environ_of(tmp_path, EDGEMAIL_URL=f"http://127.0.0.1:{closed_port()}", EDGEMAIL_SMTP=at)
        with talking(environ) as program:
            say(program, LIST)
            assert hear(program)["result"]["tools"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("{\n", -32_700),
        ("[1]\n", -32_600),
        ('"x"\n', -32_600),
        ("[" * 100_000 + "\n", -32_700),
        ("x" * 2_000_000 + "\n", -32_600),
    ],
    ids=["cut", "list", "text", "deep", "long"],
)
def test_what_is_no_message_is_answered_and_the_rest_goes_on(
    server: Process, line: str, code: int, tmp_path: Path
) -> None:
    with talking(environ_of(tmp_path, EDGEMAIL_URL=server.url)) as program:
        say(program, line)
        say(program, LIST)
        answers = [hear(program)]
        while "error" in answers[-1]:
            answers.append(hear(program))
        assert answers[0]["error"]["code"] == code
        assert answers[-1]["result"]["tools"]


def test_a_request_can_be_taken_back(server: Process, tmp_path: Path) -> None:
    """Nine waits, one after the other: each is over once it is taken back, and none is answered."""
    with talking(environ_of(tmp_path, EDGEMAIL_URL=server.url)) as program:
        say(program, {"jsonrpc": "2.0", "id": 0, "method": "tools/call", "params": {"name": "new_address"}})
        address = hear(program)["result"]["structuredContent"]["address"]
        for number in range(1, 30):
            arguments = {"address": address, "timeout_s": 55}
            params = {"name": "wait_for_code", "arguments": arguments}
            say(program, {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params})
            say(program, {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}})
        say(program, {"jsonrpc": "2.0", "id": "last", "method": "ping"})
        assert hear(program) == {"jsonrpc": "2.0", "id": "last", "result": {}}


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"EDGEMAIL_MCP": "off"}, "this server gives agents no tools; start it with --mcp on"),
        (
            {"EDGEMAIL_DOMAIN": "example.org", "EDGEMAIL_MCP": "on", "EDGEMAIL_MCP_TOKEN": "s3cret"},
            "this needs the bearer token of the setting mcp_token",
        ),
    ],
    ids=["off", "token"],
)
def test_a_server_without_tools_for_it_is_named_in_one_line(
    setting: dict[str, str], said: str, tmp_path: Path
) -> None:
    with serving(tmp_path / "mail.db", **setting) as running:
        environ = environ_of(tmp_path, EDGEMAIL_URL=running.url)
        done = subprocess.run(
            [sys.executable, *COMMAND],
            input="",
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"{running.url}/mcp: {said}\n"


def test_the_token_opens_a_public_server(tmp_path: Path) -> None:
    token = {"EDGEMAIL_MCP_TOKEN": "s3cret"}
    with (
        serving(tmp_path / "mail.db", EDGEMAIL_DOMAIN="example.org", EDGEMAIL_MCP="on", **token) as running,
        talking(environ_of(tmp_path, EDGEMAIL_URL=running.url, **token)) as program,
    ):
        say(program, LIST)
        assert hear(program)["result"]["tools"]


def test_a_server_elsewhere_that_does_not_answer_is_a_failure(tmp_path: Path) -> None:
    environ = environ_of(tmp_path, EDGEMAIL_URL="http://edgemail.invalid:8025")
    done = subprocess.run(
        [sys.executable, *COMMAND], input="", env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "no edgemail answers at http://edgemail.invalid:8025" in done.stderr


def test_without_the_extra_it_says_so_in_one_line(tmp_path: Path) -> None:
    """A finder that knows no `mcp` stands for an environment without it."""
    hiding = (
        "import importlib.abc, sys\n"
        "class Hiding(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'mcp':\n"
        "            raise ModuleNotFoundError(name=name)\n"
        "sys.meta_path.insert(0, Hiding())\n"
    )
    (tmp_path / "sitecustomize.py").write_text(hiding)
    environ = environ_of(tmp_path, EDGEMAIL_URL=f"http://127.0.0.1:{closed_port()}", PYTHONPATH=str(tmp_path))
    done = subprocess.run(
        [sys.executable, *COMMAND], input="", env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert 'pip install "edgemail[mcp]"' in done.stderr
