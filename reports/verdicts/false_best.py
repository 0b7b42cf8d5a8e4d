"""The risk that the first model is not the best one, after Christodoulou et al. 2025 (arXiv 2505.04720).

They give, for a claim that one method outperforms another, the posterior probability that it does not, under
flat priors: Student's t at the observed difference.  Their spread is that over cases; here it is that of
the verdicts, seeds included.  For the best of many the risk is that any other is better.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import ndtr, ndtri, stdtr

from .schema import Verdicts

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(64)
_MOST: Final = 37.0
"""Beyond so many standard deviations a normal distribution has nothing that a number can hold."""


def false_best(verdicts: Verdicts) -> float | None:
    """Give the probability that some other model is better than the first.

    Of two models it is the article's.  Of more, differences from the first are taken to correlate by one
    half, as those of models that vary alike do.

    Returns:
        A share; None: there is one model, or nothing is known of how its differences vary.
    """
    pairs = [verdicts.between(0, other) for other in range(1, len(verdicts.models))]
    known = [(pair.value / pair.error, pair.freedom) for pair in pairs if pair.error and pair.freedom]
    if not pairs or len(known) < len(pairs):
        return None
    t, freedom = np.array(known).T
    ahead = np.clip(-ndtri(stdtr(freedom, -t)), -_MOST, _MOST)
    best = ndtr(np.sqrt(2) * ahead[:, None] + _NODES).prod(axis=0)
    return float(np.clip(1 - _WEIGHTS @ best / _WEIGHTS.sum(), 0, 1))
