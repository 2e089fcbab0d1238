"""`edgemail readyz`: tells whether a server is up, for containers' health checks."""

from __future__ import annotations

import time
from typing import Final

import click

from edgemail.cli.api import Api
from edgemail.cli.own_server import find_page
from edgemail.cli.parameter_types import SecondsType, json_option
from edgemail.cli.terminal import Failure, echo_json
from edgemail.errors import SettingsError

_POLL_S: Final = 0.2
_REQUEST_MAX_S: Final = 5.0
"""With --wait no request takes longer: a server that is starting may accept a connection and not answer it."""

_HELP: Final = """Exit with 0 if a server takes and shows mail, else with 1 and a line that says why.

URL is that of its page. Without one, EDGEMAIL_URL gives it, else the server's own settings do
(EDGEMAIL_HTTP, EDGEMAIL_BASE_PATH, or the file that EDGEMAIL_CONFIG names), else it is http://127.0.0.1:8025.

\b
  HEALTHCHECK CMD ["edgemail", "readyz"]
  edgemail readyz --wait --timeout 30s && run-tests
"""


@click.command(help=_HELP, short_help="Exit with 0 if a server is ready, for health checks.")
@click.argument("url", required=False, envvar="EDGEMAIL_URL")
@click.option("--url", "named_url", metavar="URL", help="The same, as the other commands have it.")
@click.option("--wait", is_flag=True, help="Ask again until it is ready.")
@click.option(
    "--timeout",
    "timeout_s",
    type=SecondsType(),
    default="30s",
    show_default=True,
    help="Take at most this long in all, as a duration or a number of seconds.",
)
@json_option
def readyz(url: str | None, named_url: str | None, timeout_s: float, *, wait: bool, as_json: bool) -> None:
    """Ask until the server is ready or the time is over."""
    try:
        page = _check(named_url or url, timeout_s, waits=wait)
    except Failure as error:
        if as_json:
            echo_json({"ready": False, "reason": error.message})
        raise
    if as_json:
        echo_json({"ready": True, "url": page})


def _check(url: str | None, timeout_s: float, *, waits: bool) -> str:
    """Return the URL of the page of a server that is ready.

    Raises:
        Failure: it is not, or not in time.
    """
    deadline = time.monotonic() + timeout_s
    try:
        api = Api((url or find_page()).rstrip("/").removesuffix("/readyz"))
    except SettingsError as error:
        raise Failure("; ".join(error.mistakes)) from None
    while True:
        left_s = max(deadline - time.monotonic(), 0.001)
        try:
            api.check_ready(min(left_s, _REQUEST_MAX_S) if waits else left_s)
        except Failure as error:
            left_s = deadline - time.monotonic()
            if not waits:
                raise
            if left_s <= _POLL_S:
                raise Failure(f"not ready within {timeout_s:g} s: {error.message}") from None
            time.sleep(_POLL_S)
        else:
            return api.url
