"""Measures of inequality over groups ordered by deprivation, with their intervals.

The slope index (SII) and the relative index (RII) follow the public-health method (Low and Low,
Journal of Public Health 2004;26:388-395), with intervals from simulated draws. All arrays have one
value per group, group 1 (most deprived) first.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Standard errors come from 95% limits, whatever the confidence of the result.
Z_95 = 1.959963984540054
# Draws made at a time: 10,000 by 100 groups are 8 MB.
BLOCK = 10_000


@dataclasses.dataclass(frozen=True)
class Scale:
    """The scale on which an indicator's error is normal, and the functions to it and from it."""

    to_working: Callable[[Array], Array]
    to_natural: Callable[[Array], Array]


def _logit(share: Array) -> Array:
    return np.log(share / (1 - share))


def _logistic(odds: Array) -> Array:
    return 1 / (1 + np.exp(-odds))


SCALES = {
    "other": Scale(lambda value: value, lambda value: value),
    "rate": Scale(np.log, np.exp),
    "proportion": Scale(_logit, _logistic),
}


@dataclasses.dataclass(frozen=True)
class Groups:
    """One set of groups. population > 0; error: standard error on the working scale of `kind`."""

    population: Array
    value: Array
    error: Array
    kind: str = "other"


@dataclasses.dataclass(frozen=True)
class Interval:
    """Limits at one confidence, a share such as 0.95."""

    confidence: float
    sii: tuple[float, float]
    rii: tuple[float, float]
    concentration_index: tuple[float, float]


@dataclasses.dataclass(frozen=True)
class Measures:
    """All measures of one set.

    sii, gap: in units of the value times the multiplier; rii, ratio: relative; intercept: the
    fitted value at the most deprived end; attributable_share: the share of the overall value that
    would go if every group had the value of the least deprived; concentration_index: -1 to 1,
    negative where the value is concentrated among the most deprived.
    """

    groups: int
    population: float
    overall: float
    sii: float
    rii: float
    intercept: float
    gap: float
    ratio: float
    attributable_share: float
    concentration_index: float
    intervals: tuple[Interval, ...]


def standard_error(lower: Array, upper: Array, kind: str) -> Array:
    """The standard error on the working scale from 95% limits on the natural scale."""
    scale = SCALES[kind].to_working
    return (scale(upper) - scale(lower)) / Z_95 / 2


def shares(population: Array) -> tuple[Array, Array]:
    """Each group's share of the population, and the middle of its range of cumulative share."""
    share = population / population.sum()
    return share, np.cumsum(share) - share / 2


def fit(population: Array) -> tuple[Array, Array]:
    """The two rows that give intercept and slope of the weighted line through any values."""
    share, middle = shares(population)
    root = np.sqrt(share)
    rows = np.linalg.pinv(np.column_stack([root, middle * root])) * root
    return rows[0], rows[1]


def measure(
    groups: Groups,
    confidences: Sequence[float] = (0.95,),
    multiplier: float = 1.0,
    repetitions: int = 100_000,
    seed: int = 0,
    transform: bool = False,
) -> Measures:
    """All measures of one set of groups, with an interval for each confidence.

    multiplier: scales SII and gap; a negative one also inverts RII. transform: fits the line on
    the working scale of a rate or proportion. The same seed gives the same limits.
    """
    scale = SCALES[groups.kind]
    share, middle = shares(groups.population)
    working = scale.to_working(groups.value)
    intercept_row, slope_row = fit(groups.population)
    fitted = working if transform else groups.value
    intercept, slope = float(intercept_row @ fitted), float(slope_row @ fitted)
    slopes, ratios, indices = _simulate(groups, repetitions, seed, transform)
    to_natural = scale.to_natural if transform else (lambda value: value)

    def ends(slope_at: float) -> tuple[float, float]:
        """Both ends of the line with this slope through the fitted line's middle."""
        centre = intercept + slope / 2
        most, least = to_natural(np.array([centre - slope_at / 2, centre + slope_at / 2]))
        return float(most), float(least)

    def relative(most: float, least: float) -> float:
        return most / least if multiplier < 0 else least / most

    most, least = ends(slope)
    intervals = []
    for confidence in confidences:
        if transform:
            limits = [ends(limit) for limit in _limits(slopes, confidence)]
            sii = sorted((low_end[1] - low_end[0]) * multiplier for low_end in limits)
            rii = sorted(relative(*limit) for limit in limits)
        else:
            sii = sorted(limit * multiplier for limit in _limits(slopes, confidence))
            rii = sorted(_limits(1 / ratios if multiplier < 0 else ratios, confidence))
        index = _limits(indices, confidence)
        intervals.append(Interval(confidence, (sii[0], sii[1]), (rii[0], rii[1]), index))
    overall = float(share @ groups.value)
    first, last = float(groups.value[0]), float(groups.value[-1])
    return Measures(
        groups=len(share),
        population=float(groups.population.sum()),
        overall=overall,
        sii=(least - most) * multiplier,
        rii=relative(most, least),
        intercept=most * abs(multiplier) if transform else most,
        gap=(first - last) * abs(multiplier),
        ratio=first / last if last else float("nan"),
        attributable_share=(overall - last) / overall if overall else float("nan"),
        concentration_index=float(_concentration(share, middle, groups.value)),
        intervals=tuple(intervals),
    )


def _concentration(share: Array, middle: Array, values: Array) -> Array:
    """2 / mean * covariance of value and rank, for values of shape (groups,) or (draws, groups)."""
    return 2 * (values @ (share * middle)) / (values @ share) - 1


def _simulate(
    groups: Groups, repetitions: int, seed: int, transform: bool
) -> tuple[Array, Array, Array]:
    """Slope, ratio of the line's ends and concentration index of each draw, not sorted."""
    scale = SCALES[groups.kind]
    working = scale.to_working(groups.value)
    intercept_row, slope_row = fit(groups.population)
    share, middle = shares(groups.population)
    random = np.random.default_rng(seed)
    slopes, ratios, indices = (np.empty(repetitions) for _ in range(3))
    for start in range(0, repetitions, BLOCK):
        at = slice(start, min(start + BLOCK, repetitions))
        drawn = random.normal(working, groups.error, (at.stop - at.start, len(working)))
        natural = scale.to_natural(drawn)
        fitted = drawn if transform else natural
        slopes[at] = fitted @ slope_row
        intercepts = fitted @ intercept_row
        ratios[at] = (intercepts + slopes[at]) / intercepts
        indices[at] = _concentration(share, middle, natural)
    return slopes, ratios, indices


def _limits(drawn: Array, confidence: float) -> tuple[float, float]:
    upper = confidence + (1 - confidence) / 2
    count = len(drawn)
    low, high = max(round(count * (1 - upper)), 1) - 1, min(round(count * upper), count) - 1
    ordered = np.partition(drawn, (low, high))
    return float(ordered[low]), float(ordered[high])
