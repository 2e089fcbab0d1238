"""Applications on another machine than the server, as in Compose, Kubernetes and CI: they need no flag.

The server listens on every address, and gets no setting but that. It is in dev mode then.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from testkit.api_reader import program
from testkit.certificate_authority import Authority
from testkit.site import Site, site_in
from testkit.tools import JAKARTA_MAIL

if TYPE_CHECKING:
    from collections.abc import Iterator

APPS = Path(__file__).parent / "apps"
BUILD_S = 150.0
PAST_EVERY_LIMIT = (65, 2)
"""Connections at a time and messages on each: more than a source may have of either, and more new ones a minute."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Run the server with its defaults, beside a machine in the same private network."""
    with site_in(tmp_path_factory.mktemp("site")) as made:
        yield made


def send_by_smtplib(site: Site, to: str, connections: int, messages: int) -> tuple[str, ...]:
    script = str(APPS / "send.py")
    return (sys.executable, script, site.here.address, site.port, to, str(connections), str(messages))


@pytest.mark.needs_two_machines
def test_smtplib_logs_in_and_no_limit_holds(site: Site) -> None:
    """AUTH is offered and STARTTLS is not; a test suite sends as much as it likes."""
    to = "smtplib@example.org"
    offered = site.run(*send_by_smtplib(site, to, *PAST_EVERY_LIMIT)).split()
    assert "auth" in offered
    assert "starttls" not in offered
    connections, messages = PAST_EVERY_LIMIT
    assert site.log.count(f"recipients={to} ") == connections * messages
    assert set(site.read_subjects(to)) == {"smtplib"}


@pytest.mark.needs_two_machines
@pytest.mark.needs_nodemailer
def test_nodemailer_logs_in(site: Site) -> None:
    """It would use STARTTLS if that were offered, and refuse a self-made certificate."""
    to = "nodemailer@example.org"
    site.run(program("node", "nodejs"), str(APPS / "send.mjs"), site.here.address, site.port, to)
    assert site.read_subjects(to) == ["nodemailer"]


@pytest.mark.needs_two_machines
@pytest.mark.needs_swaks
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_swaks_logs_in(site: Site, mechanism: str) -> None:
    """By either mechanism."""
    to = f"swaks-{mechanism.lower()}@example.org"
    said = site.run(
        program("swaks", "swaks"),
        *("--server", site.here.address, "--port", site.port, "--helo", "app.example"),
        *("--from", "app@sender.example", "--to", to, "--header", "Subject: swaks"),
        *("--auth", mechanism, "--auth-user", "app", "--auth-password", "any password", "--tls-optional-strict"),
    )
    assert "235 2.7.0" in said
    assert "STARTTLS" not in said
    assert site.read_subjects(to) == ["swaks"]


@pytest.mark.slow
@pytest.mark.needs_two_machines
@pytest.mark.needs_go
def test_go_sends_with_and_without_a_login(site: Site, tmp_path: Path) -> None:
    """net/smtp would use STARTTLS if that were offered, and refuse a self-made certificate."""
    binary = tmp_path / "send"
    build = (program("go", "go"), "build", "-o", str(binary), str(APPS / "send.go"))
    subprocess.run(build, check=True, timeout=BUILD_S, cwd=tmp_path)
    to = "go@example.org"
    site.run(str(binary), f"{site.here.address}:{site.port}", to)
    assert site.read_subjects(to) == ["net/smtp", "net/smtp"]


@pytest.mark.slow
@pytest.mark.needs_two_machines
@pytest.mark.needs_java
def test_jakarta_mail_logs_in(site: Site) -> None:
    """It would use STARTTLS if that were offered, and refuse a self-made certificate."""
    to = "java@example.org"
    path = ":".join(map(str, JAKARTA_MAIL))
    site.run(program("java", "java"), "-cp", path, str(APPS / "Send.java"), site.here.address, site.port, to)
    assert site.read_subjects(to) == ["Jakarta Mail"]


@pytest.mark.needs_two_machines
@pytest.mark.needs_nodemailer
def test_a_self_made_certificate_would_stop_applications(tmp_path: Path) -> None:
    """So it is not offered in dev mode; an operator may ask for it."""
    with site_in(tmp_path, EDGEMAIL_TLS="self-made") as site:
        command = (program("node", "nodejs"), str(APPS / "send.mjs"), site.here.address, site.port)
        done = site.attempt(*command, "kim@example.org")
        assert done.returncode != 0
        assert "self-signed certificate" in done.stderr


@pytest.mark.needs_two_machines
@pytest.mark.needs_nodemailer
def test_a_given_certificate_is_offered(tmp_path: Path) -> None:
    """Applications that trust who signed it use STARTTLS."""
    authority = Authority(tmp_path)
    with site_in(tmp_path, EDGEMAIL_TLS_CERT=str(authority.issue("10.77.0.1"))) as site:
        trusting = ("env", f"NODE_EXTRA_CA_CERTS={authority.root}")
        site.run(
            *trusting,
            program("node", "nodejs"),
            str(APPS / "send.mjs"),
            site.here.address,
            site.port,
            "a@b.example",
        )
        assert "with ESMTPSA id" in site.ask("show", "1", "--raw")


@pytest.mark.needs_two_machines
def test_the_start_says_what_differs_beyond_loopback(site: Site) -> None:
    """On one line, with what to do on the Internet."""
    (line,) = [line for line in site.log.splitlines() if "dev mode" in line]
    assert line.endswith(
        "0.0.0.0:0 is served in dev mode: AUTH is offered to all, STARTTLS is not offered without tls_cert, "
        "private networks have no per-source limits; on the Internet give --domain, or --mode public"
    )


@pytest.mark.needs_two_machines
def test_the_start_says_only_what_holds(tmp_path: Path) -> None:
    """Whoever sets all of it hears nothing."""
    rules = {"EDGEMAIL_TLS": "off", "EDGEMAIL_TRUSTED": "127.0.0.1"}
    with site_in(tmp_path, **rules) as site:
        assert "dev mode: AUTH is offered to all; on the Internet" in site.log
    (tmp_path / "strict").mkdir()
    with site_in(tmp_path / "strict", EDGEMAIL_AUTH="off", **rules) as site:
        assert "dev mode" not in site.log


@pytest.mark.needs_two_machines
def test_in_public_mode_the_same_machine_is_a_stranger(tmp_path: Path) -> None:
    """It is offered STARTTLS and no AUTH, and where AUTH is switched on it still has the limits of a source."""
    with site_in(tmp_path, EDGEMAIL_MODE="public", EDGEMAIL_AUTH="any") as site:
        done = site.attempt(*send_by_smtplib(site, "kim@example.org", *PAST_EVERY_LIMIT))
        assert {"auth", "starttls"} <= set(done.stdout.split())
        assert "421, b'4.7.0 Too many connections from you" in done.stderr
    (tmp_path / "bare").mkdir()
    with site_in(tmp_path / "bare", EDGEMAIL_MODE="public") as site:
        done = site.attempt(*send_by_smtplib(site, "kim@example.org", 1, 1))
        assert "starttls" in done.stdout.split()
        assert "auth" not in done.stdout.split()
        assert "SMTPNotSupportedError" in done.stderr


@pytest.mark.needs_two_machines
def test_in_dev_mode_a_machine_on_the_internet_has_limits(tmp_path: Path) -> None:
    """It is offered AUTH as everybody is, but only private networks are trusted."""
    with site_in(tmp_path, "198.51.100.1", "198.51.100.2") as site:
        done = site.attempt(*send_by_smtplib(site, "kim@example.org", *PAST_EVERY_LIMIT))
        assert "auth" in done.stdout.split()
        assert "421, b'4.7.0 Too many connections from you" in done.stderr
