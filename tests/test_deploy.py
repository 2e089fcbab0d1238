"""What stands in deploy/ and in its guide can be run: flags, variables, configuration files, the zone."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgemail.doctor import Question, State, examine
from edgemail.settings import SETTINGS, Endpoint
from support.bounds import bounded
from support.dns import serving_dns
from support.ports import free_port
from support.sqld import find_program

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["bounded"]

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
PLACES = ["edgemail.service", "edgemail-reader.service", "compose.yaml", "fly.toml", "Dockerfile", "edge.md"]


@dataclass(frozen=True)
class Command:
    """A command line of edgemail, from `serve` on, and its environment."""

    arguments: list[str]
    environ: dict[str, str] = field(default_factory=dict)


def read_deploy(name: str) -> str:
    """Read a file; a line that ends with a backslash goes on."""
    return (DEPLOY / name).read_text(encoding="utf-8").replace("\\\n", " ")


def find_commands(name: str) -> Iterator[Command]:
    """Find the command lines of edgemail in a file."""
    if name == "edge.md":
        text = (ROOT / "docs" / name).read_text(encoding="utf-8").replace("\\\n", " ")
        for block in re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            for line in re.findall(r"^(?:\S+/)?edgemail (serve .*)$", block, re.MULTILINE):
                yield Command(shlex.split(line, comments=True))
    elif name == "Dockerfile":
        (line,) = re.findall(r"^CMD (\[.*\])$", read_deploy(name), re.MULTILINE)
        yield Command(json.loads(line))
    elif name == "fly.toml":
        table = tomllib.loads(read_deploy(name))
        for line in table["processes"].values():
            yield Command(shlex.split(line), table["env"])
    elif name == "compose.yaml":
        for line in re.findall(r"command: >-\n((?: {6}.*\n)+)", read_deploy(name)):
            if line.split()[0] == "serve":
                yield Command(shlex.split(line))
    else:
        text = read_deploy(name)
        pairs = re.findall(r"^Environment=(\w+)=(.*)$", text, re.MULTILINE)
        for line in re.findall(r"^ExecStart=\S+/edgemail (.*)$", text, re.MULTILINE):
            yield Command(shlex.split(line), dict(pairs))


def write_config(path: str, folder: Path) -> str:
    """Write the file of that name that a guide shows; return where it is."""
    for guide in (ROOT / "docs").glob("*.md"):
        shown = re.search(
            rf"cat > {re.escape(path)} <<'END'\n(.*?)^END$", guide.read_text("utf-8"), re.DOTALL | re.MULTILINE
        )
        if shown:
            written = folder / Path(path).name
            written.write_text(shown[1], encoding="utf-8")
            return str(written)
    raise FileNotFoundError(f"no guide shows {path}")


@pytest.mark.parametrize("name", PLACES)
def test_every_command_has_flags_and_variables_that_exist(name: str, tmp_path: Path) -> None:
    """`edgemail config` takes them all without a mistake, with the configuration that the guides show."""
    commands = list(find_commands(name))
    assert commands
    for command in commands:
        first, *arguments = command.arguments
        assert first == "serve"
        if "--config" in arguments:
            at = arguments.index("--config") + 1
            arguments[at] = write_config(arguments[at], tmp_path)
        done = subprocess.run(
            [sys.executable, "-m", "edgemail", "config", "--json", *arguments],
            env={"PATH": os.environ["PATH"]} | command.environ,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), command
        assert json.loads(done.stdout)["db"]["source"] != "default", command


def test_every_variable_of_edgemail_is_one() -> None:
    """Comments name them too."""
    known = {setting.variable for setting in SETTINGS}
    for file in DEPLOY.iterdir():
        found = set(re.findall(r"\bEDGEMAIL_[A-Z_]+", file.read_text(encoding="utf-8")))
        assert found <= known, file.name


def test_every_flag_of_sqld_is_one() -> None:
    """The real server's help has them."""
    told = subprocess.run([find_program(), "--help"], capture_output=True, text=True, timeout=30, check=True).stdout
    texts = [*re.findall(r"^ExecStart=\S+/sqld (.*)$", read_deploy("sqld.service"), re.MULTILINE)]
    texts += re.findall(r"command: >-\n((?: {6}--.*\n)+)", read_deploy("compose.yaml"))
    texts += re.findall(r"^ENTRYPOINT (.*)$", read_deploy("sqld.Dockerfile"), re.MULTILINE)
    guide = (ROOT / "docs/edge.md").read_text(encoding="utf-8").replace("\\\n", " ")
    texts += re.findall(r"^sqld (.*)$", guide, re.MULTILINE)
    assert len(texts) >= 6
    flags = {flag for text in texts for flag in re.findall(r"(?<!\S|-)--[a-z-]+", text.replace('"', " "))}
    assert {"--http-listen-addr", "--no-welcome", "--primary-grpc-url"} <= flags
    assert [flag for flag in sorted(flags) if not re.search(rf"{flag}\b", told)] == []


async def test_the_zone_has_all_that_the_doctor_asks_for() -> None:
    """With this machine's addresses in place of the examples', no record is missing."""
    text = read_deploy("zone.txt").replace("192.0.2.10", "127.0.0.1").replace("2001:db8::10", "::1")
    with serving_dns(text) as server:
        question = Question(
            "mail.example",
            ("127.0.0.1", "::1"),
            Endpoint("127.0.0.1", server.port),
            smtp_port=free_port(),
            policy_port=free_port(),
        )
        found = await examine(question, lambda done, begun: None)
    wanted = {"MX", "wildcard", "address", "SPF", "DMARC", "CAA issue", "CAA issuemail"}
    assert {one.check: one.state for one in found if one.check in wanted} == dict.fromkeys(wanted, State.OK)


@pytest.mark.parametrize("name", ["edgemail.service", "edgemail-reader.service"])
def test_a_unit_starts_again_until_its_database_is_there(name: str) -> None:
    """systemd gives up after 5 starts in 10 s, does not know when sqld answers, and a wrong setting stays wrong."""
    text = read_deploy(name)
    assert re.findall(r"^Restart=(.*)", text, re.MULTILINE) == ["on-failure"]
    assert re.findall(r"^RestartPreventExitStatus=(.*)", text, re.MULTILINE) == ["78"]
    (pause_s,) = re.findall(r"^RestartSec=(\d+)$", text, re.MULTILINE)
    assert int(pause_s) * 5 > 10
    (after,) = re.findall(r"^After=(.*)", text, re.MULTILINE)
    assert "sqld.service" in after.split()
