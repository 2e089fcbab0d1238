"""`edgemail init`: asks four questions, and writes the files of a public server."""

from __future__ import annotations

import ipaddress
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from edgemail import __version__
from edgemail.cli.parameter_types import AddressType, DomainType
from edgemail.cli.terminal import Failure, echo_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.cli.init_files import NewFile, SetupAnswers

_SYSTEMD_STEPS: Final = """\
{install}  install -d /etc/edgemail
  install -m 644 {folder}/edgemail.toml /etc/edgemail/
  install -m 600 {folder}/passwords /etc/edgemail/
  install -m 644 {folder}/edgemail.service /etc/systemd/system/
  install -D -m 644 {folder}/edgemail.service.d/password.conf /etc/systemd/system/edgemail.service.d/password.conf
  systemctl daemon-reload
  systemctl enable --now edgemail"""
_INSTALL_STEP: Final = "  python3 -m venv {home} && {home}/bin/pip install edgemail=={version}\n"
_COMPOSE_STEPS: Final = """\
  docker compose --file {folder}/compose.yaml up --detach"""
_NEXT: Final = """\

Next, as root:

1. Put the lines of {folder}/zone.txt into the zone of {domain}.
2. Start edgemail:
{steps}
3. Put Caddy in front of the page, with {folder}/Caddyfile, or nginx:
  install -m 644 {folder}/nginx.conf /etc/nginx/sites-available/edgemail
  ln -sf ../sites-available/edgemail /etc/nginx/sites-enabled/edgemail
  nginx -t && systemctl reload nginx
  certbot --nginx --domain {host} --domain mta-sts.{domain}
4. Look what is left:
  edgemail doctor {domain}{addresses}{config}

The operator's name and secret, for what is not everybody's, are in {folder}/passwords."""
_MANAGERS: Final = ("systemd", "compose")
_NOWHERE: Final = ("192.0.2.1", "2001:db8::1")
"""Addresses for documentation: connecting UDP to them sends nothing, and tells the own address (RFC 5737)."""


def _init(
    folder: Path,
    domain: str | None,
    host: str | None,
    addresses: Sequence[str],
    manager: str | None,
    *,
    force: bool,
) -> None:
    from edgemail.cli.init_files import SetupAnswers, plan_files  # loads what `edgemail doctor` has of zones

    if folder.exists() and any(folder.iterdir()) and not force:
        raise Failure(f"{folder} is not empty: name another folder, or write over its files with --force")
    name: str = domain or click.prompt("Which domain gets the mail", type=DomainType())
    answers = SetupAnswers(
        domain=name,
        host=host or click.prompt("Name of this server", default=f"mail.{name}", type=DomainType()),
        addresses=tuple(addresses or _ask_addresses()),
        manager=manager or click.prompt("What starts it", default=_MANAGERS[0], type=click.Choice(_MANAGERS)),
    )
    _write(folder, list(plan_files(answers, datetime.now(UTC))))
    _say_next(folder, answers)


def _ask_addresses() -> Sequence[str]:
    found = find_public_addresses()
    if not found:
        echo_line("This machine has no public address of its own; a router or a provider in front of it has.")
    given: Sequence[str] = click.prompt(
        "Its public addresses, with commas between", default=", ".join(found) or None, value_proc=_read_addresses
    )
    return given


def _read_addresses(text: str) -> list[str]:
    kind = AddressType()
    return [kind.convert(part.strip(), None, None) for part in text.split(",") if part.strip()]


def find_public_addresses() -> list[str]:
    """Return the public addresses that this machine sends from, IPv4 first. Nothing is sent."""
    found = []
    for address in _NOWHERE:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((address, 9))
                own = ipaddress.ip_address(probe.getsockname()[0])
        except OSError:
            continue
        if own.is_global:
            found.append(str(own))
    return found


def _write(folder: Path, files: Sequence[NewFile]) -> None:
    """Write the files; a secret is nobody else's to read at any time.

    Raises:
        Failure: one cannot be written.
    """
    try:
        for file in files:
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            path.touch(mode=file.mode, exist_ok=False)
            path.write_text(file.text, encoding="utf-8")
            echo_line(f"wrote {path}")
    except OSError as error:
        raise Failure(f"{error.filename}: {error.strerror}") from error


def _say_next(folder: Path, answers: SetupAnswers) -> None:
    from edgemail.cli.init_files import find_program

    program, is_there = find_program()
    install = "" if is_there else _INSTALL_STEP.format(home=program.parents[1], version=__version__)
    is_container = answers.manager == "compose"
    steps = _COMPOSE_STEPS if is_container else _SYSTEMD_STEPS
    addresses = "".join(f" --address {address}" for address in answers.addresses)
    said = _NEXT.format(
        folder=folder,
        domain=answers.domain,
        host=answers.host,
        steps=steps.format(folder=folder, install=install),
        addresses=addresses,
        config="" if is_container else " --config /etc/edgemail/edgemail.toml",
    )
    for line in said.split("\n"):
        echo_line(line)


init = click.Command(
    "init",
    params=[
        click.Argument(
            ["folder"], type=click.Path(path_type=Path, file_okay=False), default=Path("edgemail-setup")
        ),
        click.Option(["--domain"], type=DomainType(), help="The domain that gets the mail."),
        click.Option(["--host"], type=DomainType(), help="The server's name, such as mail.example.org."),
        click.Option(
            ["--address", "addresses"],
            type=AddressType(),
            multiple=True,
            help="The server's public address. May be given more than once.",
        ),
        click.Option(["--with", "manager"], type=click.Choice(_MANAGERS), help="What starts it."),
        click.Option(["--force"], is_flag=True, help="Write over files that are there."),
    ],
    callback=_init,
    short_help="Write the settings, the unit or compose file, and the zone of a public server.",
    help="""Write what a public server needs into FOLDER (edgemail-setup): its settings, the operator's secret, a
    systemd unit or a compose file, lines for nginx and Caddy, and the zone's lines. It asks what no flag says:
    the domain, the server's name and addresses, and what starts it. Nothing outside the folder is changed;
    at the end it says what to do with the files.""",
)
