"""Fills in the settings that nobody gave, each after the settings that its default needs."""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from edgemail.settings.definition import ComputedDefault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from edgemail.settings.definition import Setting


@dataclass(frozen=True, slots=True)
class Filled:
    """A setting's value. `comes_from` names the settings that a computed default was changed by."""

    value: Any
    is_given: bool = False
    comes_from: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """Say where a default comes from: ``default``, or ``default, from domain``."""
        return ", from ".join(("default", " and ".join(self.comes_from))) if self.comes_from else "default"


def fill_defaults(settings: Sequence[Setting], given: Mapping[str, Any]) -> dict[str, Filled]:
    """Return every setting's value by its name: what is given, else the default.

    Raises:
        RuntimeError: a default needs itself, or a setting that does not exist.
    """
    filled: dict[str, Filled] = {}
    for setting in sort_by_need(settings):
        if setting.name in given:
            filled[setting.name] = Filled(given[setting.name], is_given=True)
        elif isinstance(setting.default, ComputedDefault):
            needed = {name: filled[name] for name in setting.default.needs}
            value = setting.default.compute(**{name: other.value for name, other in needed.items()})
            behind = tuple(name for name, other in needed.items() if other.is_given or other.comes_from)
            filled[setting.name] = Filled(value, comes_from=behind)
        else:
            filled[setting.name] = Filled(setting.default)
    return filled


def sort_by_need(settings: Iterable[Setting]) -> list[Setting]:
    """Sort settings so that each comes after those that its default needs.

    Raises:
        RuntimeError: a default needs itself, or a setting that does not exist.
    """
    by_name = {setting.name: setting for setting in settings}
    needs = {
        name: setting.default.needs if isinstance(setting.default, ComputedDefault) else ()
        for name, setting in by_name.items()
    }
    for name, needed in needs.items():
        for other in needed:
            if other not in by_name:
                raise RuntimeError(f"the default of {name} needs {other}, and there is no such setting")
    try:
        return [by_name[name] for name in TopologicalSorter(needs).static_order()]
    except CycleError as error:
        raise RuntimeError(f"defaults need one another: {' needs '.join(reversed(error.args[1]))}") from None
