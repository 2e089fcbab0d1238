"""A release: its versions agree, its workflows are valid, its notes are those of the changelog."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml  # type: ignore[import-untyped]
from hatch_build import is_current
from scripts import check_versions, release_notes
from testkit.clean_environment import ROOT, run

if TYPE_CHECKING:
    from pathlib import Path

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
BUILD_S = 300.0


def test_every_place_names_the_same_version() -> None:
    version = check_versions.package_version()
    assert {named for _, named in check_versions.named_versions()} == {version}


def test_another_version_is_refused_with_each_place() -> None:
    mistakes = list(check_versions.find_mistakes("99.0.0"))
    assert len(mistakes) == len(list(check_versions.named_versions())) + 1
    assert mistakes[0] == f"src/edgemail/__init__.py names {check_versions.package_version()}, not 99.0.0."
    assert mistakes[-1] == "CHANGELOG.md has no section for 99.0.0."


def test_the_notes_are_the_versions_section() -> None:
    changelog = "# Changelog\n\n## 1.1.0 - 2026-11-28\n\n- Two.\n\n## [1.0.0]\n\n- One.\n"
    assert release_notes.section_of("1.1.0", changelog) == "- Two.\n"
    assert release_notes.section_of("1.0.0", changelog) == "- One.\n"
    with pytest.raises(LookupError):
        release_notes.section_of("2.0.0", changelog)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_few_rights_and_pinned_actions(path: Path) -> None:
    """An action is pinned by its commit; PyPI's own is pinned by the branch that it is published from."""
    text = path.read_text("utf-8")
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert "uses" in job or job["timeout-minutes"] <= 60
    actions = re.findall(r"uses: (\S+)", text)
    loose = [name for name in actions if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name)]
    assert set(loose) <= {"./.github/workflows/ci.yml", "pypa/gh-action-pypi-publish@release/v1"}
    assert "secrets." not in text


@pytest.mark.needs_go
@pytest.mark.slow
def test_the_workflows_are_valid() -> None:
    """Actionlint looks at types, expressions, shells and names of runners."""
    run("go", "run", ACTIONLINT, "-shellcheck=", *WORKFLOWS, timeout_s=BUILD_S)


def test_what_the_workflows_call_is_there() -> None:
    text = "".join(path.read_text("utf-8") for path in WORKFLOWS)
    scripts = set(re.findall(r"python3? -m (scripts\.\w+)", text))
    assert scripts == {"scripts.check_versions", "scripts.release_notes", "scripts.try_wheel"}
    targets = set(re.findall(r"run: make ([\w-]+)", text))
    assert targets == {"dist", "docs", "test-core"}
    said = subprocess.run(["make", "--dry-run", *targets], cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr


def test_a_page_that_is_older_than_its_sources_is_built_again(tmp_path: Path) -> None:
    """So `pip install .` after `git pull` does not keep the old page; packages of npm do not count."""
    assert not is_current(tmp_path)
    built = tmp_path / "src/edgemail/client/index.html"
    source = tmp_path / "web/src/main.tsx"
    package = tmp_path / "web/node_modules/preact/index.js"
    for path, at in ((built, 1000), (source, 999), (package, 2000)):
        path.parent.mkdir(parents=True)
        path.touch()
        os.utime(path, (at, at))
    assert is_current(tmp_path)
    os.utime(source, (1001, 1001))
    assert not is_current(tmp_path)
