"""Rules for the whole repository: imports, names, and what is never committed."""

from __future__ import annotations

import ast
import json
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import edgemail.store

ROOT = Path(__file__).parents[2]
FILES = subprocess.run(
    ["git", "ls-files", "-z", "--cached"], cwd=ROOT, check=True, capture_output=True, text=True
).stdout.split("\0")[:-1]
TEXT_MAX_OCTETS = 2 * 2**20
FORBIDDEN = {
    "a private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\r?\n"),
    "an access token": re.compile(rb"\b(?:ghp_[A-Za-z0-9]{30}|AKIA[A-Z0-9]{16}|eyJhbGciOi[A-Za-z0-9_-]{20,}\.)"),
    "a merge conflict marker": re.compile(rb"^(?:<{7} |>{7} |={7}$)", re.MULTILINE),
}
NEVER_KEPT = re.compile(r"(^|/)(node_modules|__pycache__|dist|\.venv)/|\.(db|db-wal|db-shm|pem|key|pyc|env|log)$")


RETIRED_MODULES = {
    "turns": "switch_interval",
    "trouble": "outage_log",
    "pace": "deadlines",
    "entrance": "acceptor",
    "mischief": "chaos",
    "floor": "disk_space",
    "lists": "allow_deny",
    "deeds": "blocked_content",
    "claims": "auth_results",
    "weight": "render_limits",
    "arrange": "filter_sort",
    "ask": "lazy_confirm",
}
"""Old names of modules, with the names that say what they are."""


def test_imports_keep_to_the_layers() -> None:
    """Import-linter's contracts in pyproject.toml hold."""
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"Contracts: [1-9]\d* kept, 0 broken", done.stdout)


def test_a_class_name_has_one_meaning() -> None:
    """No two classes of the program have the same name, whichever modules they are in.

    `testing` is a program of its own for other people's tests: its names are for them, and the server never
    sees them.
    """
    places: dict[str, list[str]] = {}
    source = ROOT / "src" / "edgemail"
    for path in source.rglob("*.py"):
        if path.is_relative_to(source / "testing"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert places
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


@pytest.mark.parametrize("suffixes", [(".py",), (".ts", ".tsx")], ids=["Python", "TypeScript"])
def test_retired_module_names_do_not_come_back(suffixes: tuple[str, ...]) -> None:
    """A module has the name that says what it is, not the riddle that it had."""
    modules = [Path(name) for name in FILES if name.endswith(suffixes)]
    assert modules
    assert {str(path): RETIRED_MODULES[path.stem] for path in modules if path.stem in RETIRED_MODULES} == {}


def test_the_architecture_page_shows_the_layers_that_lint_enforces() -> None:
    """The one line of arrows in ARCHITECTURE.md is the list of layers in pyproject.toml."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    assert f"\n{' -> '.join(layers)}\n" in (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_the_architecture_page_names_every_room_and_only_what_is_there() -> None:
    """Each module and folder of the program stands in the table; each path in the table exists."""
    table = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").partition("\n## Where things are\n")[2]
    rows = [
        re.findall(r"`([^`]+)`", row) for row in table.partition("\n## ")[0].splitlines() if row.startswith("| `")
    ]
    rooms = {room for row in rows for room in row}
    source = ROOT / "src/edgemail"
    kept = [Path(name).relative_to("src/edgemail").parts for name in FILES if name.startswith("src/edgemail/")]
    names = {parts[0] + "/" * (len(parts) > 1) for parts in kept}
    assert names - rooms == {"__init__.py", "__main__.py", "py.typed"}
    for room, *inside in rows:
        folder = source / room if (source / room).exists() else ROOT / room
        assert folder.exists(), room
        missing = [
            path
            for path in inside
            if not ((folder / path).exists() or any(base.joinpath(path).exists() for base in (source, ROOT)))
        ]
        assert missing == [], room


def test_use_cases_see_a_stores_interface_alone() -> None:
    """Import-linter's contract lists every module of the stores but the interface and its values."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (contract,) = [
        contract for contract in contracts if contract["name"].startswith("Use cases see a store's interface")
    ]
    modules = {f"edgemail.store.{module.name}" for module in pkgutil.iter_modules(edgemail.store.__path__)}
    assert set(contract["forbidden_modules"]) == modules - {
        "edgemail.store.base", "edgemail.store.message_json",
        "edgemail.store.query", "edgemail.store.webhook_queue",
    }  # fmt: skip


def test_one_place_decides_what_a_database_is() -> None:
    """Only the settings recognise a URL, and only one module opens a store."""
    programs = [name for name in FILES if name.endswith(".py") and not name.startswith("tests/")]
    sources = {name: (ROOT / name).read_text(encoding="utf-8") for name in programs}
    mark = re.compile(r"""["']://["'] (?:not )?in\b|in ["']://["']""")
    assert [name for name, text in sources.items() if mark.search(text)] == ["src/edgemail/settings/values.py"]
    opens = re.compile(r"\b(?:SqliteStore|RemoteStore)\.open\(|\bMemoryStore\(")
    assert [name for name, text in sources.items() if opens.search(text)] == ["src/edgemail/store/open.py"]


def test_the_answers_for_newcomers_name_files_that_are_there() -> None:
    """Each path in the table of CONTRIBUTING.md exists."""
    table = (
        (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("\n## Where is")[2].partition("\n## ")[0]
    )
    paths = re.findall(r"`([\w./-]+)`|\]\(([\w./-]+)\)", table)
    assert len(paths) > 10
    assert [path for pair in paths for path in pair if path and not (ROOT / path).exists()] == []


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_contains(what: str) -> None:
    """No secret and no leftover is committed."""
    here = Path(__file__).relative_to(ROOT).as_posix()
    found = [
        name
        for name in FILES
        if name != here and (ROOT / name).is_file() and FORBIDDEN[what].search((ROOT / name).read_bytes())
    ]
    assert found == []


def test_no_build_product_or_data_is_committed() -> None:
    """Databases, keys, caches and packages stay out, and so do large files."""
    assert [name for name in FILES if NEVER_KEPT.search(name)] == []
    large = [name for name in FILES if (ROOT / name).is_file() and (ROOT / name).stat().st_size > TEXT_MAX_OCTETS]
    assert large == []


@pytest.mark.parametrize(
    "folder",
    ["web", "clients/playwright", "tests/sqld", "tests/senders", "tests/compat", "tests/mcp", "bench/peers"],
)
def test_the_npm_lock_names_no_registry_and_pins_by_hash(folder: str) -> None:
    """The user chooses the registry; the hash makes sure that the packages are those locked."""
    lock = json.loads((ROOT / folder / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if not entry.get("integrity", "").startswith("sha512-")] == []


@pytest.mark.parametrize(
    "name", ["run.txt", "dev.txt", "fuzz.txt", "node.txt", "compat.txt", "frameworks.txt", "django-6.1.txt"]
)
def test_the_python_requirements_name_no_index_and_pin_by_hash(name: str) -> None:
    """The same holds for pip: no index, and a hash for every package."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    assert "://" not in text
    pinned = [part for part in re.split(r"\n(?=\S)", text) if part and not part.startswith("#")]
    assert pinned
    assert [
        requirement for requirement in pinned if not re.match(r"[A-Za-z0-9._-]+(\[[a-z,-]+\])?==\S+", requirement)
    ] == []
    assert [requirement for requirement in pinned if "--hash=sha256:" not in requirement] == []
