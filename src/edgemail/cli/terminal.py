"""Output to a terminal: no octet of a hostile mail may control it or forge a line."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import click

HIDDEN = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
"""Control characters of ASCII and Latin-1, line separators, bidirectional controls, and lone surrogates."""

_HIDDEN = re.compile(f"[{HIDDEN}]")


def visible(text: str, *, keep: str = "") -> str:
    r"""Write control characters as ``\u001b``, except the characters in `keep`."""
    if text.isprintable():  # the quick way: no control character is printable
        return text
    return _HIDDEN.sub(lambda match: match[0] if match[0] in keep else f"\\u{ord(match[0]):04x}", text)


def echo_line(text: str, *, err: bool = False) -> None:
    """Print a text as one line, whatever characters it has."""
    click.echo(visible(text), err=err)


def echo_text(text: str) -> None:
    """Print a message's text: without control characters on a terminal, unchanged into a file or a pipe."""
    if sys.stdout.isatty():
        click.echo(visible(text.replace("\r\n", "\n"), keep="\n\t"))
    else:
        click.echo(text.encode("utf-8", "replace"), nl=not text.endswith("\n"))


def echo_octets(data: bytes) -> None:
    """Print octets: without control characters on a terminal, unchanged into a file or a pipe."""
    if sys.stdout.isatty():
        echo_text(data.decode("utf-8", "backslashreplace"))
    else:
        click.echo(data, nl=False)


def echo_json(value: Any) -> None:
    """Print a value as JSON that is safe on a terminal."""
    click.echo(visible(json.dumps(value, ensure_ascii=False, indent=2), keep="\n"))


class Failure(click.ClickException):
    """A command failed: print one line that says why, and exit with status 1."""

    def show(self, file: Any = None) -> None:
        """Print the line to the standard error."""
        click.echo(visible(self.message), file=file, err=True)


class NothingCame(Failure):
    """The time is up and there is no mail: print one line that says so, and exit with status 3."""

    exit_code = 3
