"""Reads settings from flags, the environment and a file, and reports every mistake at once."""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass, field, fields
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edgemail.errors import SettingsError
from edgemail.settings import mailpit
from edgemail.settings.checks import find_mistakes
from edgemail.settings.defaults import fill_defaults
from edgemail.settings.definition import flag_of, variable_of
from edgemail.settings.mailpit_values import is_off
from edgemail.settings.table import SETTINGS, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from edgemail.settings.defaults import Filled
    from edgemail.settings.definition import Setting
    from edgemail.settings.mailpit import MailpitValue

_PREFIX: Final = "EDGEMAIL_"
_OTHER_VARIABLES: Final = (
    "EDGEMAIL_CONFIG",
    "EDGEMAIL_DEFAULTS",
    "EDGEMAIL_INBOX_KEY",
    "EDGEMAIL_SMTP_URL",  # the pytest plugin's
    "EDGEMAIL_TOKEN",
    "EDGEMAIL_URL",
)
# Kubernetes gives these to every program beside a service that is called edgemail.
_KUBERNETES = re.compile(r"EDGEMAIL_(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?)")
_SECRET_IN_URL = re.compile(r"(?<=://)[^/?#]*@|\?.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a setting's value comes from, and the value as text (for a secret, ``set`` or ``not set``)."""

    setting: Setting
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """The settings, and for each its origin in the order of the table."""

    settings: Settings
    origins: tuple[Origin, ...]
    warnings: tuple[str, ...] = ()
    """A line for each retired name or value that was used."""
    ignored: str = ""
    """A line that names Mailpit's settings which do nothing here."""


@dataclass(frozen=True, slots=True)
class _Given:
    """A setting as somebody wrote it. `spelled` is the name they wrote, `source` says where."""

    setting: Setting
    texts: tuple[str, ...]
    spelled: str
    source: str


@dataclass(slots=True)
class _SourceReader:
    """Reads one source after the other, and keeps the mistakes and warnings of all."""

    settings: Sequence[Setting]
    mistakes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    ignored: dict[str, list[str]] = field(default_factory=dict)
    """What Mailpit's settings that do nothing here are called, by the reason."""

    def find(self, name: str) -> Setting | None:
        """Return the setting that has this name, or had it in the last release."""
        return next((known for known in self.settings if name in (known.name, *known.retired_names)), None)

    def collect(self, source: Iterable[_Given]) -> dict[str, _Given]:
        """Return what one source gives, by the settings' names. Report what it gives twice."""
        collected: dict[str, _Given] = {}
        for given in source:
            name = given.setting.name
            if name in collected:
                first = collected[name].spelled
                self.mistakes.append(f"{given.spelled}: {first} gives it as well; keep one of the two")
            collected.setdefault(name, given)
        return collected

    def warn_if_retired(self, name: str, setting: Setting, spelled: str, replacement: str) -> None:
        """Add a warning if a setting was given by a name that it had in the last release."""
        if name != setting.name:
            self.warnings.append(f"{spelled}: is called {replacement} now; the next release forgets the old name")

    def drop_retired_values(self, all_given: Mapping[str, _Given]) -> dict[str, _Given]:
        """Leave out what gives a value of the last release, so that the default holds. Add a warning for each."""
        kept: dict[str, _Given] = {}
        for name, given in all_given.items():
            text = given.texts[0].lower() if len(given.texts) == 1 else ""
            if text in given.setting.retired_values:
                advice = "leave it out, as the next release refuses it"
                self.warnings.append(f'{given.spelled}: "{text}" means the default now; {advice}')
            else:
                kept[name] = given
        return kept

    @property
    def names(self) -> list[str]:
        """The names of all settings."""
        return [setting.name for setting in self.settings]

    def read_flags(self, flags: Mapping[str, str | Sequence[str] | None]) -> Iterable[_Given]:
        """Read what flags give."""
        for name, value in flags.items():
            if name not in ("set", "mailpit") and value is not None and value != ():
                setting = self.find(name)
                if setting is None:
                    raise RuntimeError(f"no setting is called {name}")
                texts = (value,) if isinstance(value, str) else tuple(value)
                flag = flag_of(name)
                self.warn_if_retired(name, setting, flag, setting.flag)
                yield _Given(setting, texts, flag, f"flag {flag}")
        for pair in flags.get("set") or ():
            key, equals, text = pair.partition("=")
            name = key.strip().replace("-", "_").lower()
            setting, spelled = self.find(name), f"--set {name}"
            if not equals:
                self.mistakes.append(f'--set: "{pair}" is not NAME=VALUE; write one such as max_errors=5')
            elif setting is None:
                self.mistakes.append(f"{spelled}: there is no such setting{_suggest(name, self.names)}")
            elif setting.secret:
                self.mistakes.append(f"{spelled}: other users can see flags; set {setting.variable} instead")
            else:
                self.warn_if_retired(name, setting, spelled, setting.name)
                yield _Given(setting, _split(setting, text), spelled, f"flag {spelled}")

    def read_environment(self, environ: Mapping[str, str]) -> Iterable[_Given]:
        """Read what variables of our own give."""
        for variable, text in sorted(environ.items()):
            if not variable.startswith(_PREFIX) or variable in _OTHER_VARIABLES or _KUBERNETES.fullmatch(variable):
                continue
            name = variable.removeprefix(_PREFIX)
            setting = self.find(name.lower()) if name.isupper() else None
            if setting is None:
                known = [
                    other.removeprefix(_PREFIX) for other in (*map(variable_of, self.names), *_OTHER_VARIABLES)
                ]
                self.mistakes.append(f"{variable}: there is no such setting{_suggest(name, known, _PREFIX)}")
            elif text:
                self.warn_if_retired(name.lower(), setting, variable, setting.variable)
                yield _Given(setting, _split(setting, text), variable, f"environment {variable}")

    def read_shared_environment(self, environ: Mapping[str, str]) -> Iterable[_Given]:
        """Read what variables give that other programs read as well."""
        for setting in self.settings:
            text = setting.also_from and environ.get(setting.also_from)
            if text:
                yield _Given(setting, (text,), setting.also_from, f"environment {setting.also_from}")

    def read_mailpit(self, values: Iterable[MailpitValue]) -> Iterable[_Given]:
        """Read what Mailpit's variables or flags give. Two of them may give a setting the same value."""
        seen: dict[str, tuple[str, ...]] = {}
        for value in values:
            if value.setting.convert is None:
                if not is_off(value.text):
                    self.ignored.setdefault(value.setting.because, []).append(value.spelled)
                continue
            try:
                converted = value.setting.convert(value.text)
            except ValueError as error:
                shown = "" if value.setting.secret else f'"{_SECRET_IN_URL.sub("…", value.text)}" '
                self.mistakes.append(f"{value.spelled}: {shown}{error}")
                continue
            for name, texts in converted.items():
                setting = self.find(name)
                if setting is None:
                    raise RuntimeError(f"no setting is called {name}")
                if seen.get(name) != texts:
                    seen[name] = texts
                    yield _Given(setting, texts, value.spelled, value.source)

    @property
    def ignored_line(self) -> str:
        """Say which of Mailpit's settings do nothing here, and why; "" where none does."""
        groups = [f"{', '.join(names)} ({because})" for because, names in self.ignored.items()]
        return f"of Mailpit's settings these do nothing here: {'; '.join(groups)}" if groups else ""

    def read_file_of(self, variable: str, environ: Mapping[str, str]) -> Iterable[_Given]:
        """Read what a TOML file gives, if a variable names one."""
        path = environ.get(variable)
        return self.read_file(path, variable) if path else ()

    def read_file(self, path: str, named_by: str) -> Iterable[_Given]:
        """Read what a TOML file gives."""
        try:
            # Some editors put a byte order mark first, which TOML does not know.
            table = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
        except OSError as error:
            self.mistakes.append(
                f'{named_by}: "{path}" cannot be read: {error.strerror or error}; name a TOML file'
            )
            return
        except UnicodeDecodeError:
            self.mistakes.append(f"{path}: is not UTF-8 text; a TOML file is")
            return
        except tomllib.TOMLDecodeError as error:
            self.mistakes.append(f"{path}: is not valid TOML: {error}")
            return
        for key, value in table.items():
            setting, spelled = self.find(key), f"{path}: {key}"
            if setting is None:
                self.mistakes.append(f"{spelled}: there is no such setting{_suggest(key, self.names)}")
                continue
            self.warn_if_retired(key, setting, spelled, setting.name)
            texts = _texts_in(value, setting)
            if texts is None:
                shape = f'["…"], a list of {setting.kind.metavar}' if setting.repeated else "one text or number"
                self.mistakes.append(f"{spelled}: has a value of another form; write {shape}")
            else:
                yield _Given(setting, texts, spelled, f"file {path}")

    def parse(self, given: _Given) -> Any:
        """Return what was given as a value of the setting's kind. Report what is wrong with it."""
        kind = given.setting.kind
        if kind.empty and [text.lower() for text in given.texts] == [kind.empty]:
            return ()
        if kind.max_entries is not None and len(given.texts) > kind.max_entries:
            self.mistakes.append(
                f"{given.spelled}: has {len(given.texts)} entries; write {kind.max_entries} at most"
            )
            return ()
        values: list[Any] = []
        for text in given.texts:
            if kind.empty and text.lower() == kind.empty:
                self.mistakes.append(f'{given.spelled}: "{text}" cannot stand beside other values')
                continue
            try:
                values.append(kind.read(text))
            except ValueError as error:
                shown = "" if given.setting.secret else f'"{_SECRET_IN_URL.sub("…", text)}" '
                self.mistakes.append(f"{given.spelled}: {shown}{error}")
        if kind.is_list:
            return tuple(values)
        return values[-1] if values else None


def resolve(
    flags: Mapping[str, str | Sequence[str] | None],
    environ: Mapping[str, str],
    config_path: str | None = None,
    table: Sequence[Setting] = SETTINGS,
) -> Resolved:
    """Put the settings together: flags over environment over file over defaults.

    `flags` has texts by setting name, under ``set`` the ``NAME=VALUE`` texts, and under ``mailpit`` those of
    Mailpit's flags, by `MailpitSetting.key`. Variables of our own win over those that other programs read.
    `config_path` names the file; if it is `None`, EDGEMAIL_CONFIG may name one. EDGEMAIL_DEFAULTS may name a file
    that stands behind everything else.

    Raises:
        SettingsError: with a line for each mistake.
    """
    reader = _SourceReader(table)
    given: dict[str, _Given] = {}
    mailpit_flags = dict(pair.split("=", 1) for pair in flags.get("mailpit") or ())
    for source in (
        chain(reader.read_flags(flags), reader.read_mailpit(mailpit.find_in_flags(mailpit_flags))),
        reader.read_environment(environ),
        reader.read_shared_environment(environ),
        reader.read_mailpit(mailpit.find_in_environment(environ)),
        reader.read_file(config_path, "--config")
        if config_path
        else reader.read_file_of("EDGEMAIL_CONFIG", environ),
        reader.read_file_of("EDGEMAIL_DEFAULTS", environ),
    ):
        for name, found in reader.collect(source).items():
            given.setdefault(name, found)
    given = reader.drop_retired_values(given)
    values = {name: reader.parse(found) for name, found in given.items()}
    if not reader.mistakes:
        filled = fill_defaults(table, values)
        settings = _build(table, filled)
        reader.mistakes += find_mistakes(settings, {name: found.spelled for name, found in given.items()})
    if reader.mistakes:
        raise SettingsError(reader.mistakes)
    origins = tuple(
        Origin(
            setting,
            setting.write(setting.value_in(settings)),
            given[setting.name].source if setting.name in given else filled[setting.name].source,
        )
        for setting in table
    )
    unknown = mailpit.find_unknown(environ)
    if unknown:
        reader.ignored["not known"] = unknown
    return Resolved(settings, origins, tuple(reader.warnings), reader.ignored_line)


def _build(table: Iterable[Setting], filled: Mapping[str, Filled]) -> Settings:
    values: dict[str, dict[str, Any]] = {"store": {"is_default": not filled["db"].is_given}}
    for setting in table:
        values.setdefault(setting.section, {})[setting.field] = filled[setting.name].value
    sections: dict[str, Any] = {}
    for section in fields(Settings):
        kind: Any = section.default_factory
        sections[section.name] = kind(**values[section.name])
    return Settings(**sections)


def _suggest(name: str, names: Iterable[str], prefix: str = "") -> str:
    """Return the end of a mistake that says which setting was probably meant."""
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {prefix}{close[0]}?" if close else "; `edgemail config` lists them all"


def _texts_in(value: object, setting: Setting) -> tuple[str, ...] | None:
    """Return a TOML value as texts, or `None` if it has a form that the setting does not take."""
    match value:
        case bool():
            return None
        case str() | int() | float():
            return (str(value),)
        case list() if setting.repeated and all(isinstance(entry, str) for entry in value):
            return tuple(value)
        case _:
            return None


def _split(setting: Setting, text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",")) if setting.repeated else (text,)
