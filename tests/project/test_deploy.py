"""deploy/ and its guides work as written: flags, variables, configuration files, the zone."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from testkit.dns_server import serving_dns
from testkit.http_client import ask, inbox_path
from testkit.image import read_image
from testkit.ports import free_port
from testkit.running_app import running
from testkit.sample_mail import letter
from testkit.server_process import previewing
from testkit.sqld import Sqld, find_program
from testkit.time_limit import bounded
from testkit.waiting import until

from edgemail.cli.serve import resolve_flags, serve
from edgemail.doctor import DoctorRequest, Status, run_checks
from edgemail.doctor.zone_plan import plan_zone
from edgemail.model import Endpoint
from edgemail.settings import SETTINGS
from edgemail.store.remote.hrana import HranaClient, HranaError
from edgemail.store.remote.store import RemoteStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgemail.settings import Settings

__all__ = ["bounded"]

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DB = "http://127.0.0.1:8080"
GUIDES = ROOT / "docs"
EDGE_GUIDES = ("run-at-the-edge.md", "publish-the-page.md")
"""The pages of docs/how-to that lead from nothing to a replicated deployment, in their order."""
PLACES = ["edgemail.service", "edgemail-reader.service", "compose.yaml", "fly.toml", "Dockerfile", EDGE_GUIDES[0]]


@dataclass(frozen=True)
class Command:
    """A command line of edgemail, from `serve` on, and its environment."""

    arguments: list[str]
    environ: dict[str, str] = field(default_factory=dict)


def read_deploy(name: str) -> str:
    """Read a file, with continued lines joined."""
    return (DEPLOY / name).read_text(encoding="utf-8").replace("\\\n", " ")


def read_edge_guides() -> str:
    """Read both pages, with continued lines joined."""
    texts = ((GUIDES / "how-to" / name).read_text(encoding="utf-8") for name in EDGE_GUIDES)
    return "\n".join(texts).replace("\\\n", " ")


def find_commands(name: str) -> Iterator[Command]:
    """Find the command lines of edgemail in a file."""
    if name == EDGE_GUIDES[0]:
        for block in re.findall(r"^```sh\n(.*?)^```", read_edge_guides(), re.DOTALL | re.MULTILINE):
            for line in re.findall(r"^(?:\S+/)?edgemail (serve .*)$", block, re.MULTILINE):
                yield Command(shlex.split(line, comments=True))
    elif name == "Dockerfile":
        image = read_image()
        assert ("deploy/container.toml", image.environ["EDGEMAIL_DEFAULTS"]) in image.copies
        yield Command(image.arguments, {"EDGEMAIL_DEFAULTS": str(DEPLOY / "container.toml")})
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


def find_configs(path: str) -> list[str]:
    """Find the content that the guides show for a file."""
    block = re.compile(rf"cat > {re.escape(path)} <<'END'\n(.*?)^END$", re.DOTALL | re.MULTILINE)
    found = [text for guide in GUIDES.rglob("*.md") for text in block.findall(guide.read_text("utf-8"))]
    assert found, f"no guide shows {path}"
    return found


def write_configs(arguments: list[str], folder: Path) -> Iterator[list[str]]:
    """Yield the arguments once for each file that the guides show, in place of the named file."""
    if "--config" not in arguments:
        yield arguments
        return
    at = arguments.index("--config") + 1
    for number, text in enumerate(find_configs(arguments[at])):
        written = folder / f"{number}.toml"
        written.write_text(text, encoding="utf-8")
        yield [*arguments[:at], str(written), *arguments[at + 1 :]]


@pytest.mark.parametrize("name", PLACES)
def test_every_command_has_flags_and_variables_that_exist(name: str, tmp_path: Path) -> None:
    """`edgemail config` accepts each of them, with the configuration that the guides show."""
    commands = list(find_commands(name))
    assert commands
    for command in commands:
        first, *given = command.arguments
        assert first == "serve"
        for arguments in write_configs(given, tmp_path):
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


def settings_of(unit: str, folder: Path, db: str) -> Settings:
    """Return the settings of a systemd unit, on free ports, with a test's database and token."""
    (command,) = find_commands(unit)
    environ = dict(command.environ)
    if unit == "edgemail.service":
        conf = read_deploy("edgemail-database.conf")
        assert "LoadCredential=token:" in conf
        environ |= re.findall(r"^Environment=(\w+)=(.*)$", conf, re.MULTILINE)
    environ = {name: text.replace("%d", str(folder)) for name, text in environ.items()}
    environ |= {"EDGEMAIL_HTTP": "127.0.0.1:0", "EDGEMAIL_MIN_FREE": "off"}
    first, *given = [argument.replace(DB, db) for argument in command.arguments]
    assert first == "serve"
    for arguments in write_configs(given, folder):
        path = Path(arguments[arguments.index("--config") + 1])
        text = path.read_text(encoding="utf-8").replace(DB, db).replace("/var/lib/edgemail", str(folder))
        path.write_text(re.sub(r"(?m)^smtp = .*", 'smtp = ["127.0.0.1:0"]', text), encoding="utf-8")
        with pytest.MonkeyPatch.context() as patch:
            for name, text in environ.items():
                patch.setenv(name, text)
            settings = resolve_flags(serve.make_context("serve", arguments).params).settings
        if settings.store.db == db:
            return settings
    raise AssertionError(f"no guide runs {unit} on {DB}")


@pytest.mark.needs_sqld
async def test_the_services_take_mail_into_a_database_and_show_it(tmp_path: Path) -> None:
    """The units start with the guide's files and with credentials as systemd passes them."""
    server = Sqld(tmp_path / "primary")
    server.start()
    try:
        for unit, access in (("writer", "rw"), ("reader", "ro")):
            (tmp_path / unit).mkdir()
            (tmp_path / unit / "token").write_text(server.token(access) + "\n")
        async with running(settings_of("edgemail.service", tmp_path / "writer", server.url)) as writer:
            await writer.send(letter("Hello"), to=("ann@mail.example",))
            async with running(settings_of("edgemail-reader.service", tmp_path / "reader", server.url)) as reader:
                (listed,) = await reader.list_inbox("ann@mail.example")
                assert listed["subject"] == "Hello"
                path = inbox_path("ann@mail.example", f"/messages/{listed['id']}")
                assert (await reader.ask(path, "DELETE")).status == 403
    finally:
        server.kill()


@pytest.mark.needs_sqld
async def test_the_replica_on_fly_follows_its_primary_over_ipv6(tmp_path: Path) -> None:
    """Fly's private network has no IPv4. The reader's file names this replica's app and port."""
    table = tomllib.loads(read_deploy("fly-replica.toml"))
    line = table["processes"]["replica"]
    (key,) = [file["guest_path"] for file in table["files"]]
    reads = tomllib.loads(read_deploy("fly.toml"))["env"]["EDGEMAIL_DB"]
    assert reads.endswith(f".{table['app']}.internal:8080")
    primary = Sqld(tmp_path / "primary", host="[::1]")
    primary.start()
    port = free_port()
    for told, ours in (
        ("[::]:8080", f"[::1]:{port}"),
        ("http://primary._peer.internal:5001", f"http://[::1]:{primary.grpc_port}"),
        (key, str(primary.folder / "key.pem")),
    ):
        assert line.count(told) == 1
        line = line.replace(told, ours)
    command = [str(find_program()), "--no-welcome", "-d", str(tmp_path / "replica"), *shlex.split(line)]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as replica:
        try:
            async with HranaClient(primary.url, primary.token()) as client:
                await client.query("CREATE TABLE t (x)")

            async def has_come() -> bool:
                async with HranaClient(f"http://[::1]:{port}", primary.token("ro")) as client:
                    with suppress(HranaError):
                        return await client.query("SELECT x FROM t") == []
                return False

            await until(has_come)
        finally:
            replica.kill()
            primary.kill()


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Yield a PATH with the tested `edgemail`."""
    program = tmp_path / "bin" / "edgemail"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m edgemail "$@"\n')
    program.chmod(0o755)
    return f"{program.parent}:{os.environ['PATH']}"


def shell(line: str, folder: Path, path: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a line of the guide in a folder."""
    return subprocess.run(
        ["bash", "-ec", line],
        cwd=folder,
        env={"PATH": path} | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.needs_sqld
async def test_the_guides_commands_run_one_after_the_other(tmp_path: Path, path: str) -> None:
    """The guide's lines for keys, tokens, doctor, export and preview work."""
    guide = read_edge_guides()
    blocks = "".join(re.findall(r"^```sh\n(.*?)^```", guide, re.DOTALL | re.MULTILINE))
    lines = re.findall(r"^(?:\(umask 077; )?edgemail (?:token|web|doctor) .*$", blocks, re.MULTILINE)
    kinds = [re.findall(r"edgemail (\w+)", line)[0] for line in lines]
    assert kinds == ["token", "token", "token", "doctor", "doctor", "web", "web"]
    for line in lines[:3]:
        done = shell(line, tmp_path, path)
        assert done.returncode == 0, done.stderr
    key = load_pem_private_key((tmp_path / "keys/private.pem").read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    server = Sqld(tmp_path / "primary", key=key)
    server.start()
    try:
        await (await RemoteStore.open(server.url, (tmp_path / "write.jwt").read_text().strip())).close()
        with serving_dns(read_deploy("zone.txt").replace("192.0.2.10", "127.0.0.1")) as dns:
            ours = f"--dns 127.0.0.1:{dns.port} --smtp-port {free_port()} --policy-port {free_port()}"
            for line in lines[3:5]:
                line_here = line.partition("#")[0].replace(DB, server.url).replace("192.0.2.10", "127.0.0.1")
                told = (await asyncio.to_thread(shell, f"{line_here} {ours}", tmp_path, path)).stdout
                assert re.findall(r"^(\w+) +(?:database|token) ", told, re.MULTILINE) == ["ok", "ok"], told
    finally:
        server.kill()
    done = shell(lines[5], tmp_path, path)
    assert done.returncode == 0, done.stderr
    assert shlex.split(lines[6], comments=True) == ["edgemail", "web", "preview", "--dir", "site"]
    with previewing(tmp_path / "site") as (url, _):
        assert (await ask(url, "/config.json")).status == 200
    token = (tmp_path / "read.jwt").read_text().strip()
    (run,) = re.findall(r"^      - run: \|\n((?:          .*\n)+)", guide, re.MULTILINE)
    (tmp_path / "runner").mkdir()
    done = shell(run, tmp_path / "runner", path, TOKEN=token)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "runner/site/config.json").read_text())["token"] == token


SECRETS = ("deploy/keys/write.jwt", "deploy/keys/public.pem", "keys/private.pem", "read.jwt", "deploy/write.jwt")


def test_keys_and_tokens_get_into_no_commit_and_no_image() -> None:
    """The ignore files keep the guide's secrets out of commits and images."""
    ignored = subprocess.run(
        ["git", "check-ignore", *SECRETS], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ignored.stdout.split() == list(SECRETS)
    patterns = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()

    def leaves_out(pattern: str, secret: str) -> bool:
        if pattern.startswith("**/"):
            return fnmatch(secret.rpartition("/")[2], pattern.removeprefix("**/"))
        return fnmatch(secret, pattern) if "/" not in secret else f"{secret}/".startswith(f"{pattern}/")

    assert [secret for secret in SECRETS if not any(leaves_out(pattern, secret) for pattern in patterns)] == []


def test_every_variable_of_edgemail_is_one() -> None:
    """Comments name them too."""
    known = {setting.variable for setting in SETTINGS} | {"EDGEMAIL_DEFAULTS", "EDGEMAIL_URL"}
    for file in filter(Path.is_file, DEPLOY.rglob("*")):
        found = set(re.findall(r"\bEDGEMAIL_[A-Z_]+", file.read_text(encoding="utf-8")))
        assert found <= known, file.name


@pytest.mark.needs_sqld
def test_every_flag_of_sqld_is_one() -> None:
    """Each sqld flag of the guides is in `sqld --help`."""
    told = subprocess.run([find_program(), "--help"], capture_output=True, text=True, timeout=30, check=True).stdout
    texts = [*re.findall(r"^ExecStart=\S+/sqld (.*)$", read_deploy("sqld.service"), re.MULTILINE)]
    texts += re.findall(r"command: >-\n((?: {6}--.*\n)+)", read_deploy("compose.yaml"))
    texts += tomllib.loads(read_deploy("fly-replica.toml"))["processes"].values()
    texts += re.findall(r"^ENTRYPOINT (.*)$", read_deploy("sqld.Dockerfile"), re.MULTILINE)
    guide = read_edge_guides()
    texts += re.findall(r"^sqld (.*)$", guide, re.MULTILINE)
    assert len(texts) >= 6
    flags = {flag for text in texts for flag in re.findall(r"(?<!\S|-)--[a-z-]+", text.replace('"', " "))}
    assert {"--http-listen-addr", "--no-welcome", "--primary-grpc-url"} <= flags
    assert [flag for flag in sorted(flags) if not re.search(rf"{flag}\b", told)] == []


def test_the_zone_and_the_tutorials_are_what_init_writes() -> None:
    """So that no guide names another host than another one."""

    def records(lines: list[str]) -> list[list[str]]:
        found = (re.split(r"\s+; |^;", line)[0] for line in lines)
        return [re.sub(r"id=\d+", "id=0", line).strip().split(maxsplit=2) for line in found if line.strip()]

    addresses = ("192.0.2.10", "2001:db8::10")
    planned = records(plan_zone("example.org", "mail.example.org", addresses, datetime.now(UTC)))
    assert records(read_deploy("zone.txt").splitlines()) == planned
    (shown,) = re.findall(
        r"^```text\n(mail\..*?)^```",
        (ROOT / "docs/tutorial/public-server.md").read_text("utf-8"),
        re.DOTALL | re.MULTILINE,
    )
    no_ipv6 = [record for record in planned if record[1] != "AAAA"]
    assert records(shown.splitlines()) == no_ipv6


async def test_the_zone_has_all_that_the_doctor_asks_for() -> None:
    """The doctor finds no missing record in the guide's zone."""
    text = read_deploy("zone.txt").replace("192.0.2.10", "127.0.0.1").replace("2001:db8::10", "::1")
    with serving_dns(text) as server:
        question = DoctorRequest(
            "example.org",
            ("127.0.0.1", "::1"),
            Endpoint("127.0.0.1", server.port),
            smtp_port=free_port(),
            policy_port=free_port(),
        )
        found = await run_checks(question, lambda done, begun: None)
    wanted = {"MX", "wildcard", "address", "SPF", "DMARC", "CAA issue", "CAA issuemail"}
    assert {finding.check: finding.state for finding in found if finding.check in wanted} == dict.fromkeys(
        wanted, Status.OK
    )


@pytest.mark.parametrize("name", ["edgemail.service", "edgemail-reader.service"])
def test_a_unit_starts_again_until_its_database_is_there(name: str) -> None:
    """Units restart without end while sqld is down, but not after a wrong setting."""
    text = read_deploy(name)
    assert re.findall(r"^Restart=(.*)", text, re.MULTILINE) == ["on-failure"]
    assert re.findall(r"^RestartPreventExitStatus=(.*)", text, re.MULTILINE) == ["78"]
    (pause_s,) = re.findall(r"^RestartSec=(\d+)$", text, re.MULTILINE)
    assert int(pause_s) * 5 > 10
    (after,) = re.findall(r"^After=(.*)", text, re.MULTILINE)
    assert "sqld.service" in after.split()
