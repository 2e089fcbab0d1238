"""Defaults that depend on other settings: their order, their sources, and errors in their definition."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from edgemail.settings import SETTINGS, OperatorSettings, SmtpSettings, resolve
from edgemail.settings.defaults import fill_defaults, sort_by_need
from edgemail.settings.definition import ComputedDefault, Setting, setting, settings_in
from edgemail.settings.kinds import COUNT, DURATION, NONE, many
from edgemail.settings.sections.operator import RESERVED

if TYPE_CHECKING:
    from collections.abc import Callable


def counted(name: str, default: int | Callable[..., int]) -> Setting:
    """Make a setting that is a count."""
    value = ComputedDefault(default, "computed") if callable(default) else default
    return Setting(name, "smtp", name, COUNT, value, "Count.")


def sources(*flags: tuple[str, str]) -> dict[str, str]:
    return {origin.setting.name: origin.source for origin in resolve(dict(flags), {}).origins}


def test_a_default_is_computed_after_the_settings_that_it_needs() -> None:
    """The order in the table does not matter, and a default may need another computed default."""
    table = [
        counted("third", lambda second: second + 1),
        counted("second", lambda first: first + 1),
        counted("first", 1),
    ]
    assert [setting.name for setting in sort_by_need(table)] == ["first", "second", "third"]
    assert {name: filled.value for name, filled in fill_defaults(table, {}).items()} == {
        "first": 1,
        "second": 2,
        "third": 3,
    }
    assert fill_defaults(table, {"first": 7})["third"].value == 9
    assert fill_defaults(table, {"third": 7})["second"].value == 2


def test_a_default_says_which_settings_are_behind_it() -> None:
    """Only settings that do not have their plain default are named, one step back."""
    table = [
        counted("first", 1),
        counted("other", 1),
        counted("second", lambda first, other: first + other),
        counted("third", lambda second: second),
    ]
    assert fill_defaults(table, {})["third"].source == "default"
    filled = fill_defaults(table, {"first": 7})
    assert [filled[name].source for name in ("other", "second", "third")] == [
        "default", "default, from first", "default, from second",
    ]  # fmt: skip
    assert fill_defaults(table, {"first": 7, "other": 7})["second"].source == "default, from first and other"


def test_defaults_that_need_one_another_are_a_mistake_of_the_programmer() -> None:
    """The error names all of them in a circle."""
    table = [
        counted("one", lambda two: two),
        counted("two", lambda three: three),
        counted("three", lambda one: one),
    ]
    with pytest.raises(RuntimeError, match=r"need one another: (\w+) needs (\w+) needs (\w+) needs \1$"):
        fill_defaults(table, {})
    with pytest.raises(RuntimeError, match=r"one needs two|two needs three"):
        fill_defaults(table, {})


def test_a_default_that_needs_an_unknown_setting_is_one_too() -> None:
    """Such as one that was renamed."""
    with pytest.raises(RuntimeError, match="the default of one needs gone, and there is no such setting"):
        fill_defaults([counted("one", lambda gone: gone)], {})


def test_the_real_defaults_say_where_they_come_from() -> None:
    """`edgemail config` shows these sources."""
    plain = sources()
    assert {plain[name] for name in ("hostname", "reserved", "operator_maildir", "db")} == {"default"}
    for_domain = sources(("domain", "a.org"))
    assert for_domain["hostname"] == "default, from domain"
    assert for_domain["mode"] == "default, from domain"
    assert {for_domain[name] for name in ("reserved", "tls", "auth", "trusted")} == {"default, from mode"}
    assert for_domain["operator_maildir"] == "default"
    assert sources(("smtp", "127.0.0.1:25"))["mode"] == "default, from smtp"
    assert sources(("db", "mail.db"))["operator_maildir"] == "default, from db"
    assert sources(("domain", "a.org"), ("hostname", "mx.a.org"))["hostname"] == "flag --hostname"


def test_the_real_defaults_follow_the_settings_that_they_need() -> None:
    """On a public server the operator's names are reserved; the Maildir is beside the database."""
    assert resolve({"smtp": "127.0.0.1:25"}, {}).settings.operator.reserved == RESERVED
    assert resolve({"domain": "a.org"}, {}).settings.operator.reserved == RESERVED
    assert resolve({"smtp": "127.0.0.1:2525"}, {}).settings.operator.reserved == ()
    assert resolve({"domain": "a.org", "reserved": "none"}, {}).settings.operator.reserved == ()
    assert resolve({"db": "/tmp/x.db"}, {}).settings.operator.maildir == "/tmp/x.db.operator"
    assert resolve({"db": "https://db.example.org"}, {}).settings.operator.maildir is None


def test_a_section_that_is_built_by_hand_has_the_same_defaults() -> None:
    """Tests build sections without `resolve`."""
    settings = resolve({}, {}).settings
    assert SmtpSettings() == settings.smtp
    assert OperatorSettings() == settings.operator
    assert SmtpSettings(max_recipients=3).max_recipients == 3


@dataclass(frozen=True, slots=True)
class _Cache:
    size: int = setting(COUNT, 3, "Keep this many.", reloads=True)
    keep_s: float = setting(DURATION, 60.0, "Keep them for this long.", everyday=True)
    slots: tuple[int, ...] = setting(many(COUNT, empty=NONE), (), "Use these slots.", name="slot")
    is_warm: bool = False


@dataclass(frozen=True, slots=True)
class _Sections:
    cache: _Cache = field(default_factory=_Cache)


def test_a_dataclass_is_a_table_of_settings() -> None:
    """A field made by `setting` is a setting. Its name is the field's without the unit, unless it gives another."""
    size, keep, slot = settings_in(_Sections)
    assert [(setting.name, setting.section, setting.field) for setting in (size, keep, slot)] == [
        ("size", "cache", "size"), ("keep", "cache", "keep_s"), ("slot", "cache", "slots"),
    ]  # fmt: skip
    assert (size.flag, size.variable, size.has_flag, keep.has_flag) == ("--size", "EDGEMAIL_SIZE", False, True)
    assert size.full_help == "Keep this many. SIGHUP reloads it."
    assert slot.full_help == "Use these slots. May be given more than once."
    assert [setting.default_text for setting in (size, keep, slot)] == ["`3`", "`1m`", "`none`"]
    assert [setting.value_in(_Sections(_Cache(size=5))) for setting in (size, keep, slot)] == [5, 60.0, ()]


def test_no_two_settings_share_a_name() -> None:
    """A retired name is not used again either: values for one setting would go to the other."""
    names = [name for setting in SETTINGS for name in (setting.name, *setting.retired_names)]
    assert len(set(names)) == len(names)
