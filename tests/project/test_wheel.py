"""The wheel: it installs without Node and serves the page."""

from __future__ import annotations

import shutil
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from testkit.clean_environment import ROOT, build_wheel, make_environment, run
from testkit.http_client import ask
from testkit.server_process import serving

import edgemail

if TYPE_CHECKING:
    from collections.abc import Sequence

DOWNLOAD_S = 600.0
WITH_NODE = ROOT / "scripts" / "with_node.py"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel without network access."""
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a fresh environment; give its commands' folder."""
    return make_environment(tmp_path_factory.mktemp("clean"), wheel).parent


def test_the_wheel_carries_the_page_and_the_licence(wheel: Path) -> None:
    """It has the page, but no tests and no TypeScript."""
    assert wheel.name == f"edgemail-{edgemail.__version__}-py3-none-any.whl"
    names = zipfile.ZipFile(wheel).namelist()
    assert "edgemail/client/index.html" in names
    assert "edgemail/client/docs/index.html" in names
    assert "edgemail/py.typed" in names
    assert {f"edgemail/checks/data/{name}" for name in ("html_support.json", "LICENSE.txt")} <= set(names)
    assert {
        "edgemail/skills/edgemail/SKILL.md",
        "edgemail/docs/reference/api.md",
        "edgemail/docs/how-to/add-a-route.md",
    } <= set(names)
    assert not [name for name in names if "/decisions/" in name]
    assert [name for name in names if name.endswith("/licenses/LICENSE")]
    outside = [
        name for name in names if not name.startswith(("edgemail/", f"edgemail-{edgemail.__version__}.dist-info/"))
    ]
    assert outside == []
    assert [name for name in names if name.endswith((".ts", ".tsx", ".map", ".pyc", ".db"))] == []


def test_the_command_is_the_installed_one(clean: Path) -> None:
    """The installed package comes from the wheel, not from this tree."""
    command: Sequence[str | Path] = (clean / "python", "-c", "import edgemail; print(edgemail.__file__)")
    assert Path(run(*command, PATH="").strip()).is_relative_to(clean.parent)
    assert run(clean / "edgemail", "--version", PATH="").strip() == f"edgemail {edgemail.__version__}"
    assert run(clean / "edgemail", "skill", PATH="") == (ROOT / "skills/edgemail/SKILL.md").read_text("utf-8")


async def test_the_installed_program_serves_the_page_without_node(clean: Path, tmp_path: Path) -> None:
    """In a clean environment without Node.js the wheel serves `/`."""
    with serving(tmp_path / "mail.db", (str(clean / "edgemail"),), PATH="") as server:
        page = await ask(server.url, "/")
        assert page.status == 200
        assert b"<title>" in page.body
        assert b"edgemail" in page.body.lower()
        assert (await ask(server.url, "/docs/")).status == 200
        guide = "docs/reference/api.md"
        assert (await ask(server.url, f"/{guide}")).body == (ROOT / guide).read_bytes()
        assert (await ask(server.url, "/skill.md")).body == (ROOT / "skills/edgemail/SKILL.md").read_bytes()
        server.process.terminate()
        assert server.wait() == 0


MAIL_TEST = """
import edgemail, smtplib

def test_it(mail, edgemail_smtp):
    print(edgemail.__file__)
    with smtplib.SMTP(edgemail_smtp.host, edgemail_smtp.port) as client:
        client.sendmail("a@b.example", [mail.address], b"Subject: Hello\\r\\n\\r\\nYour code is 481223.\\r\\n")
    assert mail.code() == "481223"
"""


def test_the_installed_plugin_starts_the_installed_server(clean: Path, tmp_path: Path) -> None:
    """pytest finds it by its entry point, and a test has its mail."""
    (tmp_path / "test_it.py").write_text(MAIL_TEST)
    pytest_ = (clean / "python", "-m", "pytest", "-s", "-W", "error", "-p", "edgemail")
    said = run(*pytest_, cwd=tmp_path, PATH="", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert "1 passed" in said
    assert str(clean.parent) in said


def make_path(folder: Path, node_version: str) -> str:
    """Make a PATH of a shell and, with a version, of a Node.js that says so and does nothing else."""
    folder.mkdir()
    (folder / "sh").symlink_to("/bin/sh")
    if node_version:
        for name in ("node", "npm"):
            (folder / name).write_text(f"#!/bin/sh\necho {node_version}\n")
            (folder / name).chmod(0o755)
    return str(folder)


def copy_sources(folder: Path) -> Path:
    """Copy what is in git, as a clone has it: the page is not built there."""
    names = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")[:-1]
    for name in names:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def test_a_node_that_is_recent_enough_is_used_as_it_is(tmp_path: Path) -> None:
    """Nothing is installed beside it."""
    path = make_path(tmp_path / "bin", "v20.1.0")
    said = run(sys.executable, WITH_NODE, "sh", "-c", "command -v node; node --version", PATH=path)
    assert said == f"{path}/node\nv20.1.0\n"


def test_the_source_distribution_carries_all_that_builds_the_page(tmp_path: Path) -> None:
    """And the page itself, so that a wheel is made of it without Node.js."""
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path)
    (built,) = tmp_path.iterdir()
    with tarfile.open(built) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    builders = {
        *("hatch_build.py", "scripts/with_node.py", "scripts/pack_html_support.py"),
        *("requirements/node.txt", "web/package-lock.json"),
    }
    carried = {
        *("src/edgemail/client/index.html", "src/edgemail/checks/data/html_support.json"),
        *("skills/edgemail/SKILL.md", "docs/reference/api.md"),
    }
    assert builders | carried <= names


@pytest.mark.slow
@pytest.mark.parametrize(
    ("node_version", "options"),
    [("", ()), ("v18.19.0", ("--no-build-isolation",))],
    ids=["no Node.js", "too old a Node.js"],
)
def test_the_page_is_built_with_python_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, node_version: str, options: tuple[str, ...]
) -> None:
    """Node.js comes from PyPI, into a folder of its own; whoever waits for it is told why."""
    sources = copy_sources(tmp_path / "sources")
    monkeypatch.setenv("PATH", make_path(tmp_path / "bin", node_version))
    log = tmp_path / "log.txt"
    pip: tuple[str | Path, ...] = (
        sys.executable,
        "-m",
        "pip",
        "wheel",
        ".",
        "--no-deps",
        "--log",
        log,
        *options,
        "-w",
        tmp_path,
    )
    run(*pip, cwd=sources, timeout_s=DOWNLOAD_S)
    told = "Installing Node.js from PyPI, as there is none of version 20 or later here..."
    assert told in log.read_text(encoding="utf-8")
    (built,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(built).namelist()
    assert {"edgemail/client/index.html", "edgemail/checks/data/html_support.json"} <= set(names)
    node = sources / ".node" / "programs" / "node"
    assert int(run(node, "--version").removeprefix("v").partition(".")[0]) >= 20
    again = run(sys.executable, sources / "scripts" / "with_node.py", "sh", "-c", "command -v node")
    assert again == f"{node}\n"
