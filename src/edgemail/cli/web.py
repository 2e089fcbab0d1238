"""`edgemail web`: exports the page for a static host, where it reads the database itself."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from edgemail.cli.parameter_types import json_option
from edgemail.cli.terminal import Failure, echo_json, echo_line
from edgemail.errors import TokenError
from edgemail.settings import read_domain, read_duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgemail.edge.export import DatabaseUrl

_OFF: Final = "off"
_NOTICE: Final = (
    "The token is in config.json: everyone who can load the page can read the whole database with it, every inbox "
    "in it. Where that is not what you want, run an edge reader: edgemail serve --no-smtp."
)


class _Read(click.ParamType[Any]):
    """A value that a `read_…` function of the settings parses."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse a text; return its value."""
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except ValueError as error:
            self.fail(f'"{value}" {error}', param, ctx)


def _read_url(text: str) -> DatabaseUrl:
    from edgemail.edge.export import read_database_url  # no other command needs it

    if "@" in text or "?" in text:  # not echoed, since it may be a secret
        raise click.UsageError("--db-url has more than a server's address; the token comes from --token-file")
    return read_database_url(text)


def _read_age(text: str) -> float | None:
    return None if text.lower() == _OFF else read_duration(text)


@click.command("export", short_help="Write the page for a static host.")
@click.option("--out", metavar="DIR", required=True, help="The folder to write; an earlier export is replaced.")
@click.option(
    "--db-url",
    "databases",
    type=_Read("URL", _read_url),
    multiple=True,
    required=True,
    help="A database or a replica of it, as a browser reaches it; may be given more than once.",
)
@click.option("--token-file", metavar="FILE", required=True, help="A file with a read-only token.")
@click.option(
    "--domain",
    "domains",
    type=_Read("NAME", read_domain),
    multiple=True,
    required=True,
    help="A domain whose mail is there; may be given more than once.",
)
@click.option(
    "--max-age",
    "max_age_s",
    type=_Read("DURATION|off", _read_age),
    default=_OFF,
    show_default=True,
    help="How long the server keeps mail; the page says so.",
)
@click.option("--force", is_flag=True, help="Write into the folder even if it has other files.")
@json_option
def export_page(
    out: str,
    databases: tuple[DatabaseUrl, ...],
    token_file: str,
    domains: tuple[str, ...],
    max_age_s: float | None,
    *,
    force: bool,
    as_json: bool,
) -> None:
    """Write the page into a folder for any static host.

    The page asks the databases itself, the nearest one first, with the token that is in its config.json: EVERYONE
    who can load the page can read the whole database. Only a token that may do no more than that is taken.
    """
    from edgemail.edge.export import SiteConfig, check_token, export_site
    from edgemail.store.remote.tokens import read_token_file

    try:
        token = read_token_file(token_file)
    except TokenError as error:
        raise Failure(str(error)) from error
    try:
        permit = check_token(token, datetime.now(UTC))
    except TokenError as error:
        advice = "make one with `edgemail token mint --read-only`"
        raise Failure(f'the token in "{token_file}" {error}; {advice}') from error
    export_site(SiteConfig(databases, token, domains, max_age_s), Path(out), force=force)
    origins = list(dict.fromkeys(database.origin for database in databases))
    if as_json:
        expires = None if permit.expires_at is None else f"{permit.expires_at:%Y-%m-%dT%H:%M:%SZ}"
        echo_json({"out": out, "origins": origins, "token_expires": expires})
        echo_line(_NOTICE, err=True)
        return
    echo_line(f"wrote {out}, which may reach {' '.join(origins)}")
    if permit.expires_at is None:
        echo_line("warning: the token never expires, and it cannot be revoked", err=True)
    else:
        days = round((permit.expires_at - datetime.now(UTC)).total_seconds() / 86_400)
        echo_line(f"the token expires at {permit.expires_at:%Y-%m-%d %H:%MZ}, in {days} days: export again before")
    echo_line(_NOTICE, err=True)
    echo_line(f"Next: look at it with `edgemail web preview --dir {out}`, then put all of {out} on a static host,")
    echo_line(".nojekyll too. Hosts that read _headers send the headers in it; elsewhere set them where you can.")


@click.command("preview", short_help="Serve an exported page on this machine.")
@click.option("--dir", "folder", metavar="DIR", default="site", show_default=True, help="The exported folder.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=8026, show_default=True, help="The port. 0 picks a free one."
)
def preview_page(folder: str, port: int) -> None:
    """Serve an exported page on 127.0.0.1, as a static host would, until Ctrl-C."""
    from edgemail.edge.preview import PreviewServer

    if not (Path(folder) / "index.html").is_file():
        raise Failure(f"{folder} has no page; write one with `edgemail web export --out {folder}`")
    preview = PreviewServer(Path(folder), port)
    echo_line(f"Web   {preview.url}")
    with contextlib.suppress(KeyboardInterrupt):
        preview.run()


web = click.Group(
    "web",
    commands=[export_page, preview_page],
    short_help="Put the page on a static host, where it reads the database itself.",
    help="Put the page on a static host, where it reads the database itself.",
)
