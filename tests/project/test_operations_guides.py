"""The guides for who runs a server: their messages, units, and workflows are real."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from edgemail.settings import SETTINGS

ROOT = Path(__file__).parents[2]
GUIDES = ROOT / "docs/how-to"
PAGES = (
    "back-up-and-restore.md",
    "run-for-years.md",
    "run-sqld.md",
    "test-in-ci.md",
    "troubleshoot.md",
    "upgrade.md",
)


def read(name: str) -> str:
    return (GUIDES / name).read_text(encoding="utf-8")


def read_sources() -> str:
    """Return the program's text, with string literals that follow each other joined, and one blank for many."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "src/edgemail").rglob("*.py")))
    text = text.replace('\\"', '"')
    return re.sub(r"""["']\s*\n\s*f?["']""", "", text)


def test_each_message_that_is_quoted_is_one_of_the_program() -> None:
    """Between two `…` stands what the program says."""
    sources = read_sources()
    quoted = re.findall(r"^> (.+)$", read("troubleshoot.md"), re.MULTILINE)
    messages = [message for line in quoted for message in re.findall(r"`([^`]+)`", line)]
    assert len(messages) > 15
    for message in messages:
        for part in filter(None, (part.strip() for part in message.split("…"))):
            assert part in sources, f"{message}: {part}"


def test_each_setting_that_is_named_exists() -> None:
    """A name with an underscore, or before an equals sign, in a guide."""
    names = {setting.name for setting in SETTINGS}
    for page in PAGES[:2] + PAGES[4:]:
        for name in re.findall(r"`(max_\w+|min_\w+|\w+_rate|log_addresses|allowed_host|private)\b", read(page)):
            assert name in names, f"{page}: {name}"


@pytest.mark.parametrize("page", PAGES)
def test_pages_are_short(page: str) -> None:
    lines = read(page).splitlines()
    assert len(lines) <= 200
    assert max(len(line) for line in lines if not line.startswith("|")) <= 100


def test_workflows_are_yaml_with_jobs_that_have_steps() -> None:
    """GitHub's have steps, GitLab's a script."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", read("test-in-ci.md"), re.DOTALL | re.MULTILINE)
    assert len(blocks) == 4
    for block in blocks:
        document = yaml.safe_load(block)
        jobs = document["jobs"].values() if "jobs" in document else document.values()
        for job in jobs:
            assert job.get("steps") or job.get("script")


def test_the_example_of_a_workflow_is_the_one_in_the_guide() -> None:
    """Both have the same service."""
    example = yaml.safe_load((ROOT / "deploy/compose/github-actions.yaml").read_text(encoding="utf-8"))
    blocks = re.findall(r"^```yaml\n(.*?)^```", read("test-in-ci.md"), re.DOTALL | re.MULTILINE)
    assert yaml.safe_load(blocks[2])["jobs"]["test"]["services"] == example["jobs"]["test"]["services"]


@pytest.mark.parametrize("name", ["edgemail.service", "edgemail-reader.service", "sqld.service"])
def test_units_parse_and_come_back(name: str) -> None:
    """Every unit is started again after a failure, with a pause; systemd itself finds nothing to say."""
    path = ROOT / "deploy" / name
    lines = path.read_text(encoding="utf-8").splitlines()
    assert "Restart=on-failure" in lines
    assert "RestartSec=5" in lines
    verify = shutil.which("systemd-analyze")
    if verify is not None:
        ended = subprocess.run(
            [verify, "verify", str(path)], capture_output=True, text=True, timeout=60, check=False
        )
        said = [line for line in ended.stderr.splitlines() if line and "is not executable" not in line]
        assert said == []


def test_sqld_waits_for_its_private_address() -> None:
    """It ends at once where the address is missing. The address waited for is the one that it listens on."""
    text = (ROOT / "deploy/sqld.service").read_text(encoding="utf-8")
    waited = re.search(r"^ExecStartPre=.* to ([\d.]+) ", text, re.MULTILINE)
    bound = re.search(r"--grpc-listen-addr ([\d.]+):", text)
    assert waited is not None
    assert bound is not None
    assert waited[1] == bound[1]
    assert "StartLimitIntervalSec=0" in text.partition("[Service]")[0]
