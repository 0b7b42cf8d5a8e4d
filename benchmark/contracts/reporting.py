"""What a report is made from: boards of trials, and sections of the page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from .records import MetricSpec, Record
from .studies import Study

if TYPE_CHECKING:
    import pandas as pd


OWN_TRAINING = "as its authors train it"
"""What stands in the place of a recipe where each row of a board has its own."""
Division: TypeAlias = Literal["closed", "open"]
"""One recipe for all models, or every model tuned with the same budget."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A stored trial, as reports read it; equal to itself only, since tables have no single truth."""

    record: Record
    folder: Path
    cases: pd.DataFrame
    """Columns case, group, depth, height, width, class_index, class_name, metric, value: a row per case,
    scored class and metric; the confusion counts are the metrics tp, fp, fn, tn (px).  Depth is 1 for an
    image.  Empty if the trial failed."""
    curve: pd.DataFrame
    """Columns iteration, series, value: training loss, learning rate, validation score."""
    outdated: tuple[str, ...] = ()
    """What code changed since it ran, by all that is known here."""
    row: str = ""
    """Hash of its model and of all code that made its numbers: what its row has in common; empty: not
    worked out yet."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Board:
    """The trials that may stand in one table: same data and protocol; one recipe, each its own, or all tuned.

    Equal to itself only, hence hashable: what is worked out for a board can be kept beside it.
    """

    title: str
    slug: str
    """Safe as a file name, unique in the report."""
    trials: tuple[Trial, ...]
    superseded: int = 0
    """Older trials of the same model and seed that a newer one replaces here."""
    primary: MetricSpec
    """The ranking metric."""
    sanity: pd.DataFrame | None = None
    """As a trial's `cases`, with a column predictor: scores of predictions that look at no image.  None if
    no trial is complete, or if they were run by a version that did not score them."""
    remarks: tuple[str, ...] = ()
    """What was found wrong when its trials were read, and left them usable."""
    studies: tuple[Study, ...] = ()
    """By which its models were tuned; of the open division only."""
    margin: float | None = None
    """How much worse than any other model is good enough, in units of `primary`; None: nobody asked."""

    @property
    def division(self) -> Division:
        """Whether all models of the board were tuned, with the same budget, or none was."""
        return "open" if self.trials[0].record.spec.model.tuned else "closed"

    @property
    def finished(self) -> str:
        """When the last of its trials ended (ISO 8601)."""
        return max(trial.record.finished for trial in self.trials)

    @property
    def complete(self) -> tuple[Trial, ...]:
        """The trials that have scores, in the board's order."""
        return tuple(trial for trial in self.trials if trial.record.status == "complete")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A stored trial that cannot be reported."""

    trial: str
    """Name of its folder."""
    reason: str


@dataclass(frozen=True, slots=True)
class ReportSection:
    """A rendered part of the report."""

    html: str
    """A fragment; everything that comes from users is escaped."""
    markdown: str = ""
    """The same for ``leaderboard.md``; empty: the section is on the page only."""
