"""What training curves say about how long to train, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd

from ..benchmark.contracts.reporting import Board, Trial
from .arrays import Floats
from .naming import row_of
from .schema import Leaderboard
from .wording import listing, score

FEWEST: Final = 4
"""Validations: of fewer nothing is said."""
LAST: Final = 0.25
"""Share of training at whose beginning the best score so far is held against the last best."""
GAIN: Final = 0.01
"""Share of the best score: a smaller gain is none that anybody would train longer for."""


@dataclass(frozen=True, slots=True)
class _Course:
    """Validation scores of one trial, the higher the better."""

    steps: Floats
    scores: Floats

    @property
    def before(self) -> float:
        """The best before the last part of training."""
        early = self.steps <= (1 - LAST) * self.steps[-1]
        return float(self.scores[early].max() if early.any() else self.scores[0])

    @property
    def rises(self) -> bool:
        """Whether the last part of training was worth it, so that more of it may be."""
        best = float(self.scores[-2:].max())
        return best >= self.scores.max() and best - self.before > GAIN * abs(best)

    @property
    def falls(self) -> bool:
        """Whether the best state came in the first half, and what followed was clearly worse."""
        best, peak = float(self.scores.max()), self.steps[int(self.scores.argmax())]
        return bool(peak <= self.steps[-1] / 2 and best - self.scores[-1] > GAIN * abs(best))


def advice(board: Board, table: Leaderboard) -> list[str]:
    """Say whose validation score was still rising when training ended, and whose had fallen long since."""
    names = {row.key: row.model for row in table.scored}
    courses: dict[str, list[_Course]] = {name: [] for name in names.values()}
    shown = [trial for trial in board.complete if row_of(trial) in names]
    for number, course in _courses(shown, table):
        courses[names[row_of(shown[number])]].append(course)
    rising = {name: own for name, own in courses.items() if _most(own, rises=True)}
    falling = {name: own for name, own in courses.items() if _most(own, rises=False)}
    return [*_rising(rising, board, table), *_falling(falling)]


def _most(courses: Sequence[_Course], *, rises: bool) -> bool:
    """Tell whether most seeds of a model show the same."""
    return 2 * sum(one.rises if rises else one.falls for one in courses) > len(courses)


def _courses(trials: Sequence[Trial], table: Leaderboard) -> Iterator[tuple[int, _Course]]:
    """Yield the courses that are long enough, each with its trial's place; all are looked through at once."""
    if not trials:
        return
    curves = pd.concat([trial.curve for trial in trials], ignore_index=True)
    curves["trial"] = np.repeat(np.arange(len(trials)), [len(trial.curve) for trial in trials])
    curves = curves[(curves["series"] == f"val/{table.metric.name}") & np.isfinite(curves["value"])]
    curves = curves.sort_values(["trial", "iteration"])
    sign = 1.0 if table.metric.direction == "higher" else -1.0
    steps, scores = curves["iteration"].to_numpy(np.float64), sign * curves["value"].to_numpy(np.float64)
    ends = np.searchsorted(curves["trial"], np.arange(len(trials)), side="right")
    for number, (begin, end) in enumerate(pairwise([0, *ends.tolist()])):
        if end - begin >= FEWEST:
            yield number, _Course(steps[begin:end], scores[begin:end])


def _rising(courses: dict[str, list[_Course]], board: Board, table: Leaderboard) -> Iterator[str]:
    if not courses:
        return
    sign, unit = (1.0 if table.metric.direction == "higher" else -1.0), table.metric.unit
    words = [
        f"{name} (mean {score(sign * float(np.mean([one.before for one in own])), unit)} to "
        f"{score(sign * float(np.mean([one.scores.max() for one in own])), unit)})"
        for name, own in courses.items()
    ]
    way = "rising" if table.metric.direction == "higher" else "falling"
    recipes = {trial.record.spec.recipe for trial in board.complete}
    longer = (
        f", as by --set recipe.iterations={2 * next(iter(recipes)).iterations}" if len(recipes) == 1 else ""
    )
    yield (
        f"The validation score was still {way} in the last quarter of training: {listing(words)}. More "
        f"iterations may help{longer}; what is trained longer stands on a board of its own, so train all of "
        "them longer to compare."
    )


def _falling(courses: dict[str, list[_Course]]) -> Iterator[str]:
    if not courses:
        return
    words = [
        f"{name} (best at step {np.median([one.steps[one.scores.argmax()] for one in own]):,.0f} of "
        f"{own[0].steps[-1]:,.0f})"
        for name, own in courses.items()
    ]
    yield (
        "The validation score was best in the first half of training and worse at its end: "
        f"{listing(words)}. The best state is the one that was tested; more iterations will not help, more "
        "labelled images, a lower recipe.learning_rate or stronger augmentation may."
    )
