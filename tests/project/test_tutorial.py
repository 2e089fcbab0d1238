"""The tutorial for a public server: its commands, one after the other, on a machine with its addresses."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from testkit.certificate_authority import Authority
from testkit.tools import find_nginx
from testkit.two_machines import Machine, two_machines

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.needs_two_machines, pytest.mark.needs_nginx]

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "tutorial" / "public-server.md").read_text("utf-8")
SERVER, STRANGER = "192.0.2.10", "192.0.2.77"
HOST = "mail.example.org"
POLICY_HOST = "mta-sts.example.org"
INSTALLED = ("/opt/", "/etc/", "/usr/local/bin/", "/var/lib/")
COMMAND_S = 60.0
NGINX = """
daemon off;
pid {folder}/nginx.pid;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/sites-enabled/*;
}}
"""
DNS = """
import sys
from pathlib import Path
from testkit.dns_server import serving_dns
with serving_dns(Path(sys.argv[1]).read_text()) as server:
    print(server.port, flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True, slots=True)
class Site:
    """The server, a stranger's machine, and the folder that stands for the server's root."""

    server: Machine
    stranger: Machine
    folder: Path

    def place(self, text: str) -> str:
        """Put the paths of a text into the folder."""
        for path in INSTALLED:
            text = re.sub(rf"(?<![\w.]){path}", f"{self.folder}{path}", text)
        return text

    def run(self, commands: str, machine: Machine | None = None) -> str:
        """Run lines of the tutorial on the server, or on another machine; return what they print."""
        path = f"{self.folder}/shims:{self.folder}/usr/local/bin:{os.environ['PATH']}:/usr/sbin"
        done = subprocess.run(
            [*(machine or self.server).prefix, "bash", "-e", "-c", self.place(commands)],
            cwd=ROOT,
            env={"PATH": path, "CURL_HOME": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
        return done.stdout

    @contextmanager
    def background(self, *command: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
        """Run a program on the server."""
        with subprocess.Popen(
            [*self.server.prefix, *command],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"]} | environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.terminate()


def blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Two machines, with programs in place of those that would change this one."""
    shims = tmp_path / "shims"
    shims.mkdir()
    for folder in ("usr/local/bin", "var/lib/edgemail", "etc/systemd/system"):
        (tmp_path / folder).mkdir(parents=True)
    for folder in ("sites-available", "sites-enabled"):
        (tmp_path / "etc" / "nginx" / folder).mkdir(parents=True)
    nginx = tmp_path / "etc/nginx/nginx.conf"
    nginx.write_text(NGINX.format(folder=nginx.parent))
    program = rf"#!/bin/sh\nexec {sys.executable} -m edgemail \"\$@\"\n"
    pip = f'[ "$*" = "install ." ] && printf "{program}" > "${{0%/*}}/edgemail" && chmod +x "${{0%/*}}/edgemail"'
    for name, script in {
        "apt-get": f'echo "$*" >> {tmp_path}/apt-get.txt',
        "systemctl": f'echo "$*" >> {tmp_path}/systemctl.txt',
        "certbot": f'echo "$*" >> {tmp_path}/certbot.txt',
        "pip": pip,
        "python3": f'[ "$1 $2" = "-m venv" ] && mkdir -p "$3/bin" && cp {shims}/pip "$3/bin/pip"',
        "nginx": f'exec {find_nginx()} -c {nginx} -e stderr "$@"',
    }.items():
        (shims / name).write_text(f"#!/bin/sh\n{script}\n")
        (shims / name).chmod(0o755)
    with two_machines(SERVER, STRANGER) as (server, stranger):
        yield Site(server, stranger, tmp_path)


@contextmanager
def serving_the_unit(site: Site) -> Iterator[subprocess.Popen[str]]:
    """Run what the installed unit says, with its credentials."""
    units = site.folder / "etc/systemd/system"
    text = (units / "edgemail.service").read_text() + (units / "edgemail.service.d/password.conf").read_text()
    (line,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    credentials = site.folder / "credentials"
    credentials.mkdir(mode=0o700)
    for name, path in re.findall(r"^LoadCredential=(\w+):(.*)$", text, re.MULTILINE):
        shutil.copy(site.place(path), credentials / name)
    environ = {
        name: value.replace("%d", str(credentials))
        for name, value in re.findall(r"^Environment=(\w+)=(.*)$", text, re.MULTILINE)
    }
    with site.background(*site.place(line).split(), EDGEMAIL_MIN_FREE="off", **environ) as process:
        yield process


@contextmanager
def serving_the_zone(site: Site) -> Iterator[str]:
    """Answer for the zone of the tutorial on the server's machine; yield the DNS server's address."""
    (zone,) = re.findall(r"^```text\n(mail\..*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    path = site.folder / "zone.txt"
    path.write_text(zone)
    with site.background(sys.executable, "-c", DNS, str(path), PYTHONPATH=str(ROOT)) as process:
        assert process.stdout is not None
        yield f"127.0.0.1:{int(process.stdout.readline())}"


def add_certificate(site: Site) -> None:
    """Do what certbot does: add certificates to nginx's servers, which clients here trust."""
    authority = Authority(site.folder)
    config = site.folder / "etc/nginx/sites-available/edgemail"
    text = config.read_text()
    for host in (HOST, POLICY_HOST):
        certificate = authority.issue(host)
        tls = f"listen 443 ssl;\n    ssl_certificate {certificate};\n    ssl_certificate_key {certificate};\n"
        text = text.replace(f"server_name {host};\n", f"server_name {host};\n    {tls}", 1)
    config.write_text(text)
    places = "".join(
        f'resolve = "{host}:{port}:{SERVER}"\n' for host in (HOST, POLICY_HOST) for port in (25, 80, 443)
    )
    (site.folder / ".curlrc").write_text(f'{places}cacert = "{authority.root}"\nsilent\nshow-error\n')


@pytest.mark.slow
def test_the_tutorials_commands_make_a_public_server(site: Site) -> None:
    """From an empty machine to mail in the page, and to what a stranger gets."""
    packages, install, settings, start, page, doctor, first_mail, by_id, operators = blocks()
    site.run(packages)
    assert "nginx" in (site.folder / "apt-get.txt").read_text()
    site.run(install)
    assert re.search(r"^mode +public", site.run(settings), re.MULTILINE)
    before, enable, after = start.partition("systemctl enable --now edgemail\n")
    assert enable
    site.run(before)
    with serving_the_unit(site):
        assert site.run(after) == '{"status":"ok"}'
        check_the_page(site, page, first_mail, by_id)
        with serving_the_zone(site) as dns:
            found = site.run(f"{doctor.rstrip()} --dns {dns}")
        states = re.findall(r"^(ok|warn|fail) +(.+?)  ", found, re.MULTILINE)
        assert {check for state, check in states if state != "ok"} <= {"PTR", "MTA-STS"}, found
        assert {check for _, check in states} >= {"MX", "address", "port 25", "STARTTLS", "CAA issue"}
        site.run(
            "printf 'Subject: Proof\\r\\n\\r\\nHi.\\r\\n' | curl smtp://mail.example.org --mail-from ca@ca.example "
            "--mail-rcpt admin@example.org --upload-file -",
            site.stranger,
        )
        assert "Proof" in site.run(operators)


def check_the_page(site: Site, page: str, first_mail: str, by_id: str) -> None:
    """Follow the tutorial from nginx on; the stranger's machine sends, reads, and finds nothing by an id."""
    site.run(page)
    assert f"--domain {HOST} --domain {POLICY_HOST}\n" in (site.folder / "certbot.txt").read_text()
    add_certificate(site)
    with site.background(f"{site.folder}/shims/nginx"):
        wait = f"curl --retry 10 --retry-connrefused --fail https://{HOST}/healthz"
        assert site.run(wait, site.stranger) == '{"status":"ok"}'
        assert '"subject":"Hello"' in site.run(first_mail, site.stranger)
        assert "<html" in site.run(f"curl --fail https://{HOST}/", site.stranger)
        assert site.run(by_id, site.stranger) == "401\n"
        policy = site.run(f"curl --fail https://{POLICY_HOST}/.well-known/mta-sts.txt", site.stranger)
        assert policy.splitlines()[1:3] == ["mode: testing", f"mx: {HOST}"]
        (line,) = (site.folder / "etc/edgemail/passwords").read_text().splitlines()
        known = site.run(f"curl --fail --user {line} https://{HOST}/api/messages/1", site.stranger)
        assert '"recipients":["kim@example.org"]' in known


def test_the_operators_password_is_the_services_own() -> None:
    """The unit's user may not read /etc/edgemail/passwords: systemd passes it on."""
    text = (ROOT / "deploy" / "edgemail-password.conf").read_text("utf-8")
    (name,) = re.findall(r"^LoadCredential=(\w+):/etc/edgemail/passwords$", text, re.MULTILINE)
    assert f"Environment=EDGEMAIL_PASSWORD_FILE=%d/{name}\n" in text
