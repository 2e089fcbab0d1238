"""The wheel: it installs without Node and serves the page."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from testkit.http import ask
from testkit.programs import serving

import edgemail

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
BUILD_S = 60.0


def run(*command: str | Path, **environ: str) -> str:
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=BUILD_S, check=False, env=environ or None
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation", "--quiet", "-w", folder)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a fresh environment; give its commands' folder.

    What the wheel depends on comes from this environment, by a path: its own editable install does not.
    """
    folder = tmp_path_factory.mktemp("clean")
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    commands = folder / "bin"
    pip = (sys.executable, "-m", "pip", "--python", commands / "python")
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel)
    packages = run(commands / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    (Path(packages) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return commands


def test_the_wheel_carries_the_page_and_the_licence(wheel: Path) -> None:
    """And neither tests nor the client's sources."""
    assert wheel.name == f"edgemail-{edgemail.__version__}-py3-none-any.whl"
    names = zipfile.ZipFile(wheel).namelist()
    assert "edgemail/client/index.html" in names
    assert "edgemail/client/docs/index.html" in names
    assert "edgemail/py.typed" in names
    assert [name for name in names if name.endswith("/licenses/LICENSE")]
    outside = [
        name for name in names if not name.startswith(("edgemail/", f"edgemail-{edgemail.__version__}.dist-info/"))
    ]
    assert outside == []
    assert [name for name in names if name.endswith((".ts", ".tsx", ".map", ".pyc", ".db"))] == []


def test_the_command_is_the_installed_one(clean: Path) -> None:
    """Neither this tree nor its editable install answers for it."""
    command: Sequence[str | Path] = (clean / "python", "-c", "import edgemail; print(edgemail.__file__)")
    assert Path(run(*command, PATH="").strip()).is_relative_to(clean.parent)
    assert run(clean / "edgemail", "--version", PATH="").strip() == f"edgemail {edgemail.__version__}"


async def test_the_installed_program_serves_the_page_without_node(clean: Path, tmp_path: Path) -> None:
    """A clean environment, no Node.js in sight, and `/` is there."""
    with serving(tmp_path / "mail.db", (str(clean / "edgemail"),), PATH="") as server:
        page = await ask(server.url, "/")
        assert page.status == 200
        assert b"<title>" in page.body
        assert b"edgemail" in page.body.lower()
        assert (await ask(server.url, "/docs/")).status == 200
        server.process.terminate()
        assert server.wait() == 0
