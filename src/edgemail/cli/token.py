"""`edgemail token`: makes the key pair of your own libSQL server, and tokens for it."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from edgemail.cli.parameter_types import json_option
from edgemail.cli.terminal import Failure, echo_json, echo_line
from edgemail.errors import TokenError
from edgemail.settings import read_duration

if TYPE_CHECKING:
    from edgemail.edge.tokens import Access
    from edgemail.store.remote.tokens import Permit

_PRIVATE: Final = "private.pem"
_PUBLIC: Final = "public.pem"
_NEVER: Final = "never"
_MAX_KEY_BYTES: Final = 65_536


class _Lifetime(click.ParamType[timedelta | None]):
    """A duration, or ``never``."""

    name = "DURATION|never"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta | None:
        """Parse a text; return a duration, or `None` for ``never``."""
        if str(value).lower() == _NEVER:
            return None
        try:
            return timedelta(seconds=read_duration(str(value)))
        except ValueError as error:
            self.fail(f'"{value}" {error}, or {_NEVER}', param, ctx)


@click.command(short_help="Make a key pair for a libSQL server of your own.")
@click.option("--out", metavar="DIR", default=".", show_default=True, help="The folder for the two files.")
@json_option
def keygen(out: str, *, as_json: bool) -> None:
    """Make the Ed25519 key pair that a libSQL server's tokens are signed with.

    It writes private.pem, which signs tokens, and public.pem, with which the server checks them. It never
    overwrites a file: with another key, every token of the old one would become invalid.
    """
    from edgemail.edge.tokens import make_keys  # loads the library that signs, which other commands do not need

    folder = Path(out)
    private, public = folder / _PRIVATE, folder / _PUBLIC
    for path in (private, public):
        if os.path.lexists(path):
            raise Failure(f"{path} exists and is not overwritten; name another folder with --out")
    secret, known = make_keys()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _create(private, secret, 0o600)
        _create(public, known, 0o644)
    except OSError as error:
        raise Failure(f"{error.filename or folder} cannot be written: {error.strerror or error}") from error
    if as_json:
        echo_json({"private": str(private), "public": str(public)})
        return
    echo_line(
        f"{private}  keep it secret: whoever has it can make tokens, with `edgemail token mint --key {private}`"
    )
    echo_line(f"{public}  give it to the primary and each replica: sqld --auth-jwt-key-file {public}")


@click.command(short_help="Make a token.")
@click.option("--key", metavar="PRIVATE", required=True, help="The private key that `token keygen` made.")
@click.option("--read-only", is_flag=True, help="The token may read the whole database and write nothing.")
@click.option("--read-write", is_flag=True, help="The token may do everything: for `edgemail serve` alone.")
@click.option(
    "--expires", "lifetime", type=_Lifetime(), default="90d", show_default=True, help="How long the token is valid."
)
@json_option
def mint(key: str, lifetime: timedelta | None, *, read_only: bool, read_write: bool, as_json: bool) -> None:
    """Make a token for a libSQL server that has the public key; print it alone.

    A token cannot be revoked: until it expires, only a new key pair ends it, and every other token too.
    """
    from edgemail.edge.tokens import mint_token
    from edgemail.store.remote.tokens import is_open_to_others, read_permit

    if read_only == read_write:  # no default: a wrong guess could give write access away
        raise click.UsageError("give one of --read-only and --read-write")
    access: Access = "ro" if read_only else "rw"
    try:
        token = mint_token(_read_octets(key), access, datetime.now(UTC), lifetime)
    except TokenError as error:
        raise Failure(f'"{key}" {error}; make a pair with `edgemail token keygen`') from error
    except OverflowError as error:
        raise click.UsageError("--expires is too far in the future") from error
    if is_open_to_others(key):
        echo_line(f"warning: other users of this machine may read {key}: chmod 600 it", err=True)
    if as_json:
        echo_json({"token": token} | _as_json(read_permit(token)))
    else:
        click.echo(token)
        for line in _describe(read_permit(token)):
            echo_line(line, err=True)
    if lifetime is None:
        echo_line("warning: the token never expires, and only a new key pair revokes it", err=True)
    if access == "rw":
        echo_line("keep it where edgemail alone can read it: chmod 600, then serve --db-token-file FILE", err=True)


@click.command(short_help="Print what a token may do, and until when.")
@click.argument("file", metavar="FILE|-")
@json_option
def show(file: str, *, as_json: bool) -> None:
    """Print what a token may do, and until when; `-` reads it from the standard input.

    That is what the token itself says. Only its server can tell whether it accepts the token.
    """
    from edgemail.store.remote.tokens import read_permit, read_token_file

    try:
        token = sys.stdin.read(_MAX_KEY_BYTES).strip() if file == "-" else read_token_file(file)
    except TokenError as error:
        raise Failure(str(error)) from error
    try:
        permit = read_permit(token)
    except TokenError as error:
        raise Failure(f'"{file}" {error}') from error
    if as_json:
        echo_json(_as_json(permit))
        return
    for line in _describe(permit):
        echo_line(line)
    echo_line("Verified  no: only the database's server can check the token's signature")


def _describe(permit: Permit) -> list[str]:
    now = datetime.now(UTC)
    if permit.may_only_read:
        may = "read the whole database, and write nothing"
    elif permit.has_rules:
        may = "what its claim p says, which takes the place of a; edgemail does not read it"
    elif permit.access in {None, "rw"}:
        may = "read and write the whole database" + ("" if permit.access else ", since it has no claim a")
    else:
        may = f'nothing that edgemail knows: its claim a is "{permit.access}"'
    if permit.expires_at is None:
        until = "never"
    else:
        until = f"{permit.expires_at:%Y-%m-%d %H:%M:%SZ}{', and so it has' if permit.is_expired(now) else ''}"
    issued = [] if permit.issued_at is None else [f"Issued    {permit.issued_at:%Y-%m-%d %H:%M:%SZ}"]
    return [f"May       {may}", *issued, f"Expires   {until}"]


def _as_json(permit: Permit) -> dict[str, Any]:
    """Return what a token claims. Only the database's server can check its signature, so nothing is verified."""
    return {
        "may": _describe(permit)[0].removeprefix("May").strip(),
        "access": permit.access,
        "has_rules": permit.has_rules,
        "issued": None if permit.issued_at is None else f"{permit.issued_at:%Y-%m-%dT%H:%M:%SZ}",
        "expires": None if permit.expires_at is None else f"{permit.expires_at:%Y-%m-%dT%H:%M:%SZ}",
        "expired": permit.is_expired(datetime.now(UTC)),
        "verified": False,
    }


def _read_octets(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(_MAX_KEY_BYTES)
    except OSError as error:
        raise Failure(f'"{path}" cannot be read: {error.strerror or error}') from error


def _create(path: Path, octets: bytes, mode: int) -> None:
    """Create a file with exactly the permissions `mode`. Fail if it exists."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(octets)
    path.chmod(mode)  # the umask may have removed permissions that sqld's user needs


token = click.Group(
    "token",
    commands=[keygen, mint, show],
    short_help="Make keys and tokens for a libSQL server of your own.",
    help="Make keys and tokens for a libSQL server (sqld) of your own, and look at tokens.",
)
