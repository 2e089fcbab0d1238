"""The tiers of the tests: what is installed for them, and which of them a machine without it runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from testkit.api_reader import program
from testkit.tools import TOOLS

ROOT = Path(__file__).parents[2]
INSTALL_S = 60.0


def install(path: str) -> subprocess.CompletedProcess[str]:
    """Run the script on a machine with nothing else than that PATH."""
    return subprocess.run(
        [sys.executable, "-m", "scripts.install_test_tools"],
        cwd=ROOT,
        env={"PATH": path},
        capture_output=True,
        text=True,
        timeout=INSTALL_S,
        check=False,
    )


def test_what_is_missing_is_told_on_one_line(tmp_path: Path) -> None:
    """With the reason, and with what can be run all the same; nothing is tried."""
    done = install(str(tmp_path))
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("These tests lack: ")
    assert "swaks; " in line
    assert "(there is no apt-get to install it)" in line
    assert line.endswith("`make test-core` runs the tests that need none of it.")


@pytest.mark.needs_swaks
@pytest.mark.needs_openssl
def test_what_can_be_installed_is_found_once_it_is_there() -> None:
    """A program by its name on PATH; what no package brings is never asked of apt-get."""
    found = {tool.name: tool.is_there() for tool in TOOLS}
    assert found["swaks"]
    assert found["openssl"]
    assert {tool.name for tool in TOOLS if not tool.packages} == {"small_disk", "root"}


def test_a_test_that_says_nothing_gets_no_tool(request: pytest.FixtureRequest) -> None:
    """`make test-core` runs it where there is none: it fails everywhere else, too, until it has its marker."""
    assert request.node.get_closest_marker("core")
    with pytest.raises(AssertionError, match=r"@pytest\.mark\.needs_swaks"):
        program("swaks", "swaks")


@pytest.mark.needs_swaks
def test_a_test_that_says_what_it_needs_gets_it(request: pytest.FixtureRequest) -> None:
    """It is not of the core."""
    assert not request.node.get_closest_marker("core")
    assert Path(program("swaks", "swaks")).is_file()
