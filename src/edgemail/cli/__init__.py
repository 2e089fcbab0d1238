"""The command line: the group of commands, and the exit status of each error."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Final

import click
from click.shell_completion import CompletionItem, get_completion_class

from edgemail import __version__
from edgemail.cli.doctor import doctor
from edgemail.cli.export_mail import export_mail
from edgemail.cli.import_mail import import_mail
from edgemail.cli.mail import delete, list_mail, show, wait
from edgemail.cli.mcp import mcp
from edgemail.cli.operator import operator
from edgemail.cli.readyz import readyz
from edgemail.cli.send import send
from edgemail.cli.sendmail import sendmail
from edgemail.cli.serve import config, serve
from edgemail.cli.terminal import echo_line
from edgemail.cli.token import token
from edgemail.cli.web import web
from edgemail.errors import EdgemailError, SettingsError, StoreInvalid, StoreUnavailable

_FAILED: Final = 1
_LATER: Final = 75  # EX_TEMPFAIL of sysexits.h
_BAD_SETTINGS: Final = 78  # EX_CONFIG of sysexits.h
_INTERRUPTED: Final = 130  # 128 and SIGINT, as shells have it

_STATUSES: Final = {StoreInvalid: _BAD_SETTINGS, StoreUnavailable: _LATER}

_HELP: Final = """A disposable e-mail server: any address works, its mail shows on a web page, old mail is deleted.

\b
  edgemail                               start it: SMTP on 127.0.0.1:2525, the page on 127.0.0.1:8025
  edgemail --domain example.org          take mail for that domain and its subdomains only
  edgemail send kim@example.org          send a test mail
  edgemail list kim@example.org          list what is there
  edgemail wait kim@example.org --code   wait for a mail with a one-time code; print the code

`edgemail` alone, or with the flags of `serve`, is `edgemail serve`.

\b
Settings: a flag wins over an EDGEMAIL_... variable, that over a TOML file (--config FILE or
EDGEMAIL_CONFIG), that over the default. `edgemail serve --help` lists the flags, `--help-all` lists
every setting, `edgemail config` prints each with its value and where it comes from.

\b
Exit status: 0 done; 1 failed, or nothing came in time; 2 wrong usage; 75 the database is not
available, try again; 78 wrong settings; 130 interrupted.
"""


class _Group(click.Group):
    """The commands. `serve` runs if none is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `serve` in front of the arguments if they name no command."""
        own = {name for param in self.get_params(ctx) for name in param.opts}
        completes_a_command = ctx.resilient_parsing and not args
        if not completes_a_command and (not args or (args[0].startswith("-") and args[0] not in own)):
            args = ["serve", *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer the commands, and the flags of `serve`."""
        items = super().shell_complete(ctx, incomplete)
        if incomplete.startswith("-"):
            known = {item.value for item in items}
            items += [item for item in serve.shell_complete(ctx, incomplete) if item.value not in known]
        return items


_COMPLETION_HELP: Final = """Print a script that completes commands and flags.

\b
  bash: eval "$(edgemail completion bash)"     in ~/.bashrc
  zsh:  eval "$(edgemail completion zsh)"      in ~/.zshrc
  fish: edgemail completion fish > ~/.config/fish/completions/edgemail.fish
"""


@click.command(help=_COMPLETION_HELP)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script."""
    kind = get_completion_class(shell)
    if kind is None:
        raise RuntimeError(f"click does not know {shell}")
    click.echo(kind(cli, {}, "edgemail", "_EDGEMAIL_COMPLETE").source())


cli = _Group(
    "edgemail",
    commands=[
        *(serve, send, sendmail, list_mail, show, wait, delete, readyz),
        *(import_mail, export_mail, operator, token, web, doctor, mcp, config, completion),
    ],
    help=_HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
cli = click.version_option(__version__, prog_name="edgemail", message="%(prog)s %(version)s")(cli)


def main() -> None:
    """Run the command that the arguments name, and exit with its status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # not every terminal has every letter that a mail has
            stream.reconfigure(errors="backslashreplace")
    sys.exit(_run())


def _read_command() -> list[str]:
    """Return the arguments. Whoever calls this program by the name `sendmail` means that command."""
    arguments = sys.argv[1:]
    return ["sendmail", *arguments] if Path(sys.argv[0]).name == "sendmail" else arguments


def _run() -> int:
    try:
        status: int | None = cli.main(_read_command(), prog_name="edgemail", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    except SettingsError as error:
        for mistake in error.mistakes:
            echo_line(mistake, err=True)
        return _BAD_SETTINGS
    except EdgemailError as error:
        echo_line(str(error), err=True)
        return _STATUSES.get(type(error), _FAILED)
    return status or 0
