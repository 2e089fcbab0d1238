"""How a setting is defined: a dataclass field made by `setting`, from which the table of settings comes."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edgemail.settings.kinds import Kind

V = TypeVar("V")

_DEFINITION: Final = "setting"


@dataclass(frozen=True, slots=True)
class ComputedDefault(Generic[V]):
    """A default that a function computes. The function's parameters name the settings whose values it needs."""

    compute: Callable[..., V]
    description: str
    """What the documentation says instead of a value."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The names of the settings that it is computed from."""
        return tuple(inspect.signature(self.compute).parameters)


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting. `name` is its key in the file, and gives its flag and its environment variable."""

    name: str
    section: str
    """The field of `Settings` that has the dataclass with this setting."""
    field: str
    kind: Kind[Any]
    default: Any
    """The default value, or how it is computed."""
    help: str
    everyday: bool = False
    """True if most servers may want to set it. `--help` shows it, and it has a flag unless it is secret."""
    reloads: bool = False
    """True if SIGHUP puts a change into force; other settings need a restart."""
    secret: bool = False
    """True if its value must never be shown. It has no flag, since other users can see a program's flags."""
    own_flag: bool = False
    """True if it has a flag, although few servers set it."""
    also_from: str = ""
    """Another program's environment variable, which is read where ours is not set."""
    retired_names: tuple[str, ...] = ()
    """Names that it had in the last release. They still work, with a warning."""
    retired_values: tuple[str, ...] = ()
    """Values that it had in the last release. They now mean the default, with a warning."""

    @property
    def has_flag(self) -> bool:
        """True if it has a flag of its own; `--set NAME=VALUE` gives any setting that is not secret."""
        return (self.everyday or self.own_flag) and not self.secret

    @property
    def flag(self) -> str:
        """The flag of this name."""
        return flag_of(self.name)

    @property
    def variable(self) -> str:
        """The environment variable of this name."""
        return variable_of(self.name)

    @property
    def repeated(self) -> bool:
        """True if its value is a list, so that it may be given more than once."""
        return self.kind.is_list

    @property
    def full_help(self) -> str:
        """The help, with the sentences that follow from the definition."""
        repeats = " May be given more than once." if self.repeated else ""
        return f"{self.help}{repeats}{' SIGHUP reloads it.' if self.reloads else ''}"

    @property
    def default_text(self) -> str:
        """What the documentation says of the default: a value as it could be given, or a description."""
        if isinstance(self.default, ComputedDefault):
            return self.default.description
        return f"`{self.write(self.default) or 'none'}`"

    def value_in(self, settings: object) -> Any:
        """Return this setting's value."""
        return getattr(getattr(settings, self.section), self.field)

    def write(self, value: Any) -> str:
        """Write a value as it could be given; of a secret, write only whether it is set."""
        if self.secret:
            return "not set" if value is None else "set"
        if self.repeated:
            return ",".join(self.kind.write(entry) for entry in value) or self.kind.empty
        return self.kind.write(value)


def flag_of(name: str) -> str:
    """Return the flag of a setting's name."""
    return "--" + name.replace("_", "-")


def variable_of(name: str) -> str:
    """Return the environment variable of a setting's name."""
    return "EDGEMAIL_" + name.upper()


def setting(
    kind: Kind[V],
    default: V | ComputedDefault[V],
    help: str,  # noqa: A002 - as everybody calls it
    *,
    name: str = "",
    everyday: bool = False,
    reloads: bool = False,
    secret: bool = False,
    own_flag: bool = False,
    also_from: str = "",
    retired_names: tuple[str, ...] = (),
    retired_values: tuple[str, ...] = (),
) -> V:
    """Define a setting, as a field of a dataclass.

    Its name is the field's, without the unit ``_s`` since a duration is given with a unit; or it is `name`.
    `Setting` says what the rest means.
    """
    definition = {
        "name": name,
        "kind": kind,
        "default": default,
        "help": help,
        "everyday": everyday,
        "reloads": reloads,
        "secret": secret,
        "own_flag": own_flag,
        "also_from": also_from,
        "retired_names": retired_names,
        "retired_values": retired_values,
    }
    metadata = {_DEFINITION: definition}
    made: Any  # a type checker sees the value, `dataclass` sees the field
    if isinstance(default, ComputedDefault):
        made = field(default_factory=lambda: _compute_alone(default), repr=not secret, metadata=metadata)
    else:
        made = field(default=default, repr=not secret, metadata=metadata)
    value: V = made
    return value


def _compute_alone(default: ComputedDefault[V]) -> V:
    """Compute a default where no setting is given, for a dataclass that is not built by `resolve`."""
    from edgemail.settings.defaults import fill_defaults
    from edgemail.settings.table import SETTINGS  # which is made of what this module defines

    name = next(known.name for known in SETTINGS if known.default is default)
    value: V = fill_defaults(SETTINGS, {})[name].value
    return value


def settings_in(sections: type) -> Iterator[Setting]:
    """Give every setting, in the order of the sections and their fields.

    `sections` is a dataclass of dataclasses, each of which is the default factory of its field.
    """
    for section in fields(sections):
        for member in fields(section.default_factory):  # type: ignore[arg-type]  # each is a dataclass
            if _DEFINITION in member.metadata:
                definition = dict(member.metadata[_DEFINITION])
                definition["name"] = definition["name"] or member.name.removesuffix("_s")
                yield Setting(section=section.name, field=member.name, **definition)
