"""The files that `edgemail init` writes, from its answers."""

from __future__ import annotations

import os
import re
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgemail import __version__
from edgemail.doctor.zone_plan import plan_zone
from edgemail.system.guides import read_deploy_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

_EXAMPLE_HOST: Final = "mail.example.org"
_EXAMPLE_DOMAIN: Final = "example.org"
_OPERATOR: Final = "operator"
_SECRET_OCTETS: Final = 16
_USUAL_PROGRAM: Final = Path("/opt/edgemail/bin/edgemail")

_SETTINGS: Final = """\
# `edgemail config --config FILE` prints all settings, `edgemail serve --help-all` explains them.
domain = ["{domain}"]
hostname = "{host}"
{places}
max_age = "3d"                         # older mail is deleted
max_bytes = "5GiB"                     # past that the oldest goes first
abuse_contact = "abuse@{domain}"  # mail for it: edgemail operator list --config FILE
"""
_ON_SYSTEMD: Final = """\
smtp = ["0.0.0.0:25", "[::]:25"]
http = ["127.0.0.1:8025"]              # the proxy in front of it has the certificate
http_trusted_proxies = ["127.0.0.1"]
db = "/var/lib/edgemail/mail.db\""""
_IN_CONTAINER: Final = """\
smtp = ["0.0.0.0:1025"]                # compose.yaml publishes it as port 25
http = ["0.0.0.0:8025"]                # and this to the machine itself alone
http_trusted_proxies = ["172.16.0.0/12", "192.168.0.0/16"]  # the container's networks
db = "/data/edgemail.db\""""
_COMPOSE: Final = """\
services:
  edgemail:
    image: ghcr.io/edgemail/edgemail:{version}
    restart: unless-stopped
    user: "{user}" # who can read the file `passwords`
    read_only: true
    cap_drop: [ALL]
    environment:
      EDGEMAIL_CONFIG: /etc/edgemail/edgemail.toml
      EDGEMAIL_PASSWORD_FILE: /etc/edgemail/passwords
    ports: ["25:1025", "127.0.0.1:8025:8025"]
    volumes:
      - mail:/data
      - ./edgemail.toml:/etc/edgemail/edgemail.toml:ro
      - ./passwords:/etc/edgemail/passwords:ro

volumes: {{ mail: {{}} }}
"""


@dataclass(frozen=True, slots=True)
class SetupAnswers:
    """What `edgemail init` was told. Names are in ASCII; `manager` is "systemd" or "compose"."""

    domain: str
    host: str
    addresses: tuple[str, ...]
    manager: str


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to write: its path in the folder, its text, and its permissions."""

    path: str
    text: str
    mode: int = 0o644


def plan_files(answers: SetupAnswers, now: datetime) -> Iterator[NewFile]:
    """Yield the files of a setup: settings, the operator's secret, how to start, proxies, and the zone.

    Each call draws another secret.
    """
    is_container = answers.manager == "compose"
    places = _IN_CONTAINER if is_container else _ON_SYSTEMD
    yield NewFile("edgemail.toml", _SETTINGS.format(domain=answers.domain, host=answers.host, places=places))
    yield NewFile("passwords", f"{_OPERATOR}:{secrets.token_hex(_SECRET_OCTETS)}\n", 0o600)
    if is_container:
        yield NewFile("compose.yaml", _COMPOSE.format(version=__version__, user=f"{os.getuid()}:{os.getgid()}"))
    else:
        yield NewFile("edgemail.service", _name_program(read_deploy_file("edgemail.service")))
        yield NewFile("edgemail.service.d/password.conf", read_deploy_file("edgemail-password.conf"))
    for name in ("nginx.conf", "Caddyfile"):
        yield NewFile(name, _rename(read_deploy_file(name), answers))
    zone = [
        f"; What edgemail needs of the zone of {answers.domain}.",
        f"; `edgemail doctor {answers.domain}` says what is missing.",
        *plan_zone(answers.domain, answers.host, answers.addresses, now),
    ]
    yield NewFile("zone.txt", "\n".join(zone) + "\n")


def find_program() -> tuple[Path, bool]:
    """Return the program that a unit starts, and True if it is installed there.

    A unit sees neither homes nor temporary folders, where pipx and uvx put programs.
    """
    program = Path(sys.executable).with_name("edgemail")
    hidden = (Path.home(), Path("/home"), Path("/root"), Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - compared
    if program.exists() and not any(program.is_relative_to(folder) for folder in hidden):
        return program, True
    return _USUAL_PROGRAM, False


def _name_program(unit: str) -> str:
    program, _ = find_program()
    return re.sub(r"^ExecStart=\S+", lambda _: f"ExecStart={program}", unit, count=1, flags=re.MULTILINE)


def _rename(text: str, answers: SetupAnswers) -> str:
    """Put the real names in place of those of the example, and take out the sentence that asks for it."""
    told = re.sub(r" Put your names in place of[\s#]+\S+ and[\s#]+\S+\.(?=\s)", "", text)
    named = told.replace(f"mta-sts.{_EXAMPLE_DOMAIN}", f"mta-sts.{answers.domain}")
    return named.replace(_EXAMPLE_HOST, answers.host)
