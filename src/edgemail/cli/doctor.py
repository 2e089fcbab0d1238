"""`edgemail doctor`: checks whether a domain can take mail, and prints what its zone lacks."""

from __future__ import annotations

import asyncio
import ipaddress
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from edgemail.cli.parameter_types import AddressType, DomainType, make_json_option
from edgemail.cli.serve import read_settings, setting_options
from edgemail.cli.terminal import Failure, echo_json, echo_line
from edgemail.model import Endpoint
from edgemail.settings import read_endpoint

if TYPE_CHECKING:
    from edgemail.doctor import Finding

_OPTIONS: Final = ("db", "db_token_file")
_DNS_PORT: Final = 53
_FAILED: Final = 1


class _DnsType(click.ParamType[Endpoint]):
    """A DNS server: an IP address, with or without a port."""

    name = "HOST:PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Endpoint:
        """Parse a text; return an endpoint."""
        try:
            return _read_server(str(value))
        except ValueError:
            self.fail(f'"{value}" is not a DNS server; write its IP address, such as 192.0.2.53:53', param, ctx)


def _read_server(text: str) -> Endpoint:
    try:
        return Endpoint(str(ipaddress.ip_address(text)), _DNS_PORT)
    except ValueError:
        server = read_endpoint(text)
    ipaddress.ip_address(server.host)  # a name would have to be looked up first
    if server.port == 0:
        raise ValueError("names no port")
    return server


def _doctor(*, domain: str, as_json: bool, **given: Any) -> int:
    from edgemail.doctor import (  # loads what asks DNS, which no other command does
        DoctorRequest,
        Status,
        run_checks,
    )
    from edgemail.doctor.dns_client import DnsError

    own = {name: given.pop(name) for name in ("addresses", "dns", "smtp_port", "policy_port", "timeout_s")}
    settings = read_settings(given)
    store = None if settings.store.is_default else settings.store
    question = DoctorRequest(domain, **own, store=store, reads_only=settings.read_only, taken=settings.smtp.domains)
    progress = _Progress(domain)

    async def run() -> list[Finding]:
        return await run_checks(question, progress.show)

    try:
        findings = asyncio.run(run())
    except DnsError as error:
        raise Failure(str(error)) from error
    finally:
        progress.clear()
    if as_json:
        echo_json(_write_json(domain, findings))
    else:
        _print(domain, findings)
    if store is None:
        echo_line("the database was not checked: give the server's --db or --config", err=True)
    return _FAILED if any(finding.state is Status.FAIL for finding in findings) else 0


def _print(domain: str, findings: list[Finding]) -> None:
    for finding in findings:
        advice = f"; {finding.advice}" if finding.advice else ""
        echo_line(f"{finding.state:4}  {finding.check:13}  {finding.text}{advice}")
    lines = _collect(findings)
    if lines:
        echo_line("")
        echo_line(f"; Lines that the zone of {domain} lacks, ready to paste:")
        for line in lines:
            echo_line(line)


def _write_json(domain: str, findings: list[Finding]) -> dict[str, Any]:
    checks = [
        {"check": finding.check, "state": finding.state.value, "text": finding.text, "advice": finding.advice}
        for finding in findings
    ]
    return {"domain": domain, "checks": checks, "zone": _collect(findings)}


def _collect(findings: list[Finding]) -> list[str]:
    return list(dict.fromkeys(line for finding in findings for line in finding.zone))


class _Progress:
    """A line on a terminal that shows the progress. It is not written elsewhere."""

    def __init__(self, domain: str) -> None:
        self._domain = domain
        self._is_shown = sys.stderr.isatty()

    def show(self, done: int, begun: int) -> None:
        """Write the line again."""
        if self._is_shown:
            click.echo(f"\rExamining {self._domain}: {done} of {begun} \x1b[K", err=True, nl=False)

    def clear(self) -> None:
        """Remove the line."""
        if self._is_shown:
            click.echo("\r\x1b[K", err=True, nl=False)


doctor = click.Command(
    "doctor",
    params=[
        click.Argument(["domain"], type=DomainType()),
        click.Option(
            ["--address", "addresses"],
            type=AddressType(),
            multiple=True,
            help="The server's public address, for the zone's lines. May be given more than once.",
        ),
        click.Option(["--dns"], type=_DnsType(), help="Ask this DNS server, such as the zone's own."),
        click.Option(
            ["--timeout", "timeout_s"],
            type=click.FloatRange(0.1, 600),
            default=20.0,
            show_default=True,
            help="Take at most this many seconds in all.",
        ),
        make_json_option(),
        click.Option(["--smtp-port"], type=click.IntRange(1, 65_535), default=25, hidden=True),
        click.Option(["--policy-port"], type=click.IntRange(1, 65_535), default=443, hidden=True),
        *setting_options(*_OPTIONS),
    ],
    callback=_doctor,
    short_help="Check a domain's DNS, its port 25 and the server's database.",
    help="""Check whether a domain can take mail: its MX, addresses, SPF, DMARC, CAA and MTA-STS records, port 25
    and STARTTLS as seen from here, and with --db or --config the server's database and token.

    A line a check: ok, warn or fail, and what to do. Then the lines that the zone lacks, ready to paste.
    The status is 1 where a check failed. That port 25 answers this machine is no proof that it answers others.""",
)
