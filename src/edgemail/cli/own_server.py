"""Where the server of this machine's settings is reached, for commands that are told no other place."""

from __future__ import annotations

import ipaddress
import os
from typing import TYPE_CHECKING, Final

import click

from edgemail.cli.parameter_types import EndpointType
from edgemail.errors import SettingsError
from edgemail.model import Endpoint
from edgemail.settings import resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgemail.settings import Settings

_LOOPBACK: Final = {4: "127.0.0.1", 6: "::1"}
SMTP_HELP: Final = (
    "The SMTP server. [default: the first address of the setting smtp, which EDGEMAIL_SMTP gives; "
    "else 127.0.0.1:2525]"
)
smtp_option = click.option("--smtp", type=EndpointType(), help=SMTP_HELP)


def find_smtp(settings: Settings | None = None) -> Endpoint:
    """Return where settings have SMTP: these, or those of the environment.

    Raises:
        SettingsError: the settings are wrong, or SMTP has no fixed port in them.
    """
    settings = settings or resolve({}, os.environ).settings
    return _reach(settings.smtp.listen, "smtp", "--smtp HOST:PORT")


def find_page() -> str:
    """Return the URL of the page that the settings have.

    Raises:
        SettingsError: the settings are wrong, or HTTP has no fixed port in them.
    """
    http = resolve({}, os.environ).settings.http
    return f"http://{_reach(http.listen, 'http', 'its URL')}{http.base_path}"


def _reach(listening: Sequence[Endpoint], setting: str, advice: str) -> Endpoint:
    """Return where the first of the endpoints is reached from this machine."""
    if not listening or listening[0].port == 0:
        value = listening[0] if listening else "off"
        raise SettingsError([f"{setting} = {value} does not say where the server is; give {advice}"])
    try:
        address = ipaddress.ip_address(listening[0].host)
    except ValueError:
        return listening[0]
    return Endpoint(_LOOPBACK[address.version], listening[0].port) if address.is_unspecified else listening[0]
