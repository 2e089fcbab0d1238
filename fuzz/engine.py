"""Runs atheris: coverage chooses what is kept; the engine and `Mutator` change inputs in turn."""

from __future__ import annotations

import random
import shlex
import sys
from typing import TYPE_CHECKING

import atheris

from fuzz.mutations import READER, Mutator

if TYPE_CHECKING:
    from collections.abc import Callable

_LONG_OCTETS = {READER: 2000}
_LONG_OCTETS_ELSE = 400
"""Longer inputs take most of the time and find little that is new, so few are tried."""


def run(part: str, check: Callable[[bytes], None]) -> None:
    """Call `check` with inputs until it raises, or an option of the command line ends the run."""
    mutator = Mutator(part)
    long_octets = _LONG_OCTETS.get(part, _LONG_OCTETS_ELSE)

    def mutate(octets: bytes, max_octets: int, seed: int) -> bytes:
        chance = random.Random(seed)
        if len(octets) > long_octets and chance.random() < 0.9:
            octets = chance.choice(mutator.corpus)
        if chance.random() < 0.5:
            return bytes(atheris.Mutate(octets, max_octets))
        # Coverage does not see inside regular expressions, so start from seeds again and again.
        origin = chance.choice(mutator.corpus) if chance.random() < 0.3 else octets
        return mutator.mutate(origin, chance)[:max_octets]

    # To merge corpora, the engine starts itself again by its first argument.
    again = f"{shlex.quote(sys.executable)} -m fuzz.fuzz_{part}"
    atheris.Setup([again, *sys.argv[1:]], check, custom_mutator=mutate)
    atheris.Fuzz()
