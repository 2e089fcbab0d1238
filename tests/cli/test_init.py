"""`edgemail init`: its questions, its files, and that they work."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]
from testkit.dns_server import serving_dns
from testkit.ports import free_port

from edgemail.doctor import DoctorRequest, Status, run_checks
from edgemail.model import Endpoint

FLAGS = ("--domain", "example.org", "--host", "mail.example.org", "--address", "192.0.2.10")
FILES = {"edgemail.toml", "passwords", "nginx.conf", "Caddyfile", "zone.txt"}
UNIT = {"edgemail.service", "edgemail.service.d/password.conf"}


def run(*arguments: str | Path, answers: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgemail", *arguments],
        input=answers,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
    )


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_four_answers_make_a_server(tmp_path: Path) -> None:
    done = run("init", "out", answers="example.org\n\n192.0.2.10, 2001:db8::10\n\n", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "out"
    assert files_in(folder) == FILES | UNIT
    settings = tomllib.loads((folder / "edgemail.toml").read_text())
    assert (settings["domain"], settings["hostname"]) == (["example.org"], "mail.example.org")
    assert "mail.example.org.        AAAA  2001:db8::10" in (folder / "zone.txt").read_text()
    doctor = (
        "edgemail doctor example.org --address 192.0.2.10 --address 2001:db8::10 --config /etc/edgemail/edgemail"
    )
    assert doctor in done.stdout


def test_the_settings_are_valid_and_public(tmp_path: Path) -> None:
    for manager in ("systemd", "compose"):
        folder = tmp_path / manager
        assert run("init", folder, *FLAGS, "--with", manager).returncode == 0
        done = run("config", "--config", folder / "edgemail.toml", "--set", f"password_file={folder}/passwords")
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        assert re.search(r"^mode +public ", done.stdout, re.MULTILINE)


def test_the_proxies_lines_have_the_names_and_do_not_ask_for_them(tmp_path: Path) -> None:
    names = ("--domain", "box.example", "--host", "mx.box.example", "--address", "192.0.2.10", "--with", "systemd")
    assert run("init", tmp_path / "out", *names).returncode == 0
    for name in ("nginx.conf", "Caddyfile"):
        text = (tmp_path / "out" / name).read_text()
        assert "mx.box.example" in text
        assert "mta-sts.box.example" in text
        assert [word for word in ("example.org", "Put your names") if word in text] == []


def test_the_secret_is_nobody_elses_and_another_one_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert run("init", tmp_path / name, *FLAGS, "--with", "systemd").returncode == 0
    one, two = (tmp_path / name / "passwords" for name in ("one", "two"))
    assert stat.S_IMODE(one.stat().st_mode) == 0o600
    assert re.fullmatch(r"operator:[0-9a-f]{32}\n", one.read_text())
    assert one.read_text() != two.read_text()


def test_files_that_are_there_are_kept(tmp_path: Path) -> None:
    (tmp_path / "passwords").write_text("mine")
    done = run("init", tmp_path, *FLAGS, "--with", "systemd")
    assert done.returncode == 1
    assert done.stderr == f"{tmp_path} is not empty: name another folder, or write over its files with --force\n"
    assert files_in(tmp_path) == {"passwords"}
    assert run("init", tmp_path, *FLAGS, "--with", "systemd", "--force").returncode == 0
    assert (tmp_path / "passwords").read_text() != "mine"


@pytest.mark.parametrize(
    ("flag", "value", "said"),
    [
        ("--domain", "not a domain", "not a domain"),
        ("--address", "mail", "not an IP address"),
        ("--with", "cron", "cron"),
    ],
)
def test_a_wrong_answer_says_what_is_wrong(tmp_path: Path, flag: str, value: str, said: str) -> None:
    done = run("init", tmp_path / "out", *FLAGS, "--with", "systemd", flag, value)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_compose_file_names_the_files_beside_it(tmp_path: Path) -> None:
    assert run("init", tmp_path, *FLAGS, "--with", "compose").returncode == 0
    assert files_in(tmp_path) == FILES | {"compose.yaml"}
    (service,) = yaml.safe_load((tmp_path / "compose.yaml").read_text())["services"].values()
    mounted = [volume.partition(":")[0] for volume in service["volumes"] if volume.startswith("./")]
    assert {name.removeprefix("./") for name in mounted} <= FILES
    assert service["user"] == f"{os.getuid()}:{os.getgid()}"
    settings = tomllib.loads((tmp_path / "edgemail.toml").read_text())
    inside = {settings["smtp"][0].rpartition(":")[2], settings["http"][0].rpartition(":")[2]}
    assert {port.rpartition(":")[2] for port in service["ports"]} == inside


def test_the_unit_starts_a_program_that_it_can_see(tmp_path: Path) -> None:
    """Homes are hidden from it: there the usual place is named, and how to install it."""
    done = run("init", tmp_path, *FLAGS, "--with", "systemd")
    (line,) = re.findall(r"^ExecStart=(\S+)", (tmp_path / "edgemail.service").read_text(), re.MULTILINE)
    is_usual = line == "/opt/edgemail/bin/edgemail"
    assert is_usual or Path(line).exists()
    assert ("/opt/edgemail/bin/pip install edgemail==" in done.stdout) == is_usual


async def test_the_doctor_finds_nothing_missing_in_the_zone(tmp_path: Path) -> None:
    flags = ("--domain", "example.org", "--host", "mail.example.org", "--address", "127.0.0.1", "--with", "systemd")
    assert run("init", tmp_path, *flags).returncode == 0
    with serving_dns((tmp_path / "zone.txt").read_text()) as server:
        question = DoctorRequest(
            "example.org",
            ("127.0.0.1",),
            Endpoint("127.0.0.1", server.port),
            smtp_port=free_port(),
            policy_port=free_port(),
        )
        found = await run_checks(question, lambda done, begun: None)
    elsewhere = {"PTR", "MTA-STS"}  # set at the provider; served by the proxy
    states = {finding.check: finding.state for finding in found if not finding.check.startswith("port")}
    assert {check for check, state in states.items() if state is not Status.OK} <= elsewhere
    assert [line for finding in found if finding.check not in elsewhere for line in finding.zone] == []
