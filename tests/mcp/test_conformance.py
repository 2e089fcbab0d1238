"""The scenarios of MCP's conformance suite that a server of any purpose can pass, for revision 2025-11-25.

The others ask for what that suite's own sample server has: tools, resources and prompts by name
(`test_simple_text`, `test://static-text`), sampling, elicitation, completion and log levels. This server has
no prompts and asks nothing of its client. Later releases of the suite need Node.js 22.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from testkit.server_process import Process

pytestmark = [pytest.mark.needs_mcp_clients, pytest.mark.slow]

SUITE = Path(__file__).parent / "node_modules/@modelcontextprotocol/conformance/dist/index.js"


@pytest.mark.parametrize(
    "scenario", ["server-initialize", "ping", "tools-list", "resources-list", "dns-rebinding-protection"]
)
def test_it_passes(server: Process, scenario: str, tmp_path: Path) -> None:
    command = ["node", str(SUITE), "server", "--url", f"{server.url}/mcp", "--scenario", scenario]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert " 0 failed" in done.stdout
