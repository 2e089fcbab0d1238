"""The rules of the house: who imports whom, and what the repository never carries."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("name", ["run.txt", "dev.txt", "fuzz.txt"])
def test_the_python_requirements_name_no_index_and_pin_by_hash(name: str) -> None:
    """The same for pip."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    assert "://" not in text
    pinned = [part for part in re.split(r"\n(?=\S)", text) if part and not part.startswith("#")]
    assert pinned
    assert [
        requirement for requirement in pinned if not re.match(r"[A-Za-z0-9._-]+(\[[a-z,-]+\])?==\S+", requirement)
    ] == []
    assert [requirement for requirement in pinned if "--hash=sha256:" not in requirement] == []
