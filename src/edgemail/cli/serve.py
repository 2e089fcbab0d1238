"""`edgemail serve` and `edgemail config`: the commands that take settings."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import click

from edgemail.cli import logs
from edgemail.cli.terminal import echo_json, echo_line
from edgemail.errors import SettingsError
from edgemail.settings import SETTINGS, Setting, Settings, resolve
from edgemail.system.switch_interval import set_switch_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from edgemail.settings import Resolved


def _option_of(setting: Setting) -> click.Option:
    """Return the flag of a setting. Its text is checked later, with all the others."""
    default = setting.default.replace("`", "") or setting.write(setting.value_in(Settings()))
    shown = f" [default: {default}]" if default else ""
    return click.Option(
        [setting.flag],
        metavar=setting.kind.metavar,
        multiple=setting.repeated,
        help=setting.help.replace("`", "") + shown,
        shell_complete=lambda _context, _option, start: [
            click.shell_completion.CompletionItem(word) for word in setting.kind.choices if word.startswith(start)
        ],
    )


def own_options(*names: str) -> list[click.Parameter]:
    """Return the flags of these settings, or of all that have one, and those that give any setting."""
    return [
        *(_option_of(one) for one in SETTINGS if one.has_flag and (not names or one.name in names)),
        click.Option(
            ["--set"],
            multiple=True,
            metavar="NAME=VALUE",
            help="Any setting by its name, such as max_errors=5; `edgemail config` lists them all.",
        ),
        click.Option(["--config"], metavar="FILE", help="A TOML file with settings."),
        *([] if names else [click.Option(["--no-smtp"], is_flag=True, help="Only read: the same as --smtp off.")]),
    ]


def resolve_flags(flags: dict[str, Any]) -> Resolved:
    """Put the settings together from a command's flags, the environment and the file."""
    config_path = flags.pop("config")
    if flags.pop("no_smtp", False):
        if flags["smtp"]:
            raise SettingsError(["--no-smtp: --smtp is given as well; keep one of the two"])
        flags["smtp"] = ("off",)
    return resolve(flags, os.environ, config_path)


def _serve(**flags: Any) -> None:
    def read() -> Settings:
        return resolve_flags(dict(flags)).settings

    settings = read()
    logs.set_up(settings.log)
    from edgemail import app  # the server's libraries take a while to load, and no other command needs them

    _run(app.serve(settings, echo_line, read))


def _run(serving: Coroutine[Any, Any, None]) -> None:
    """Run on uvloop where there is one: it takes half the time of asyncio's own loop."""
    set_switch_interval()
    run: Callable[[Coroutine[Any, Any, None]], None]
    try:
        from uvloop import run
    except ImportError:  # on Windows, and on other Pythons than CPython
        run = asyncio.run
    run(serving)


def _config(*, as_json: bool, **flags: Any) -> None:
    origins = resolve_flags(flags).origins
    if as_json:
        echo_json({one.setting.name: {"value": one.text, "source": one.source} for one in origins})
        return
    name_width = max(len(one.setting.name) for one in origins)
    text_width = max(len(one.text) for one in origins)
    for one in origins:
        echo_line(f"{one.setting.name:{name_width}}  {one.text:{text_width}}  {one.source}")


serve = click.Command(
    "serve",
    params=own_options(),
    callback=_serve,
    short_help="Take mail and show it. The command when none is named.",
    help="""Take mail by SMTP for any address, keep it, and show it on a web page.

    Every setting can be given as a flag, as an environment variable (--max-age is EDGEMAIL_MAX_AGE), or
    in a TOML file (max_age = "7d"), in that order of weight. Ctrl-C or SIGTERM stops it: what is under
    way is finished first.""",
)

config = click.Command(
    "config",
    params=[
        click.Option(["--json", "as_json"], is_flag=True, help="Print JSON."),
        *own_options(),
    ],
    callback=_config,
    short_help="Print each setting, its value, and where it came from.",
    help="""Print each setting, its value, and where it came from: a flag, the environment, a file, or nowhere.

    It takes the flags of `edgemail serve`, so that you can see what they would do.""",
)
