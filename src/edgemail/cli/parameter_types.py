"""Kinds of arguments, and flags, that several commands take."""

from __future__ import annotations

import ipaddress
from typing import Any, Final

import click

from edgemail.errors import AddressError
from edgemail.model import Address, Endpoint
from edgemail.settings import read_domain, read_duration, read_endpoint

JSON_HELP: Final = "Print JSON."
json_option = click.option("--json", "as_json", is_flag=True, help=JSON_HELP)


def make_json_option() -> click.Option:
    """Return the flag for a command that is built from a list of parameters."""
    return click.Option(["--json", "as_json"], is_flag=True, help=JSON_HELP)


class EndpointType(click.ParamType[Endpoint]):
    """A host and a port."""

    name = "HOST:PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Endpoint:
        """Parse a text; return an endpoint."""
        try:
            endpoint = read_endpoint(str(value))
        except ValueError as error:
            self.fail(f'"{value}" {error}', param, ctx)
        if endpoint.port == 0:
            self.fail(f'"{value}" names no port; write the one that `edgemail serve` printed', param, ctx)
        return endpoint


class MailboxType(click.ParamType[str]):
    """An address, as it is sent."""

    name = "ADDRESS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check a text; return the address."""
        try:
            return str(Address.parse(str(value)))
        except AddressError as error:
            self.fail(f'"{value}": {error}', param, ctx)


class InboxType(MailboxType):
    """An address; the name of its inbox."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check a text; return the inbox's name."""
        return super().convert(value, param, ctx).lower()


class SecondsType(click.ParamType[float]):
    """A number of seconds, or a duration with its unit."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Parse a text; return seconds."""
        if value in {"0", "0s"}:
            return 0.0
        try:
            return read_duration(f"{value}s" if str(value)[-1:].isdigit() else str(value))
        except ValueError as error:
            self.fail(f'"{value}" {error}', param, ctx)


class DomainType(click.ParamType[str]):
    """A mail domain, in its ASCII form."""

    name = "DOMAIN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Parse a text; return a domain."""
        try:
            return read_domain(str(value)).encode("idna").decode("ascii")
        except ValueError as error:
            self.fail(f'"{value}" {error}', param, ctx)


class AddressType(click.ParamType[str]):
    """An IP address, in its shortest form."""

    name = "ADDRESS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Parse a text; return an address."""
        try:
            return str(ipaddress.ip_address(str(value)))
        except ValueError:
            self.fail(f'"{value}" is not an IP address; write one such as 192.0.2.10', param, ctx)
