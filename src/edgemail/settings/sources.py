"""From flags, the environment and a file to settings: who says what, and every mistake at once."""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edgemail.errors import SettingsError
from edgemail.model import Endpoint
from edgemail.settings.definitions import BY_NAME, SETTINGS, Setting
from edgemail.settings.quantities import ascii_name
from edgemail.settings.values import (
    RESERVED,
    HttpSettings,
    LogSettings,
    OperatorSettings,
    PolicySettings,
    RetentionSettings,
    Settings,
    SmtpSettings,
    StoreSettings,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_PREFIX: Final = "EDGEMAIL_"
_MX_PORT: Final = 25
_OTHER_VARIABLES: Final = ("EDGEMAIL_CONFIG", "EDGEMAIL_URL")
# Kubernetes gives these to every program beside a service that is called edgemail.
_KUBERNETES = re.compile(r"EDGEMAIL_(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?)")
_SECRET_IN_URL = re.compile(r"(?<=://)[^/?#]*@|\?.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a setting's value comes from, and the value as text (a secret's is ``set`` or ``not set``)."""

    setting: Setting
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """The settings, and for each its origin in the order of the table."""

    settings: Settings
    origins: tuple[Origin, ...]


@dataclass(frozen=True, slots=True)
class _Given:
    """A setting as somebody wrote it: `spelled` is their name for it."""

    setting: Setting
    texts: tuple[str, ...]
    spelled: str
    source: str


def resolve(
    flags: Mapping[str, str | Sequence[str] | None],
    environ: Mapping[str, str],
    config_path: str | None = None,
) -> Resolved:
    """Put the settings together: flags over environment over file over defaults.

    `flags` has texts by setting name, and under ``set`` the ``NAME=VALUE`` texts. `config_path` is the file;
    where it is `None`, EDGEMAIL_CONFIG may name one.

    Raises:
        SettingsError: with a line for each mistake.
    """
    mistakes: list[str] = []
    given: dict[str, _Given] = {}
    for source in (
        _from_flags(flags, mistakes),
        _from_environment(environ, mistakes),
        _from_others(environ),
        _from_file(config_path, environ, mistakes),
    ):
        for one in source:
            given.setdefault(one.setting.name, one)
    values = {name: _read(one, mistakes) for name, one in given.items()}
    if not mistakes:
        settings = _build(values)
        mistakes += [*_find_clashes(settings, given), *_find_half_pairs(settings, given)]
        mistakes += _find_contradictions(settings, given)
    if mistakes:
        raise SettingsError(mistakes)
    return Resolved(
        settings,
        tuple(
            Origin(
                one,
                one.write(one.value_in(settings)),
                given[one.name].source if one.name in given else "default",
            )
            for one in SETTINGS
        ),
    )


def _from_flags(flags: Mapping[str, str | Sequence[str] | None], mistakes: list[str]) -> Iterable[_Given]:
    given: dict[str, _Given] = {}
    for name, value in flags.items():
        if name != "set" and value is not None and value != ():
            setting = BY_NAME[name]
            texts = (value,) if isinstance(value, str) else tuple(value)
            given[name] = _Given(setting, texts, setting.flag, f"flag {setting.flag}")
    for pair in flags.get("set") or ():
        key, equals, text = pair.partition("=")
        name = key.strip().replace("-", "_").lower()
        spelled = f"--set {name}"
        if not equals:
            mistakes.append(f'--set: "{pair}" is not NAME=VALUE; write one such as max_errors=5')
        elif name not in BY_NAME:
            mistakes.append(f"{spelled}: there is no such setting{_suggest(name, BY_NAME)}")
        elif BY_NAME[name].secret:
            mistakes.append(f"{spelled}: other users can see flags; set {BY_NAME[name].variable} instead")
        elif name in given:
            mistakes.append(f"{spelled}: {given[name].spelled} gives it as well; keep one of the two")
        else:
            setting = BY_NAME[name]
            given[name] = _Given(setting, _split(setting, text), spelled, f"flag {spelled}")
    return given.values()


def _from_environment(environ: Mapping[str, str], mistakes: list[str]) -> Iterable[_Given]:
    known = {setting.variable: setting for setting in SETTINGS}
    for variable, text in sorted(environ.items()):
        if not variable.startswith(_PREFIX) or variable in _OTHER_VARIABLES or _KUBERNETES.fullmatch(variable):
            continue
        if variable not in known:
            names = [one.removeprefix(_PREFIX) for one in (*known, *_OTHER_VARIABLES)]
            guess = _suggest(variable.removeprefix(_PREFIX), names, _PREFIX)
            mistakes.append(f"{variable}: there is no such setting{guess}")
        elif text:
            setting = known[variable]
            yield _Given(setting, _split(setting, text), variable, f"environment {variable}")


def _from_others(environ: Mapping[str, str]) -> Iterable[_Given]:
    for setting in SETTINGS:
        text = setting.also_from and environ.get(setting.also_from)
        if text:
            yield _Given(setting, (text,), setting.also_from, f"environment {setting.also_from}")


def _from_file(config_path: str | None, environ: Mapping[str, str], mistakes: list[str]) -> Iterable[_Given]:
    path = config_path or environ.get("EDGEMAIL_CONFIG")
    if not path:
        return
    spelled = "--config" if config_path else "EDGEMAIL_CONFIG"
    try:
        # Some editors put a byte order mark first, which TOML does not know.
        table = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        mistakes.append(f'{spelled}: "{path}" cannot be read: {error.strerror or error}; name a TOML file')
        return
    except UnicodeDecodeError:
        mistakes.append(f"{path}: is not UTF-8 text; a TOML file is")
        return
    except tomllib.TOMLDecodeError as error:
        mistakes.append(f"{path}: is not valid TOML: {error}")
        return
    for key, value in table.items():
        spelled = f"{path}: {key}"
        setting = BY_NAME.get(key)
        if setting is None:
            mistakes.append(f"{spelled}: there is no such setting{_suggest(key, BY_NAME)}")
            continue
        texts = _texts_in(value, setting)
        if texts is None:
            shape = f'["…"], a list of {setting.kind.metavar}' if setting.repeated else "one text or number"
            mistakes.append(f"{spelled}: has a value of another form; write {shape}")
        else:
            yield _Given(setting, texts, spelled, f"file {path}")


def _texts_in(value: object, setting: Setting) -> tuple[str, ...] | None:
    """Return a TOML value as texts; `None` where it has a form that the setting does not take."""
    match value:
        case bool():
            return None
        case str() | int() | float():
            return (str(value),)
        case list() if setting.repeated and all(isinstance(one, str) for one in value):
            return tuple(value)
        case _:
            return None


def _split(setting: Setting, text: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split(",")) if setting.repeated else (text,)


def _suggest(name: str, names: Iterable[str], prefix: str = "") -> str:
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {prefix}{close[0]}?" if close else "; `edgemail config` lists them all"


def _read(given: _Given, mistakes: list[str]) -> Any:
    """Return what was given as a value of the setting's kind; note what is wrong with it."""
    if given.setting.kind.empty and [text.lower() for text in given.texts] == [given.setting.kind.empty]:
        return ()
    most = given.setting.kind.most
    if most is not None and len(given.texts) > most:
        mistakes.append(f"{given.spelled}: has {len(given.texts)} entries; write {most} at most")
        return ()
    values: list[Any] = []
    for text in given.texts:
        try:
            values.append(given.setting.kind.read(text))
        except ValueError as error:
            shown = "" if given.setting.secret else f'"{_SECRET_IN_URL.sub("…", text)}" '
            mistakes.append(f"{given.spelled}: {shown}{error}")
    if given.setting.repeated:
        return tuple(values)
    return values[-1] if values else None


def _build(values: Mapping[str, Any]) -> Settings:
    """Make the settings of the values that were given; the rest keep their defaults."""
    sections: dict[str, dict[str, Any]] = {"smtp": {}, "http": {}, "store": {}}
    sections |= {"operator": {}, "retention": {}, "policy": {}, "log": {}}
    for name, value in values.items():
        sections[BY_NAME[name].section][BY_NAME[name].field] = value
    if values.get("domain"):
        sections["smtp"].setdefault("hostname", ascii_name(values["domain"][0]))
    smtp = SmtpSettings(**sections["smtp"])
    store = StoreSettings(**sections["store"], is_default="db" not in values)
    if smtp.domains or any(one.port == _MX_PORT for one in smtp.listen):
        sections["operator"].setdefault("reserved", RESERVED)
    sections["operator"].setdefault("maildir", None if store.file is None else f"{store.file}.operator")
    return Settings(
        smtp,
        HttpSettings(**sections["http"]),
        store,
        OperatorSettings(**sections["operator"]),
        RetentionSettings(**sections["retention"]),
        PolicySettings(**sections["policy"]),
        LogSettings(**sections["log"]),
    )


def _find_half_pairs(settings: Settings, given: Mapping[str, _Given]) -> Iterable[str]:
    """Name a setting that means nothing without another."""
    if settings.smtp.tls_key is not None and settings.smtp.tls_cert is None:
        yield f'{given["tls_key"].spelled}: "{settings.smtp.tls_key}" needs a certificate; set tls_cert as well'
    if settings.store.token is not None and settings.store.token_file is not None:
        token, file = given["db_token"].spelled, given["db_token_file"].spelled
        yield f"{file}: {token} gives a token as well; keep one of the two"
    if settings.read_only and settings.http.listen is None:
        yield f"{given['smtp'].spelled}: is off, as http is, and nothing is left to do; leave one of them on"
    if settings.read_only and settings.smtp.listen_tls:
        yield f"{given['smtps'].spelled}: listens, but {given['smtp'].spelled} is off; leave one of the two out"


def _find_contradictions(settings: Settings, given: Mapping[str, _Given]) -> Iterable[str]:
    """Name bounds that would refuse what another one takes."""
    smtp = settings.smtp
    if smtp.max_message_bytes > max(smtp.max_spool_bytes, min(smtp.spool_above_bytes, smtp.max_memory_bytes)):
        name = "max_spool" if "max_spool" in given else "max_message_bytes"
        size = BY_NAME["max_message_bytes"].write(smtp.max_message_bytes)
        yield f"{given[name].spelled}: a message of {size} would never have room; set max_spool to more than that"


def _find_clashes(settings: Settings, given: Mapping[str, _Given]) -> Iterable[str]:
    """Name the listeners that could not both have their port, and a folder that is missing."""
    if settings.operator.reserved and settings.operator.maildir is None and not settings.read_only:
        yield (
            "operator_maildir: is not given, and a remote database has no folder for mail to reserved names; "
            "name one with --operator-maildir, or give --reserved none"
        )
    listeners = [("smtp", endpoint) for endpoint in settings.smtp.listen]
    listeners += [("smtps", endpoint) for endpoint in settings.smtp.listen_tls]
    if settings.http.listen:
        listeners.append(("http", settings.http.listen))
    if isinstance(settings.http.metrics, Endpoint):
        listeners.append(("metrics", settings.http.metrics))
    for index, (name, endpoint) in enumerate(listeners):
        spelled = given[name].spelled if name in given else BY_NAME[name].flag
        for other_name, other in listeners[:index]:
            if _clash(endpoint, other):
                yield f'{spelled}: "{endpoint}" is taken by {other_name} on {other}; choose another port'


def _clash(one: Endpoint, other: Endpoint) -> bool:
    if one.port != other.port or one.port == 0:
        return False
    return any(_overlap(left, right) for left in _addresses(one.host) for right in _addresses(other.host))


def _overlap(one: str, other: str) -> bool:
    """Tell whether two hosts of the same family are the same, or one of them is every address."""
    if (":" in one) != (":" in other):
        return False
    every = "::" if ":" in one else "0.0.0.0"  # noqa: S104 - compared, not bound
    return one == other or every in {one, other}


def _addresses(host: str) -> tuple[str, ...]:
    return ("127.0.0.1", "::1") if host == "localhost" else (host,)
