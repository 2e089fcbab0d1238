"""The command line: the group of commands, and the exit status of each error."""

from __future__ import annotations

import io
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from edgemail import __version__
from edgemail.cli.terminal import echo_line
from edgemail.errors import EdgemailError, ListenError, SettingsError, StoreInvalid, StoreUnavailable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_FAILED: Final = 1
_LATER: Final = 75  # EX_TEMPFAIL of sysexits.h
_BAD_SETTINGS: Final = 78  # EX_CONFIG of sysexits.h
_INTERRUPTED: Final = 130  # 128 and SIGINT, as shells have it

_STATUSES: Final = {ListenError: _BAD_SETTINGS, StoreInvalid: _BAD_SETTINGS, StoreUnavailable: _LATER}

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
Exit status: 0 done; 1 failed; 2 wrong usage; 3 nothing came in time (`wait`); 75 the database is not
available, try again; 78 wrong settings, or a port that cannot be had; 130 interrupted.
"""


_COMMANDS: Final = {
    "address": "address:address",
    "backup": "backup:backup",
    "completion": "completion:completion",
    "config": "serve:config",
    "delete": "mail:delete",
    "doctor": "doctor:doctor",
    "export": "export_mail:export_mail",
    "import": "import_mail:import_mail",
    "init": "init:init",
    "list": "mail:list_mail",
    "mcp": "mcp:mcp",
    "operator": "operator:operator",
    "readyz": "readyz:readyz",
    "restore": "backup:restore",
    "send": "send:send",
    "sendmail": "sendmail:sendmail",
    "serve": "serve:serve",
    "show": "mail:show",
    "skill": "skill:skill",
    "token": "token:token",
    "wait": "wait:wait",
    "web": "web:web",
}
"""The module of each command, and its name there. A run loads the one that it needs."""


class _Group(click.Group):
    """The commands. `serve` runs if none is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command; return None if there is none of that name."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"edgemail.cli.{module}"), name)
        return command

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
        serve = self.get_command(ctx, "serve")
        if serve is not None and incomplete.startswith("-"):
            known = {item.value for item in items}
            items += [item for item in serve.shell_complete(ctx, incomplete) if item.value not in known]
        return items


cli = _Group(
    "edgemail",
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
