"""Both histograms count a value in the first bucket whose bound is not below it."""

from __future__ import annotations

import itertools

import pytest

from edgemail.system.metrics import Histogram, SizeHistogram

BOUNDS = SizeHistogram().bounds
EDGES = sorted({0, 1, 2, *(bound + more for bound in (*BOUNDS, 2 * BOUNDS[-1], 2**40) for more in (-1, 0, 1))})


@pytest.mark.parametrize("octets", EDGES)
def test_a_size_is_at_or_below_its_bound(octets: int) -> None:
    """`le` means less or equal; what is above the last bound is in +Inf alone."""
    sizes = SizeHistogram()
    sizes.add(octets)
    below = list(itertools.accumulate(sizes.counts))
    assert below == [*(int(octets <= bound) for bound in BOUNDS), 1]
    assert sizes.total == octets


def test_both_histograms_agree() -> None:
    """Both histograms give the same counts."""
    quick, plain = SizeHistogram(), Histogram(BOUNDS)
    for octets in EDGES:
        quick.add(octets)
        plain.add(octets)
    assert (quick.counts, quick.total) == (plain.counts, plain.total)
