"""The name that a setting had in the last release still works, and one line says what to write instead."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click
import pytest

from edgemail.cli.serve import config, options_of, read_settings, serve
from edgemail.errors import SettingsError
from edgemail.settings import SETTINGS, resolve
from edgemail.settings.reference import write_reference

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from edgemail.settings import Resolved

OLD = {"max_errors": ("mistakes", "max_mistakes"), "max_age": ("keep_for",), "domain": ("our_domain",)}
TABLE = tuple(replace(setting, retired_names=OLD.get(setting.name, ())) for setting in SETTINGS)
ADVICE = "the next release forgets the old name"


def resolve_old(
    flags: Mapping[str, str | tuple[str, ...]] | None = None,
    environ: Mapping[str, str] | None = None,
    config_path: str | None = None,
) -> Resolved:
    return resolve(flags or {}, environ or {}, config_path, TABLE)


def write_toml(directory: Path, text: str) -> str:
    path = directory / "edgemail.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_every_source_takes_the_old_name_and_warns(tmp_path: Path) -> None:
    """The line names what was written, and the new name in the same spelling."""
    path = write_toml(tmp_path, 'max_mistakes = 3\nour_domain = ["a.org", "b.org"]')
    for resolved, warning, source in (
        (resolve_old({"keep_for": "3d"}), "--keep-for: is called --max-age now", "flag --keep-for"),
        (
            resolve_old({"set": ("keep-for=3d",)}),
            "--set keep_for: is called max_age now",
            "flag --set keep_for",
        ),
        (
            resolve_old({}, {"EDGEMAIL_KEEP_FOR": "3d"}),
            "EDGEMAIL_KEEP_FOR: is called EDGEMAIL_MAX_AGE now",
            "environment EDGEMAIL_KEEP_FOR",
        ),
    ):
        assert resolved.warnings == (f"{warning}; {ADVICE}",)
        assert resolved.settings.retention.max_age_s == 3 * 86_400
        assert next(origin.source for origin in resolved.origins if origin.setting.name == "max_age") == source
    resolved = resolve_old(config_path=path)
    assert resolved.settings.smtp.max_errors == 3
    assert resolved.settings.smtp.domains == ("a.org", "b.org")
    assert resolved.warnings == (
        f"{path}: max_mistakes: is called max_errors now; {ADVICE}",
        f"{path}: our_domain: is called domain now; {ADVICE}",
    )


def test_the_new_name_does_not_warn(tmp_path: Path) -> None:
    """Nor does an old variable that is empty, which counts as not set."""
    path = write_toml(tmp_path, "max_errors = 3")
    resolved = resolve_old({"max_age": "3d"}, {"EDGEMAIL_DOMAIN": "a.org", "EDGEMAIL_MISTAKES": ""}, path)
    assert resolved.warnings == ()


def test_the_sources_keep_their_order() -> None:
    """An old flag wins over a new variable, and a default that needs the setting sees it."""
    resolved = resolve_old({"our_domain": ("a.org",)}, {"EDGEMAIL_DOMAIN": "b.org"})
    assert resolved.settings.smtp.domains == ("a.org",)
    assert resolved.settings.smtp.hostname == "a.org"


def test_both_names_in_one_source_are_a_mistake(tmp_path: Path) -> None:
    """Neither of them wins."""
    path = write_toml(tmp_path, "max_errors = 3\nmistakes = 4")
    for arguments, mistake in (
        (({"max_age": "1d", "keep_for": "2d"},), "--keep-for: --max-age gives it as well; keep one of the two"),
        (
            ({}, {"EDGEMAIL_MAX_AGE": "1d", "EDGEMAIL_KEEP_FOR": "2d"}),
            "EDGEMAIL_MAX_AGE: EDGEMAIL_KEEP_FOR gives it as well; keep one of the two",
        ),
        (({}, {}, path), f"{path}: mistakes: {path}: max_errors gives it as well; keep one of the two"),
    ):
        with pytest.raises(SettingsError) as caught:
            resolve_old(*arguments)
        assert caught.value.mistakes == [mistake]


def test_a_wrong_value_is_told_under_the_name_that_was_written() -> None:
    """The message uses the name that somebody wrote."""
    with pytest.raises(SettingsError) as caught:
        resolve_old({}, {"EDGEMAIL_MISTAKES": "many"})
    assert caught.value.mistakes == ['EDGEMAIL_MISTAKES: "many" is not a whole number; write one such as 100']


def test_the_command_line_takes_the_old_flag_and_does_not_show_it() -> None:
    """`--help` shows only the new flag."""
    setting = next(setting for setting in TABLE if setting.name == "max_age")
    command = click.Command("serve", params=list(options_of(setting)))
    context = command.make_context("serve", ["--keep-for", "3d"])
    assert context.params == {"max_age": None, "keep_for": "3d"}
    assert "--max-age" in command.get_help(context)
    assert "--keep-for" not in command.get_help(context)


def test_commands_print_a_line_for_each_and_the_server_logs_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The server's standard error has only log lines, since programs read them."""
    module = sys.modules["edgemail.cli.serve"]  # the package's attribute of that name is the command
    monkeypatch.setattr(module, "resolve", resolve_old)
    monkeypatch.setenv("EDGEMAIL_MISTAKES", "3")
    line = f"EDGEMAIL_MISTAKES: is called EDGEMAIL_MAX_ERRORS now; {ADVICE}"
    flags = {"config": None}
    assert read_settings(dict(flags)).smtp.max_errors == 3
    assert capsys.readouterr().err == f"warning: {line}\n"
    config.main([], standalone_mode=False)
    shown = capsys.readouterr()
    assert shown.err == f"warning: {line}\n"
    assert "environment EDGEMAIL_MISTAKES" in shown.out

    monkeypatch.setattr(module, "_run", lambda serving: serving.close())
    monkeypatch.setattr("edgemail.cli.logs.set_up", lambda _: None)
    serve.main([], standalone_mode=False)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [("WARNING", line)]
    assert capsys.readouterr().err == ""


def test_the_reference_lists_retired_names() -> None:
    """So that a name in an old file can be looked up."""
    assert "- `keep_for` is called `max_age` now." in write_reference(TABLE)["settings.md"]
    current = [setting for setting in TABLE if setting.name not in OLD]
    assert "Retired names" not in "".join(write_reference(current).values())
