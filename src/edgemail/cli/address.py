"""`edgemail address`: makes an address that nobody has used."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from edgemail.cli.api import Api, ServerAbsent
from edgemail.cli.mail import url_option
from edgemail.cli.parameter_types import json_option
from edgemail.cli.terminal import echo_json, echo_line


@click.command()
@click.option(
    "--label", default="", help="What the address begins with: 1 to 20 letters of a-z, digits and hyphens."
)
@click.option(
    "--domain", help="Its domain, of those that the server takes mail for. [default: the first; else example.com]"
)
@click.option(
    "--locked",
    is_flag=True,
    help="Print a key as well, on a second line: on a public server the inbox opens to it alone.",
)
@json_option
@url_option
def address(label: str, domain: str | None, *, locked: bool, as_json: bool, url: str) -> None:
    """Print a fresh address, which nobody has used and nobody can guess.

    Nothing is created on the server: every address works. It is asked for its domains. Where it does not
    answer, an address in --domain is printed all the same.
    """
    from edgemail.mailbox.fresh_address import find_expiry, is_label, make_address  # only this command needs it
    from edgemail.policy.inbox_lock import make_lock

    if label and not is_label(label):
        raise click.UsageError("a label is 1 to 20 letters of a-z, digits and hyphens")
    info: dict[str, Any] | None = None
    try:
        info = Api(url).get("server")
    except ServerAbsent as error:
        if domain is None:
            raise
        echo_line(f"the domain was not checked: {error.message}", err=True)
    served = info["domains"] if info is not None else []
    made, key = make_address(served, label=label, domain=domain), None
    if locked:
        name, _, made_domain = made.rpartition("@")
        local, key = make_lock(name)
        made = f"{local}@{made_domain}"
    if locked and info is not None and not info.get("locks"):
        echo_line("this server opens locked inboxes to everyone (dev mode, or all_mail = everyone)", err=True)
    if not as_json:
        echo_line(made)
        if key is not None:
            echo_line(key)
        return
    expires = None if info is None else find_expiry(datetime.now(UTC), info["retention"]["max_age_s"])
    echo_json(
        {
            "address": made,
            "after": 0,
            "expires": None if expires is None else f"{expires:%Y-%m-%dT%H:%M:%SZ}",
            "receives_internet_mail": None if info is None else bool(served),
        }
        | ({} if key is None else {"key": key})
    )
