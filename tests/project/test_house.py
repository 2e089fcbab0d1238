"""The rules of the house: who imports whom, and what the repository never carries."""

from __future__ import annotations

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
    "a mark of a merge": re.compile(rb"^(?:<{7} |>{7} |={7}$)", re.MULTILINE),
}
NEVER_KEPT = re.compile(r"(^|/)(node_modules|__pycache__|dist|\.venv)/|\.(db|db-wal|db-shm|pem|key|pyc|env|log)$")


def test_who_imports_whom_is_as_the_house_says() -> None:
    """Import-linter's contracts in pyproject.toml hold."""
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"Contracts: [1-9]\d* kept, 0 broken", done.stdout)


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
            one
            for one in inside
            if not ((folder / one).exists() or any(base.joinpath(one).exists() for base in (source, ROOT)))
        ]
        assert missing == [], room


def test_use_cases_see_a_stores_interface_alone() -> None:
    """Import-linter forbids them every module of the stores but `base`, those that came last among them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (contract,) = [one for one in contracts if one["name"].startswith("Use cases see a store's interface")]
    modules = {f"edgemail.store.{module.name}" for module in pkgutil.iter_modules(edgemail.store.__path__)}
    assert set(contract["forbidden_modules"]) == modules - {"edgemail.store.base"}


def test_one_place_decides_what_a_database_is() -> None:
    """Only the settings look for a URL's mark in a text, and only one module opens a store for the program."""
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
def test_no_file_carries(what: str) -> None:
    """Neither a secret nor a leftover."""
    here = Path(__file__).relative_to(ROOT).as_posix()
    found = [
        name
        for name in FILES
        if name != here and (ROOT / name).is_file() and FORBIDDEN[what].search((ROOT / name).read_bytes())
    ]
    assert found == []


def test_what_is_built_or_kept_by_running_is_in_no_commit() -> None:
    """Databases, keys, caches and packages stay out, and so do large files."""
    assert [name for name in FILES if NEVER_KEPT.search(name)] == []
    large = [name for name in FILES if (ROOT / name).is_file() and (ROOT / name).stat().st_size > TEXT_MAX_OCTETS]
    assert large == []


@pytest.mark.parametrize("folder", ["web", "tests/sqld", "tests/senders", "bench/peers"])
def test_the_npm_lock_names_no_registry_and_pins_by_hash(folder: str) -> None:
    """Whoever installs chooses where from; what arrives is what was locked."""
    lock = json.loads((ROOT / folder / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if not entry.get("integrity", "").startswith("sha512-")] == []


@pytest.mark.parametrize("name", ["run.txt", "dev.txt", "fuzz.txt", "node.txt"])
def test_the_python_requirements_name_no_index_and_pin_by_hash(name: str) -> None:
    """The same for pip."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    assert "://" not in text
    pinned = [one for one in re.split(r"\n(?=\S)", text) if one and not one.startswith("#")]
    assert pinned
    assert [one for one in pinned if not re.match(r"[A-Za-z0-9._-]+(\[[a-z,-]+\])?==\S+", one)] == []
    assert [one for one in pinned if "--hash=sha256:" not in one] == []
