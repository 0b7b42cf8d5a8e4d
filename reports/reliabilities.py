"""Pixels of test images by the probabilities that a board's models gave them, in bins by trial and class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from ..benchmark.contracts.errors import StoreError
from ..benchmark.contracts.reporting import Board
from ..benchmark.evaluation.calibration import BINS, Binned
from ..benchmark.trials.kept_reliability import read_reliability
from .common_ground import ground_of
from .naming import by_row
from .schema import Row
from .wording import listing, plural

SUMMED: Final = ["pixels", "probability_sum", "true_pixels"]
"""Columns, in the order of `Binned`."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """A model's bins."""

    model: str
    seeds: tuple[Mapping[int, Binned], ...]
    """Of each trial that kept some, by label."""

    def of(self, label: int) -> Binned:
        """Sum a class's bins over seeds."""
        return sum((seed[label] for seed in self.seeds if label in seed), Binned.empty(BINS))


@dataclass(frozen=True, slots=True)
class Reliabilities:
    """What is known of a board's models."""

    models: tuple[Reliability, ...]
    """In the order of the rows, without those of which nothing is known."""
    missing: tuple[str, ...]
    """Sentences: of which trials nothing is known, and why."""


def reliabilities(board: Board, rows: Sequence[Row]) -> Reliabilities:
    """Read what the trials of these rows kept, of the test cases that all rows have in common."""
    cases = {str(case) for case in ground_of(board).cases["case"].unique()}
    trials = by_row(board.complete)
    models: list[Reliability] = []
    older: list[str] = []
    damaged: list[str] = []
    for row in rows:
        seeds: list[Mapping[int, Binned]] = []
        for trial in trials[row.key]:
            name = f"{row.model}, seed {trial.record.spec.seed}"
            try:
                table = read_reliability(trial)
            except StoreError as error:
                damaged.append(f"{name}: {error}")
                continue
            if table is None:
                older.append(name)
            else:
                seeds.append(_by_class(table[table["case"].isin(cases)]))
        if any(seeds):
            models.append(Reliability(row.model, tuple(seeds)))
    return Reliabilities(tuple(models), (*_older(older), *damaged))


def _by_class(table: pd.DataFrame) -> dict[int, Binned]:
    """Sum a trial's bins over cases."""
    found = {}
    for label in table["class_index"].unique().tolist():
        own = table[table["class_index"] == label].groupby("bin")[SUMMED].sum()
        counted = own.reindex(range(BINS), fill_value=0)
        found[label] = Binned(*(counted[name].to_numpy() for name in SUMMED))
    return found


def _older(names: Sequence[str]) -> Sequence[str]:
    if not names:
        return ()
    return (
        f"{plural(len(names), 'trial')} of an older version kept nothing of their probabilities: "
        f"{listing(names)}. Run the models again to have them in this section.",
    )
