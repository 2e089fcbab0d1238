"""Writes the reference of all settings, two pages of the documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgemail.settings.table import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edgemail.settings.definition import Setting

_TITLES: Final = {
    "store": "Database",
    "smtp": "SMTP",
    "http": "HTTP",
    "pop3": "POP3",
    "operator": "Operator's mail",
    "retention": "Retention",
    "policy": "Policy",
    "log": "Log",
    "access": "Access over HTTP",
    "webhook": "Webhook",
    "agents": "Agents",
    "checks": "Checks of a message",
}

_EVERYDAY: Final = "settings.md"
_ADVANCED: Final = "advanced-settings.md"
_MADE: Final = "<!-- Made from the code: python -m edgemail.settings docs/reference -->"
_INTRODUCTION: Final = f"""\
# Settings

{_MADE}

The settings that many servers need. [The others]({_ADVANCED}) seldom need a change.

A setting that stands here as a flag can be given by that flag. Every setting can be given by its
environment variable, by its name in the file, and, unless it is secret, by `--set NAME=VALUE`.
[Configuration](configuration.md) says how values are written and which source wins.

A default may depend on other settings. `edgemail config` shows each value and where it comes from.
"""
_ADVANCED_INTRODUCTION: Final = f"""\
# Advanced settings

{_MADE}

Every limit, deadline and rule that can be changed. [Settings]({_EVERYDAY}) has the everyday ones,
and says how each is given.
"""


def write_reference(settings: Sequence[Setting] = SETTINGS) -> dict[str, str]:
    """Return the pages, in Markdown, by the names of their files."""
    return {_EVERYDAY: _write_everyday(settings), _ADVANCED: _write_advanced(settings)}


def _write_everyday(settings: Sequence[Setting]) -> str:
    everyday = [setting for setting in settings if setting.everyday]
    parts = [_INTRODUCTION, "## Everyday settings\n", _write_table(everyday)]
    retired = [(old, setting) for setting in settings for old in setting.retired_names]
    if retired:
        parts += ["## Retired names\n", "They still work in this release, with a warning.\n"]
        parts += [f"- `{old}` is called `{setting.name}` now." for old, setting in retired]
    retired_values = [(text, setting) for setting in settings for text in setting.retired_values]
    if retired_values:
        parts += ["\n## Retired values\n" if retired else "## Retired values\n"]
        parts += ["They mean the default in this release, with a warning.\n"]
        parts += [f"- `{text}` of `{setting.name}`" for text, setting in retired_values]
    return "\n".join(parts).rstrip("\n") + "\n"


def _write_advanced(settings: Sequence[Setting]) -> str:
    advanced = [setting for setting in settings if not setting.everyday]
    parts = [_ADVANCED_INTRODUCTION]
    for section in dict.fromkeys(setting.section for setting in advanced):
        parts.append(f"## {_TITLES[section]}\n")
        parts.append(_write_table([setting for setting in advanced if setting.section == section]))
    return "\n".join(parts).rstrip("\n") + "\n"


def _write_table(settings: Iterable[Setting]) -> str:
    rows = ["| Setting | Environment | Default | What it does |", "|---|---|---|---|"]
    for setting in settings:
        spelled = setting.flag if setting.has_flag else setting.name
        shown = f"`{spelled} {setting.kind.metavar}`".replace("|", "\\|")
        variables = f"`{setting.variable}`" + (f", `{setting.also_from}`" if setting.also_from else "")
        rows.append(f"| {shown} | {variables} | {setting.default_text} | {setting.full_help} |")
    return "\n".join(rows) + "\n"
