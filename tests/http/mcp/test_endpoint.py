"""Who may ask at /mcp, what is refused before the protocol reads it, and what happens when a client goes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from mcp import Client
from testkit.mcp_caller import BEFORE, FIELDS, LATEST, call, post, request, write_request
from testkit.running_app import resolved_in, running
from testkit.sample_mail import letter
from testkit.waiting import until

from edgemail.http.mcp import endpoint, waiting
from edgemail.http.mcp.endpoint import McpEndpoint

if TYPE_CHECKING:
    from pathlib import Path

    from testkit.running_app import Program

TOKEN = "s3cret-of-the-agents"


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
async def test_there_is_no_session(program: Program, method: str) -> None:
    answer = await program.ask("/mcp", method, FIELDS)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b"{" * 20_000, 413),
        (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, 413),
        (b"[" * 400 + b"]" * 400, 400),
        (b"x" * 65_537, 413),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":' + b"9" * 30_000 + b"}}", 400),
    ],
)
@pytest.mark.parametrize("version", [LATEST, BEFORE])
async def test_what_is_no_request_is_refused(program: Program, body: bytes, status: int, version: str) -> None:
    fields = FIELDS | {"mcp-protocol-version": version, "mcp-method": "tools/list"}
    answer = await program.ask("/mcp", "POST", fields, body)
    assert answer.status == status, answer.body
    assert (await request(program, "tools/list"))["tools"]


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"jsonrpc": "1.0", "id": 1, "method": "tools/list"}',
        b'{"jsonrpc": "2.0", "id": 1}',
        b'{"jsonrpc": "2.0", "id": 1, "method": 7}',
        b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": []}',
        b'[{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}]',
    ],
)
async def test_who_sends_no_message_hears_in_a_sentence_what_one_is(program: Program, body: bytes) -> None:
    answer = await program.ask("/mcp", "POST", FIELDS, body)
    assert answer.status == 400
    assert (answer.json()["error"]["code"], answer.json()["id"]) == (-32600, None)
    assert '"method", a string' in answer.json()["error"]["message"]
    assert len(answer.body) < 300


async def test_a_foreign_page_may_not_ask(program: Program) -> None:
    assert (await post(program, "tools/list", fields={"origin": "https://evil.example"})).status == 403
    assert (await post(program, "tools/list", fields={"host": "evil.example"})).status == 421
    assert (await post(program, "tools/list", fields={"origin": program.url})).status == 200


async def test_blanks_around_a_field_are_no_part_of_it(program: Program) -> None:
    """MCP compares fields with the body, and HTTP leaves the blanks to who reads them."""
    params = {"name": "new_address", "arguments": {}}
    assert (await post(program, "tools/call", params, fields={"mcp-name": "  new_address \t "})).status == 200
    assert (await post(program, "tools/call", params, fields={"mcp-name": "list_messages"})).status == 400


async def test_answers_are_not_kept(program: Program) -> None:
    answer = await post(program, "tools/list")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_it_can_be_switched_off(tmp_path: Path) -> None:
    async with running(resolved_in(tmp_path, mcp="off")) as program:
        assert (await post(program, "tools/list")).status in (404, 405)


async def test_on_a_public_server_it_is_off(tmp_path: Path) -> None:
    async with running(resolved_in(tmp_path, domain="example.org")) as program:
        assert (await post(program, "tools/list")).status in (404, 405)


async def test_on_a_public_server_it_needs_the_token(tmp_path: Path) -> None:
    """Wrong tokens are counted as wrong passwords are, and open nothing else."""
    settings = resolved_in(
        tmp_path, domain="example.org", mcp="on", mcp_token=TOKEN, login_rate="5", trusted="none"
    )
    async with running(settings) as program:
        for authorization in ("", f"Basic {TOKEN}", "Bearer wrong", f"Bearer {TOKEN}x"):
            fields = {"authorization": authorization} if authorization else {}
            answer = await post(program, "tools/list", fields=fields)
            assert answer.status == 401, authorization
            assert answer.headers["www-authenticate"].startswith('Bearer realm="edgemail"')
        own = {"authorization": f"bearer {TOKEN}"}
        assert (await post(program, "tools/list", fields=own)).status == 200
        assert (await program.ask("/api/messages", headers=own)).status == 404
        arguments = {"name": "new_address", "arguments": {}}
        made = (await post(program, "tools/call", arguments, fields=own)).json()["result"]["structuredContent"]
        assert made["receives_internet_mail"] is True
        assert made["address"].endswith("@example.org")
        for _ in range(5):
            answer = await post(program, "tools/list", fields={"authorization": "Bearer wrong"})
        assert answer.status == 429
        assert (await post(program, "tools/list", fields=own)).status == 429  # from where somebody guesses


def test_a_public_server_does_not_start_without_a_token(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "edgemail",
        "--domain",
        "example.org",
        "--mcp",
        "on",
        "--db",
        str(tmp_path / "m"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr == "--mcp: everyone could use these tools without a token; set EDGEMAIL_MCP_TOKEN as well\n"


async def test_without_the_extra_it_says_what_to_install(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "has_mcp", lambda: False)
    answer = await post(program, "tools/list")
    assert answer.status == 501
    assert 'where the server runs: pip install "edgemail[mcp]"' in answer.json()["detail"]


def test_nothing_of_it_is_loaded_before_it_is_asked_for() -> None:
    code = "import sys, edgemail.app; print([m for m in sys.modules if m.split('.')[0] in ('mcp', 'mcp_types')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_long_wait_gives_notes(program: Program, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setattr(waiting, "NOTE_S", 0.05)
    noted = asyncio.Event()

    async def note(progress: float, total: float | None, message: str | None) -> None:
        assert (total, message) == (50, "waiting for mail")
        assert progress < 50
        noted.set()

    async with Client(f"{program.url}/mcp", mode=mode) as client:
        address = (await client.call_tool("new_address", {})).structured_content["address"]
        arguments = {"address": address, "timeout_s": 50}
        waits = asyncio.create_task(client.call_tool("wait_for_code", arguments, progress_callback=note))
        await noted.wait()
        await program.send(letter("Your code", "Your code is 481223."), to=(address,))
        assert (await waits).structured_content["code"] == "481223"


@pytest.mark.parametrize("version", [LATEST, BEFORE])
@pytest.mark.parametrize("has_notes", [False, True], ids=["no notes", "notes"])
async def test_a_client_that_goes_gives_its_wait_back(program: Program, version: str, *, has_notes: bool) -> None:
    """Eight may wait: more than that go, and one more waits all the same."""
    address = (await call(program, "new_address"))["address"]
    params = {"name": "wait_for_code", "arguments": {"address": address, "timeout_s": 55}}
    params |= {"_meta": {"progressToken": "p"}} if has_notes else {}
    fields, body = write_request("tools/call", params, version)
    at = urlsplit(program.url)
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    octets = f"POST /mcp HTTP/1.1\r\nhost: {at.netloc}\r\ncontent-length: {len(body)}\r\n{head}\r\n".encode() + body
    for _ in range(3):
        writers = []
        for _ in range(4):
            _, writer = await asyncio.open_connection(at.hostname, at.port)
            writer.write(octets)
            await writer.drain()
            writers.append(writer)
        for writer in writers:
            writer.close()

    async def may_wait() -> bool:
        arguments = {"name": "wait_for_code", "arguments": {"address": address, "timeout_s": 0}}
        waits = [request(program, "tools/call", arguments) for _ in range(8)]
        return not any(result.get("isError") for result in await asyncio.gather(*waits))

    await until(may_wait)


@pytest.mark.parametrize("has_notes", [False, True], ids=["no notes", "notes"])
async def test_a_wait_ends_when_the_server_stops(tmp_path: Path, *, has_notes: bool) -> None:
    params = {"name": "wait_for_code", "arguments": {"address": "kim@example.org", "timeout_s": 55}}
    params |= {"_meta": {"progressToken": "p"}} if has_notes else {}
    async with running(resolved_in(tmp_path)) as program:
        tasks = {asyncio.create_task(post(program, "tools/call", params)) for _ in range(9)}
        (refused,), waits = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        assert b"busy" in refused.result().body
    assert all(b'"timeout"' in answer.body for answer in await asyncio.gather(*waits))


async def test_what_fails_in_the_protocol_starts_again(tmp_path: Path) -> None:
    """A fault of the package must not end the program."""
    inbox: Any = None  # no tool is called
    agents = McpEndpoint(inbox, resolved_in(tmp_path))
    agents._is_asked.set()
    running_agents = asyncio.create_task(agents.run())
    await agents._is_loaded.wait()
    protocol = agents._protocol
    assert protocol is not None
    before = protocol._stream
    assert before._task_group is not None

    async def fail() -> None:
        raise RuntimeError("a fault")

    before._task_group.start_soon(fail)
    await until(lambda: protocol._stream is not before)
    assert not running_agents.done()
    running_agents.cancel()


async def test_the_log_has_no_address_and_no_code(program: Program, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    address = (await call(program, "new_address", label="secret"))["address"]
    await program.send(letter("Your code", "Your code is 481223."), to=(address,))
    await call(program, "wait_for_code", address=address)
    said = "\n".join(record.getMessage() for record in caplog.records if "mcp" in record.name)
    assert "tool=wait_for_code" in said
    assert "outcome='found'" in said
    assert "481223" not in said
    assert "secret" not in said


async def test_an_unknown_tool_is_a_fault_of_the_protocol(program: Program) -> None:
    answer = await post(program, "tools/call", {"name": "send_message", "arguments": {}})
    assert json.loads(answer.body)["error"]["code"] == -32_602
