"""What each unit makes of a score: the score of all, and what it would be without that unit.

A score is a mean over classes of ratios of sums: a metric's values over the cases to which it applies, or
true positives over what either side has.  Leaving a unit out is taking its parts from the sums, so all units
of all trials are left out at once.
"""

from __future__ import annotations

import warnings

import numpy as np

from ..arrays import Floats


def scores_of_sums(numerators: Floats, denominators: Floats) -> Floats:
    """Divide sums, and average over the classes (the last axis) that have something to divide by."""
    ratios = np.divide(
        numerators, denominators, out=np.full(numerators.shape, np.nan), where=denominators > 0
    )
    with warnings.catch_warnings():  # of no class at all: NaN is the answer
        warnings.filterwarnings("ignore", "Mean of empty slice", RuntimeWarning)
        return np.asarray(np.nanmean(ratios, axis=-1))


def scores_without(numerators: Floats, denominators: Floats) -> Floats:
    """Give each trial's score without each unit: see `pseudo_values`, (R, G)."""
    top, bottom = (sums.sum(axis=1, keepdims=True) for sums in (numerators, denominators))
    rest = bottom - denominators
    left = np.where(rest > 1e-9 * bottom, rest, 0)
    return scores_of_sums(top - numerators, left)


def pseudo_values(numerators: Floats, denominators: Floats) -> Floats:
    """Give each unit's pseudo-value of each trial's score (Tukey's jackknife).

    Args:
        numerators: By trial, unit and class, (R, G, C).
        denominators: Of the same shape; 0 where a class has nothing in a unit.

    Returns:
        (R, G): G times the score of all, less G - 1 times the score without the unit.  Where a score is the
        mean of units of one size, that is the unit's own.  NaN where nothing is left without the unit.
    """
    units = numerators.shape[1]
    whole = scores_of_sums(*(sums.sum(axis=1, keepdims=True) for sums in (numerators, denominators)))
    without = scores_without(numerators, denominators)
    return np.asarray(units * whole - (units - 1) * without)
