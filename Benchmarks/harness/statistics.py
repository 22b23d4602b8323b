"""Medians of few noisy rounds, and how sure they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

# An interval is as narrow as it can be with at least this probability of holding the true median.
_WANTED_COVERAGE = 0.9


@dataclass(frozen=True)
class Estimate:
    """The median of some rounds, an interval for it, and the probability that the interval holds the true median.

    The interval goes from one of the values to another, whatever their distribution is (order statistics): with five
    rounds it is from the least to the most, at 94 %; with fewer it is that too, and less sure.
    """

    median: float
    low: float
    high: float
    coverage: float


def median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def estimate(values: Sequence[float]) -> Estimate:
    if not values:
        raise ValueError("nothing was measured")
    ordered, count = sorted(values), len(values)

    def coverage(left_out: int) -> float:
        return 1 - 2 * sum(comb(count, index) for index in range(left_out + 1)) / 2**count

    left_out = 0
    while 2 * (left_out + 1) < count and coverage(left_out + 1) >= _WANTED_COVERAGE:
        left_out += 1
    return Estimate(median(values), ordered[left_out], ordered[-1 - left_out], max(0.0, coverage(left_out)))


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Of paired rounds: what disturbs the machine for a while disturbs both halves of a pair."""
    if len(ours) != len(theirs):
        raise ValueError("rounds are not paired")
    return [one / other for one, other in zip(ours, theirs)]
