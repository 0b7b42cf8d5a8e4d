"""What the trials of a board are compared on: the same cases, and in each the classes that its truth has.

So what one model predicts cannot change what another one's mean is over.  Pixels predicted as a class where
the truth has none of it stand apart.  A metric that gives a class a score where neither truth nor prediction
has it, as the published ``iou-eps`` does, keeps its own rule, and so does a protocol that leaves nothing out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import pandas as pd

from ..benchmark.contracts.reporting import Board, Trial
from ..benchmark.evaluation.aggregation import COUNT_NAMES
from .arrays import Flags, Whole
from .case_cells import CaseCells
from .scores import joined

LEAST_SHARE: Final = 0.5
"""Of the cases, or of a metric's cells: with less, a trial, or a metric, is not compared on common ones."""


@dataclass(frozen=True, slots=True)
class CommonGround:
    """The cells, one per metric, class and case, that the scores of all compared trials are means over."""

    cases: pd.DataFrame
    """What `joined` gave, cut down to these cells and to compared trials; confusion counts are there in all
    common cases, but for absent classes.  NaN: the metric does not apply to what a trial predicted."""
    known: int
    """Cases that any trial has."""
    common: int
    """Cases that all compared trials have."""
    held: Whole
    """Cases that each trial has, (trials,)."""
    compared: Flags
    """Which trials are compared, (trials,): the others have no scores, or too few of the cases."""
    absent: tuple[int, ...]
    """Labels that the truth of no common case has: in no mean of a metric that needs them there."""
    uncommon: tuple[str, ...]
    """Metrics that apply to too little in common: each trial's mean is over the cells that it applies to."""
    own_rule: tuple[str, ...]
    """Metrics that score a class where neither truth nor prediction has it: no truth limits their cells."""
    unfounded: pd.DataFrame
    """Columns trial, class_index, pixels, hits, cases: pixels predicted as a class in common cases whose
    truth has none of it, in how many of these cases there are some, and how many such cases there are."""
    counted: pd.MultiIndex
    """Metric, class and case of each cell."""

    def on(self, cases: pd.DataFrame) -> pd.DataFrame:
        """Leave the same cells of any other table of cases."""
        keys = [cases["metric"].astype(str), cases["class_index"], cases["case"].astype(str)]
        return cases[pd.MultiIndex.from_arrays(keys).isin(self.counted)]


@lru_cache(maxsize=1)
def ground_of(board: Board) -> CommonGround:
    """Find the common ground of a board's complete trials, in the board's order; who asks again shares it."""
    return common_ground(board.complete, board.sanity)


def common_ground(trials: Sequence[Trial], sanity: pd.DataFrame | None = None) -> CommonGround:
    """Find what complete trials of one board have in common.

    Args:
        trials: Those that have scores.
        sanity: The board's predictions that look at no image: they show what a metric does with a class that
            is neither in the truth nor predicted.
    """
    rows = joined(trials)
    found = CaseCells.of(rows, len(trials))
    held = found.held()
    compared = (held > 0) & (held >= LEAST_SHARE * held.max(initial=0))
    common = found.common(compared)
    absent = _absent(found, common[found.case])
    counts = np.isin(found.metrics, COUNT_NAMES)[found.metric]
    counted = common[found.case] & ~(counts & np.isin(found.classes, absent)[found.label])
    own_rule = _own_rule(found, sanity)
    uncommon: tuple[str, ...] = ()
    if not trials or trials[0].record.spec.protocol.skips_undefined:
        counted, uncommon = _counted(found, counted, compared, own_rule)
    kept = compared[found.trial] & counted[found.cell]
    return CommonGround(
        cases=rows[kept].reset_index(drop=True),
        known=len(found.cases),
        common=int(common.sum()),
        held=held,
        compared=compared,
        absent=tuple(absent),
        uncommon=uncommon,
        own_rule=tuple(sorted(own_rule)),
        unfounded=found.unfounded(common, compared),
        counted=found.index(counted),
    )


def _absent(found: CaseCells, common: Flags) -> list[int]:
    """Give the labels that the truth of no common case has, as far as counts tell."""
    told = common & found.told
    return sorted(found.labels(told) - found.labels(told & found.truth))


def _own_rule(found: CaseCells, sanity: pd.DataFrame | None) -> set[str]:
    """Name the metrics that score what is nowhere."""
    names = found.scored_in_silence()
    if sanity is not None and not sanity.empty:
        blind = sanity.assign(trial=pd.factorize(sanity["predictor"])[0])
        names |= CaseCells.of(blind, blind["trial"].max() + 1).scored_in_silence()
    return names.difference(COUNT_NAMES)


def _counted(
    found: CaseCells, common: Flags, compared: Flags, own_rule: set[str]
) -> tuple[Flags, tuple[str, ...]]:
    """Give the cells that count, and the metrics whose cells are not common to all compared trials.

    Args:
        found: All cells.
        common: Those that may count: of common cases.
        compared: Which trials are compared.
        own_rule: Metrics whose cells no truth limits.
    """
    judged, shared = found.judged(compared)
    counts = np.isin(found.metrics, COUNT_NAMES)[found.metric]
    judged = common & (counts | np.isin(found.metrics, [*own_rule])[found.metric] | judged)
    shared = judged & (shared | counts)
    lacking = np.zeros(len(found.metrics), bool)
    lacking[found.metric[found.share(shared, judged) < LEAST_SHARE]] = True
    return np.where(lacking[found.metric], judged, shared), tuple(found.metrics[lacking])
