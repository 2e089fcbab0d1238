"""`edgemail serve` and `edgemail config`: the commands that take settings."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Any

import click

from edgemail.cli import logs
from edgemail.cli.parameter_types import make_json_option
from edgemail.cli.stop_on_eof import stop_on_eof
from edgemail.cli.terminal import echo_json, echo_line
from edgemail.errors import SettingsError
from edgemail.settings import SETTINGS, resolve
from edgemail.settings.definition import flag_of
from edgemail.settings.kinds import OFF, ON
from edgemail.settings.mailpit import MAILPIT_SETTINGS
from edgemail.system.loading import without_collection
from edgemail.system.switch_interval import set_switch_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from click.shell_completion import CompletionItem

    from edgemail.settings import Resolved, Setting, Settings
    from edgemail.settings.mailpit import MailpitSetting

_log = logging.getLogger(__name__)


def options_of(setting: Setting) -> Iterator[click.Option]:
    """Give the flag of a setting, and hidden ones for its retired names. `resolve` checks their texts.

    The flag of a switch that is off may stand alone, for ``on``.
    """

    def complete(_context: click.Context, _option: click.Parameter, start: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(word) for word in setting.kind.choices if word.startswith(start)]

    for name in (setting.name, *setting.retired_names):
        yield click.Option(
            [flag_of(name)],
            metavar=setting.kind.metavar,
            multiple=setting.repeated,
            help=_write_help(setting),
            hidden=name != setting.name,
            is_flag=False,
            flag_value=ON if setting.own_flag and setting.kind.choices and setting.default == OFF else None,
            shell_complete=complete,
        )


def option_of_mailpit(setting: MailpitSetting) -> click.Option:
    """Return the hidden option for a flag of Mailpit's. A switch may have a value: ``--quiet=false``."""
    return click.Option(
        [*setting.flags, setting.key],
        metavar="VALUE",
        hidden=True,
        is_flag=False,
        flag_value="true" if setting.is_switch else None,
    )


def _write_help(setting: Setting) -> str:
    return f"{setting.full_help} [default: {setting.default_text}]".replace("`", "")


def setting_options(*names: str) -> list[click.Parameter]:
    """Return the flags of these settings and those that give any setting; without names, all that `serve` takes."""
    options: list[click.Parameter] = [
        option
        for setting in SETTINGS
        if setting.has_flag and (not names or setting.name in names)
        for option in options_of(setting)
    ]
    options += [
        click.Option(
            ["--set"],
            multiple=True,
            metavar="NAME=VALUE",
            help="Give any setting by its name, such as max_errors=5. `edgemail config` lists them all.",
        ),
        click.Option(["--config"], metavar="FILE", help="Read settings from this TOML file."),
    ]
    if not names:
        options += [option_of_mailpit(setting) for setting in MAILPIT_SETTINGS if setting.flags]
        options += [
            click.Option(["--no-smtp"], is_flag=True, help="Only read: the same as --smtp off."),
            click.Option(
                ["--stop-on-eof"],
                is_flag=True,
                help="Stop when the standard input ends: for a program that starts edgemail, and may be killed.",
            ),
            click.Option(
                ["--help-all"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_show_all_help,
                help="Show this message with the advanced settings, and exit.",
            ),
        ]
    return options


def _show_all_help(context: click.Context, _option: click.Parameter, value: bool) -> None:
    """Print the help, then every setting that has no flag."""
    if not value or context.resilient_parsing:
        return
    formatter = context.make_formatter()
    context.command.format_help(context, formatter)
    with formatter.section("Settings without a flag (--set NAME=VALUE, EDGEMAIL_NAME, or the file)"):
        formatter.write_dl(
            [
                (
                    f"{setting.name} {setting.kind.metavar}",
                    _write_help(setting),
                )
                for setting in SETTINGS
                if not setting.has_flag
            ]
        )
    click.echo(formatter.getvalue().rstrip("\n"))
    context.exit()


def resolve_flags(flags: dict[str, Any]) -> Resolved:
    """Resolve the settings from a command's flags, the environment and the file."""
    config_path = flags.pop("config")
    flags.pop("stop_on_eof", None)
    given = {setting.key: flags.pop(setting.key, None) for setting in MAILPIT_SETTINGS}
    flags["mailpit"] = tuple(f"{key}={text}" for key, text in given.items() if text is not None)
    if flags.pop("no_smtp", False):
        if flags["smtp"]:
            raise SettingsError(["--no-smtp: --smtp is given as well; keep one of the two"])
        flags["smtp"] = ("off",)
    return resolve(flags, os.environ, config_path)


def read_settings(flags: dict[str, Any]) -> Settings:
    """Return the settings for a command that is not the server; print a line for each retired name used."""
    return print_warnings(resolve_flags(flags)).settings


def print_warnings(resolved: Resolved) -> Resolved:
    """Print a line for each retired name used; return the settings as they are."""
    for warning in resolved.warnings:
        echo_line(f"warning: {warning}", err=True)
    return resolved


def _log_warnings(resolved: Resolved) -> Settings:
    for warning in resolved.warnings:
        _log.warning("%s", warning)
    return resolved.settings


def _serve(**flags: Any) -> None:
    resolved = resolve_flags(dict(flags))
    logs.set_up(resolved.settings.log)
    settings = _log_warnings(resolved)
    if resolved.ignored:
        _log.warning("%s", resolved.ignored)
    if flags.get("stop_on_eof"):
        stop_on_eof()
    with without_collection():
        from edgemail import app  # the server's libraries take a while to load, and no other command needs them

    _run(app.serve(settings, echo_line, lambda: _log_warnings(resolve_flags(dict(flags)))))


def _run(serving: Coroutine[Any, Any, None]) -> None:
    """Run on uvloop if it is installed: it needs half the time of asyncio's own loop."""
    set_switch_interval()
    run: Callable[[Coroutine[Any, Any, None]], None]
    try:
        from uvloop import run
    except ImportError:  # on another Python than CPython
        run = asyncio.run
    run(serving)


def _config(*, as_json: bool, **flags: Any) -> None:
    resolved = print_warnings(resolve_flags(flags))
    if resolved.ignored:
        echo_line(f"warning: {resolved.ignored}", err=True)
    origins = resolved.origins
    if as_json:
        echo_json({origin.setting.name: {"value": origin.text, "source": origin.source} for origin in origins})
        return
    name_width = max(len(origin.setting.name) for origin in origins)
    text_width = max(len(origin.text) for origin in origins)
    for origin in origins:
        echo_line(f"{origin.setting.name:{name_width}}  {origin.text:{text_width}}  {origin.source}")


serve = click.Command(
    "serve",
    params=setting_options(),
    callback=_serve,
    short_help="Take mail and show it. It runs if no command is named.",
    help="""Take mail by SMTP for any address, keep it, and show it on a web page.

    Give a setting as a flag, as an environment variable (--max-age is EDGEMAIL_MAX_AGE), or in a TOML file
    (max_age = "7d"); a flag wins over the environment, and that over the file. --help-all shows the
    advanced settings too. Ctrl-C or SIGTERM stops the server after open transactions have finished.""",
)

config = click.Command(
    "config",
    params=[
        make_json_option(),
        *setting_options(),
    ],
    callback=_config,
    short_help="Print each setting, its value, and where it comes from.",
    help="""Print each setting, its value, and where it comes from: a flag, the environment, a file, or a default.

    It takes the flags of `edgemail serve` and shows what they would do. "default, from domain" is a default
    that was worked out from the setting `domain`.""",
)
