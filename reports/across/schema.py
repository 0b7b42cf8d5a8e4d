"""What a table over data sets holds: all that page, Markdown, CSV and ``leaderboard.json`` draw from."""

from __future__ import annotations

from dataclasses import dataclass

from ...benchmark.contracts.records import MetricSpec
from ..statistics import Estimate
from ..verdicts.resolution import Resolution
from ..verdicts.schema import Comparison, Placed, Verdicts


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardApart:
    """A board that is not averaged with the others."""

    board: str
    """Its title."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A combination of model and data set without a score."""

    model: str
    dataset: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedSet:
    """A data set of the table, in the order of the rows' `sets`."""

    dataset: str
    """Its name, which no other set of the table has."""
    slug: str
    """Of its board, the first of several."""
    unit: str
    """What a test case is: image, volume or case."""
    classes: tuple[str, ...]
    """That the means are over."""
    boards: tuple[str, ...] = ()
    """Titles of its boards: several where it was scored in folds or in parts; a score on it is the mean over
    them.  Empty in older files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnSet:
    """A model on one data set."""

    score: Estimate
    """Over seeds, as on the set's board; of several boards, each seed's mean over them."""
    place: float
    """Among the models of the table by the mean; equal means share theirs."""
    off_best: float
    """How far it is behind the best of the table on this set; 0 for that one."""
    behind_first: Comparison | None
    """The table's first against this model, by the set's board; None for the first itself.  Of several boards
    the mean difference, with the mean of their intervals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcrossRow:
    """A model over all data sets of the table."""

    model: str
    identity: str
    """Hash of the model, as in the rows of boards."""
    outdated: bool
    """Whether other code than today's made it on some data set."""
    placed: Placed
    mean: float
    """Of the sets' means: each set weighs the same, whatever its number of cases."""
    mean_place: float
    wins: int
    """Over data sets and other models: how often it is surely better by a board's own comparison, ..."""
    ties: int
    """... not told apart, ..."""
    losses: int
    """... surely worse."""
    sets: tuple[OnSet, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """On how many data sets one model is surely better than another by the boards' own comparisons."""

    one: int
    """Position of the row, from 0."""
    other: int
    wins: int
    ties: int
    """Not told apart."""
    losses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Across:
    """One table over data sets that were scored on equal terms."""

    title: str
    slug: str
    recipe: str
    protocol: str
    label_fraction: float | None
    """Share of the training images that is labelled; None: their number is equal."""
    labelled_images: int | None = None
    """That number; None: the share is equal."""
    metric: MetricSpec
    summary: str
    remarks: tuple[str, ...]
    """What a reader must know about how these rows compare."""
    sets: tuple[ComparedSet, ...]
    rows: tuple[AcrossRow, ...]
    """By the mean, best first; empty where no two models share two data sets."""
    verdicts: Verdicts | None
    """Of the rows, in their order; behind them the best blind prediction of each set, where all have one."""
    tallies: tuple[Tally, ...]
    """Of all pairs of rows."""
    false_best: float | None
    """Risk that another model than the first is the best; None: nothing is known of how differences vary."""
    resolution: Resolution | None
    """The smallest differences that so many data sets tell; None for a claim about these sets alone."""
    missing: tuple[Missing, ...]
    """Combinations without a score, for which models or data sets are left out."""
    apart: tuple[BoardApart, ...]
    """Boards that are in no mean here."""
