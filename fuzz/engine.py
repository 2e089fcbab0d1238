"""Runs atheris: coverage selects inputs; the engine's mutations and ours alternate."""

from __future__ import annotations

import random
import shlex
import sys
from typing import TYPE_CHECKING

import atheris

from fuzz.mutations import Mutator

if TYPE_CHECKING:
    from collections.abc import Callable

_LONG_OCTETS = 400
"""Inputs above this are mostly replaced: they take time and find little."""


def run(part: str, check: Callable[[bytes], None]) -> None:
    """Give inputs to `check` until the command line's limits end it, or it raises."""
    mutator = Mutator(part)

    def mutate(octets: bytes, max_octets: int, seed: int) -> bytes:
        chance = random.Random(seed)
        if len(octets) > _LONG_OCTETS and chance.random() < 0.9:
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
