"""Attacks on a server with default limits: how each ends, and an honest sender meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from testkit.honest_sender import HonestSender
from testkit.hostile_peers import Target, count_descriptors, measure_memory
from testkit.waiting import until

from tests.hurting.attacks import ATTACKS, Heard

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.hurting.conftest import Server

pytestmark = pytest.mark.slow

SLOWEST_S = 3.0
"""Three times the promise, for a busy machine."""
MORE_DESCRIPTORS = 4
MORE_OCTETS = 64 * 2**20
"""The memory that the allocator may keep; `max_memory` alone is as much."""
_MIB = 2**20


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
async def test_an_honest_sender_is_served_beside(
    besieged: Server, figures: list[str], attack: Callable[[Target], Awaitable[Heard]]
) -> None:
    """Honest mail is kept in time; the server ends the attack and frees all its resources."""
    pid = besieged.process.process.pid
    octets_before = measure_memory(pid)
    with HonestSender(besieged.target.smtp) as honest:
        heard = await attack(besieged.target)
    slowest_s = max(honest.took_s)
    await until(lambda: count_descriptors(pid) <= besieged.descriptors + MORE_DESCRIPTORS)
    more_octets = measure_memory(pid) - octets_before
    figures.append(
        f"{attack.__name__:32} {len(honest.took_s):4} mails, slowest {slowest_s * 1000:5.0f} ms, "
        f"memory {more_octets / _MIB:+6.1f} MiB; they heard {dict(heard)}"
    )
    assert honest.failed == []
    assert slowest_s < SLOWEST_S
    assert more_octets < MORE_OCTETS
    assert set(heard) <= ATTACKS[attack]
