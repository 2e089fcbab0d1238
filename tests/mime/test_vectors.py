"""Every message of tests/vectors/mime reads as a person would read it."""

from __future__ import annotations

import pytest

from tests.mime.describing import describe
from tests.mime.vectors import Vector, read_vectors

VECTORS = list(read_vectors())


@pytest.mark.parametrize("vector", VECTORS, ids=[vector.name for vector in VECTORS])
def test_a_message_reads_as_a_person_would_read_it(vector: Vector) -> None:
    """What the case is about is as expected; nothing else is compared."""
    assert describe(vector.octets, vector.expect) == vector.expect


def test_there_are_many_messages_of_every_kind() -> None:
    """No kind is left with a few."""
    kinds = [vector.name.partition(":")[0] for vector in VECTORS]
    assert len(VECTORS) >= 500
    assert min(kinds.count(kind) for kind in set(kinds)) >= 15
    assert len({vector.name for vector in VECTORS}) == len(VECTORS)
