"""Statistics of measurements: medians, spreads, quantiles, ratios and exponents of growth."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOISE = 0.15
"""The tolerance for noise when an exponent is compared with that of n log n."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of several rounds, with the lowest and the highest value."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Self:
        """Compute it of at least one round."""
        return cls(statistics.median(figures), min(figures), max(figures))


@dataclass(frozen=True, slots=True)
class Quantiles:
    """The median, the 99th percentile and the maximum."""

    count: int
    p50: float
    p99: float
    highest: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Self:
        """Compute them; without values all are 0."""
        ordered = sorted(figures)
        if not ordered:
            return cls(0, 0.0, 0.0, 0.0)
        return cls(len(ordered), quantile(ordered, 0.5), quantile(ordered, 0.99), ordered[-1])


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest of the sorted values that at least `share` of them do not exceed."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def ratio(ours: float, theirs: float) -> float | None:
    """Return ours divided by theirs, None if there is nothing to compare with."""
    return ours / theirs if theirs > 0 else None


def fit_exponent(points: Sequence[tuple[float, float]]) -> float:
    """Fit cost = c * n ** exponent to points of (n, cost), by least squares of the logarithms.

    Raises:
        ValueError: there are no two different n, or a figure is not positive.
    """
    xs, ys = [math.log(n) for n, _ in points], [math.log(cost) for _, cost in points]
    try:
        return statistics.linear_regression(xs, ys).slope
    except statistics.StatisticsError as error:
        raise ValueError(str(error)) from error


def is_worse_than_n_log_n(points: Sequence[tuple[float, float]]) -> bool:
    """Return True if a total cost grows faster than n log n, noise apart."""
    reference = [(n, n * math.log2(max(n, 2))) for n, _ in points]
    return fit_exponent(points) > fit_exponent(reference) + _NOISE
