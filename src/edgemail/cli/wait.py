"""`edgemail wait`: waits for a message, a code or a link on a running server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import click

from edgemail.cli.api import Api
from edgemail.cli.mail import echo_message, key_option, path_of, url_option
from edgemail.cli.parameter_types import SecondsType, json_option
from edgemail.cli.terminal import NothingCame, echo_json, echo_line

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_WAIT_S: Final = 50.0
"""The longest wait in one request; the server ends each request after 55 s."""

_Message = dict[str, Any]


class _HostType(click.ParamType[str]):
    """A host name or an IP address."""

    name = "HOST"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Parse a text; return the host as links have it."""
        from edgemail.mime.checked_forms import check_host  # it loads what most waits do not need

        host = check_host(str(value))
        if host is None:
            self.fail(f'"{value}" is not a host; write one such as shop.example', param, ctx)
        return host


@click.command()
@click.argument("address")
@click.option(
    "--timeout",
    "timeout_s",
    type=SecondsType(),
    default="30",
    show_default=True,
    help="Wait this many seconds, or a duration such as 2m.",
)
@click.option(
    "--after",
    type=click.IntRange(0),
    metavar="ID",
    help="Only messages that came after this one, such as the `after` of an earlier --json.",
)
@click.option(
    "--from", "sender", metavar="TEXT", help="Only messages with this in From: or in the envelope's sender."
)
@click.option("--subject", metavar="TEXT", help="Only messages with this in their subject.")
@click.option(
    "--code",
    "wanted",
    flag_value="code",
    help="Wait for a message with a one-time code; print just the code.",
)
@click.option(
    "--link", "wanted", flag_value="link", help="Wait for a message with a link to confirm; print just the link."
)
@click.option(
    "--host", type=_HostType(), help="With --link: only links to this host, which none of its subdomains is."
)
@json_option
@key_option
@url_option
def wait(
    address: str,
    timeout_s: float,
    after: int | None,
    sender: str | None,
    subject: str | None,
    wanted: str | None,
    host: str | None,
    *,
    as_json: bool,
    key: str | None,
    url: str,
) -> None:
    """Wait until an address has mail, and print it.

    A message that has already come counts, unless --after says otherwise. The exit status is 0, or 3
    if nothing came in time, or 1 if it failed.
    """
    if host is not None and wanted != "link":
        raise click.UsageError("--host needs --link")
    api, deadline = Api(url, key), time.monotonic() + timeout_s
    arrivals = _Arrivals(api, address, deadline, {"from": sender, "subject": subject})

    def pick(message: _Message) -> list[Any]:
        """Return what makes a message count."""
        if wanted == "code":
            return list(message["codes"])
        if wanted == "link":
            return _find_links_to(host, message["links"]) if host is not None else list(message["links"])
        return [message]

    message = arrivals.find(after, pick)
    if message is None:
        if as_json:
            echo_json({"status": "timeout", "after": arrivals.newest_id})
        where = f" to {host}" if host else ""
        raise NothingCame(f"no {wanted or 'mail'}{where} for {address} within {timeout_s:g} s")
    if as_json:
        found = {"status": "found", "after": arrivals.newest_id}
        echo_json(found | (_describe(message, wanted, pick(message)) if wanted else message))
    elif wanted == "code":
        echo_line(pick(message)[0]["code"])
    elif wanted == "link":
        echo_line(pick(message)[0]["url"])
    else:
        echo_message(arrivals.api.get(*path_of(message["id"], address)))


def _find_links_to(host: str, links: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the links to a host, in the form in which no program takes them for links to another one."""
    from edgemail.mime.checked_forms import check_link

    checked = [(link, check_link(link["url"])) for link in links]
    return [link | {"url": found[0]} for link, found in checked if found is not None and found[1] == host]


def _describe(message: _Message, wanted: str, picked: list[Any]) -> dict[str, Any]:
    """Return what a program needs to go on with a code or a link: no text of the mail but these."""
    from edgemail.mime.checked_forms import check_address, check_link, share_an_owner

    codes = picked if wanted == "code" else message["codes"]
    links = picked if wanted == "link" else message["links"]
    shown = message["from"].rstrip(">").rpartition("<")[2]
    sender = check_address(shown)
    link = links[0]["url"] if links else None
    checked = None if link is None else check_link(link)
    link, link_host = (link, None) if checked is None else checked
    return {
        "message_id": message["id"],
        "from": sender,
        "from_host_matches_link": (
            share_an_owner(sender.rpartition("@")[2], link_host) if sender and link_host else None
        ),
        "code": codes[0]["code"] if codes else None,
        "link": link,
        "link_host": link_host,
        "candidates": len(picked),
        "reason": picked[0]["reason"],
        "received": message["date"],
    }


class _Arrivals:
    """The messages of an address that match: those that have come, and those until `deadline` (monotonic clock)."""

    def __init__(self, api: Api, address: str, deadline: float, matching: dict[str, str | None]) -> None:
        self.api = api
        self.newest_id = 0
        """The newest id that was seen, or that the search began after."""
        self._address = address
        self._deadline = deadline
        self._matching = matching

    def find(self, after: int | None, pick: Callable[[_Message], list[Any]]) -> _Message | None:
        """Return the first message of which `pick` returns something, or `None` after the deadline.

        As in the API, messages that have already come count if `after` is `None`; of those the newest is first.
        """
        self.newest_id = after or 0
        message = self._next(after, self._deadline)
        if message is not None and after is None and not pick(message):
            message = self._find_newest_below(message, pick) or message
        while message is not None and not pick(message):
            message = self._next(message["id"], self._deadline)
        return message

    def _find_newest_below(self, newest: _Message, pick: Callable[[_Message], list[Any]]) -> _Message | None:
        """Return the newest message that came before `newest` and of which `pick` returns something."""
        found = None
        message = self._next(0, deadline=0.0)
        while message is not None and message["id"] < newest["id"]:
            found = message if pick(message) else found
            message = self._next(message["id"], deadline=0.0)
        return found

    def _next(self, after: int | None, deadline: float) -> _Message | None:
        """Return the next message after an id; wait until `deadline`, in as many requests as that takes."""
        while True:
            left_s = max(0.0, deadline - time.monotonic())
            timeout_s = round(min(left_s, _LONGEST_WAIT_S), 3)
            query = {"timeout": timeout_s, "after": after, **self._matching}
            answer = self.api.get("inboxes", self._address, "wait", wait_s=timeout_s, **query)
            if answer["status"] == "found":
                message: _Message = answer["message"]
                self.newest_id = max(self.newest_id, message["id"])
                return message
            if time.monotonic() >= deadline:
                return None
