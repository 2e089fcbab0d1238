"""The README: its size, its figures, its moving picture, and its snippets, which are run."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from scripts import record_demo
from testkit.dns_server import serving_dns
from testkit.waiting import until

from tests.cli.in_process import running_loaded
from tests.project.test_agent_files import run_script, shell_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.test_serve import Running

__all__ = ["shell_path"]

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PICTURE_MAX_OCTETS = 60_000
OTHERS_LEFT_OUT = [f"-pno:{name}" for name in ("anyio", "asyncio", "hypothesispytest", "schemathesis", "xdist")]
TRAP_S = 60.0


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running_loaded("--db", "memory") as started:
        yield started


def section(heading: str) -> str:
    return README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def blocks(text: str, language: str = "sh") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def guides() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_it_fits_a_screen_or_two() -> None:
    lines = README.splitlines()
    assert len(lines) <= 120
    assert max(map(len, lines)) <= 100


def test_its_files_are_there() -> None:
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", README):
        assert (ROOT / link).is_file(), link


def test_its_figures_are_those_that_were_measured() -> None:
    heading = "\n### One of them in full: 4 kB, 50 connections\n"
    (report,) = [text for path in guides() if heading in (text := path.read_text("utf-8"))]
    measured = report.partition(heading)[2].partition("\n## ")[0]
    rows = re.findall(
        r"^\| ([^|]+) \| ([\d,]+) \| (\w[^|]*) \|[^|]*\| ([\d,]+) \|$", section("How fast"), re.MULTILINE
    )
    assert len(rows) == 5
    for server, rate, kept, cpu in rows:
        assert re.search(
            rf"^\| {re.escape(server)} \| {kept} \| {rate} \|.*\| {cpu} \| [\d,]+ \|$", measured, re.MULTILINE
        ), server


def test_the_picture_brings_all_it_needs() -> None:
    """A browser that shows it runs nothing and fetches nothing."""
    octets = record_demo.PICTURE.read_bytes()
    assert len(octets) <= PICTURE_MAX_OCTETS
    text = octets.decode()
    assert not re.search(r"<script|<image|<foreignObject|href|url\(|@import|@font-face|\son\w+=", text)
    assert "prefers-reduced-motion: no-preference" in text
    assert "prefers-color-scheme: dark" in text
    assert "animation" not in text.partition("@media (prefers-reduced-motion")[0]
    root = ET.fromstring(text)
    drawn = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "Web   http://127.0.0.1:8025/" in drawn
    assert set(record_demo.ASK) <= set(drawn)


@pytest.mark.slow
def test_the_picture_shows_what_the_commands_print() -> None:
    """All but ports, codes and tokens."""

    def mask(text: str) -> str:
        return re.sub(r"(?<=token=)\S+", "T", re.sub(r"\d{4,6}\b", "N", text))

    with running_loaded("--db", "memory") as server:
        started = record_demo.DemoStep(f"{record_demo.SERVE} &", tuple(server.lines))
        environ = {"EDGEMAIL_URL": server.url, "EDGEMAIL_SMTP": server.smtp}
        now = record_demo.draw([started, *record_demo.ask(record_demo.ASK, environ)])
    described = [
        re.findall(r"<desc[^>]*>(.*?)</desc>", text, re.DOTALL) for text in (now, record_demo.PICTURE.read_text())
    ]
    assert mask(described[0][0]) == mask(described[1][0])


def test_the_snippet_for_pytest_passes(
    server: Running, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    (snippet,) = blocks(section("In tests"), "python")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(test_readme_snippet=snippet)
    options = ("-p", "edgemail", "-p", "no:cacheprovider", f"--edgemail-url={server.url}")
    pytester.runpytest_subprocess(*options, timeout=60).assert_outcomes(passed=1)


def test_the_snippets_for_agents_give_the_code(server: Running, shell_path: str, tmp_path: Path) -> None:
    (commands,) = blocks(section("For agents"))
    address, wait = commands.splitlines()
    script = f'{address}\nedgemail send "$address" > sent.txt\n{wait}\necho "$code"'
    (code,) = run_script(server, shell_path, script, tmp_path)
    assert re.fullmatch("[0-9]{6}", code)
    (config,) = blocks(section("For agents"), "json")
    (guide,) = [path for path in guides() if path.name == "give-agents-an-address.md"]
    assert json.loads(config) == json.loads(blocks(guide.read_text("utf-8"), "json")[0])


@pytest.mark.slow
def test_the_snippet_for_a_domain_writes_a_zone_that_doctor_finds(
    server: Running, shell_path: str, tmp_path: Path
) -> None:
    """This machine stands for the server: nothing listens on its port 25, which doctor says."""
    (commands,) = blocks(section("With a domain of your own"))
    init, doctor = commands.replace("192.0.2.10", "127.0.0.1").splitlines()
    run_script(server, shell_path, init, tmp_path)
    with serving_dns((tmp_path / "edgemail-setup" / "zone.txt").read_text()) as dns:
        doctor = f"{doctor.partition('#')[0]} --dns 127.0.0.1:{dns.port} --timeout 20 || test $? = 1"
        found = "\n".join(run_script(server, shell_path, doctor, tmp_path))
    assert re.search(r"^ok +MX +mail for example\.org goes to mail\.example\.org", found, re.MULTILINE), found
    assert re.search(r"^\w+ +port 25 ", found, re.MULTILINE), found


def test_the_guides_commands_use_no_variable_that_they_do_not_set() -> None:
    """Of lower case: those in capitals are the environment's."""
    unset = []
    for path in guides():
        known: set[str] = set()
        for block in blocks(path.read_text("utf-8")):
            bare = re.sub(r"<<'?(\w+)'?[^\n]*\n.*?^\1$", "", block, flags=re.DOTALL | re.MULTILINE)
            bare = re.sub(r"'[^'\n]*'", "", bare)
            for set_here, used in re.findall(r"(?:(?<=\s)|^)(?:for )?([a-z_]+)(?:=| in )|\$\{?([a-z_]+)", bare):
                known.add(set_here)
                if used and used not in known:
                    unset.append(f"{path.relative_to(ROOT)}: ${used}")
    assert unset == []


@pytest.mark.slow
def test_the_guides_trap_ends_the_server_alone(shell_path: str, tmp_path: Path) -> None:
    """Another job that the script starts afterwards lives on."""
    (start,) = [
        block
        for path in guides()
        for block in blocks(path.read_text("utf-8"))
        if re.search("^trap ", block, re.MULTILINE)
    ]
    other = f"{sys.executable} -c 'import time; time.sleep({TRAP_S})' > other.txt 2>&1 &"
    report = 'echo "$EDGEMAIL_URL" $(jobs -p) > jobs.txt'
    script = f"{start}\nedgemail readyz --wait > ready.txt\n{other}\n{report}"
    env = {"PATH": shell_path, "PYTHONPATH": str(ROOT / "src"), "TMPDIR": str(tmp_path)}
    with (tmp_path / "errors.txt").open("w") as errors:
        subprocess.run(
            ["bash", "-e", "-c", script], cwd=tmp_path, env=env, stderr=errors, timeout=TRAP_S, check=True
        )
    url, *jobs = (tmp_path / "jobs.txt").read_text().split()
    port = int(url.rstrip("/").rpartition(":")[2])

    def is_closed() -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) != 0

    try:
        asyncio.run(until(is_closed))
        assert (
            subprocess.run(["ps", "-o", "stat=", "-p", jobs[1]], check=True, capture_output=True).stdout[:1] != b"Z"
        )
    finally:
        subprocess.run(["kill", *jobs], stderr=subprocess.DEVNULL, check=False)
