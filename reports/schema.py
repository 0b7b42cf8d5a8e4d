"""What a leaderboard holds: all that tables, figures and ``leaderboard.json`` draw from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..benchmark.contracts.data import Axes
from ..benchmark.contracts.records import MetricSpec
from ..benchmark.contracts.reporting import Division
from .cost import Conditions, Cost
from .statistics import Estimate
from .tuning.schema import RowTuning, StudySummary
from .verdicts.resolution import Resolution
from .verdicts.schema import Comparison, Placed, Verdicts


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    """A metric in one class, over seeds."""

    class_index: int
    class_name: str
    score: Estimate
    applicable: int
    """Case scores that went in, over all seeds; the others are of cases that do not count for the class."""
    cases: int
    """Case scores in all, over all seeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricScore:
    """A metric of one model."""

    metric: str
    mean: Estimate
    """Per seed the mean over foreground classes, then over seeds."""
    classes: tuple[ClassScore, ...]
    """Of the classes that are scored, by label value, background included."""

    @property
    def foreground(self) -> tuple[ClassScore, ...]:
        """The classes that `mean` is over."""
        return tuple(item for item in self.classes if item.class_index > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfounded:
    """Pixels that were predicted as a class in test cases whose truth has none of it: in no mean."""

    class_index: int
    class_name: str
    pixels: int
    """Over all seeds."""
    hits: int
    """Such cases with any of these pixels, over all seeds."""
    cases: int
    """Such cases, over all seeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What all rows are compared on."""

    common: int
    """Test cases that all compared trials have scores of: the only ones in any mean."""
    known: int
    """Test cases that any trial has scores of."""
    absent: tuple[int, ...] = ()
    """Labels that the truth of no common case has: in no mean, unless the metric scores what is nowhere."""
    uncommon: tuple[str, ...] = ()
    """Metrics that apply to too few cases in common: each row's mean is over the cases that it applies to."""
    own_rule: tuple[str, ...] = ()
    """Metrics that score a class where neither truth nor prediction has it: by their own rule, everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who has the best mean by another way to sum up."""

    by: str
    """A metric, or an aggregate of IoU."""
    unit: str
    first: str
    best: float
    """The mean of `first`."""
    leaders: float
    """By the same, the mean of the board's first row."""
    place: int
    """Where the board's first row stands then: 1 + the models with a better mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Robustness:
    """Whether the board's first row stays first; all of it without regard to chance."""

    first: str
    orders: tuple[Order, ...]
    """By other stored metrics, and by IoU from stored counts by every aggregate."""
    units: int
    """Groups (cases where there are none, blocks of slices in one volume) left out, one at a time."""
    noun: str
    """What one of them is."""
    without: Mapping[str, str]
    """Who is first then, by what was left out: where that is another row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedScore:
    """One complete trial's scores; None: the metric applied nowhere."""

    seed: int
    fingerprint: str
    score: float | None
    pooled_iou: float | None
    classes: tuple[float | None, ...]
    """`score` by label value, background included; None too for a class that is not scored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateScore:
    """Overlap from stored counts by one aggregate: means over foreground classes, then over seeds."""

    aggregate: str
    """``per case``, ``per group`` or ``pooled``: what counts are summed over before they are divided."""
    units: int
    """Cases or groups that the mean is over, in one trial; 1 for pooled."""
    iou: Estimate
    dice: Estimate
    precision: Estimate
    recall: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """By which rules the rows were scored."""

    unit: Literal["image", "volume", "case"] = "image"
    """What a test case is; ``case`` where there are both."""
    classes: tuple[int, ...] = ()
    """Labels of the classes that are scored."""
    skips_undefined: bool = True
    """Whether a case in which the metric is not applicable is left out; else it makes the mean undefined."""
    mask_by_truth: bool = False
    """Whether predictions counted only where the truth is not 0."""
    axes: Axes | None = None
    """How volumes were segmented."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One model."""

    model: str
    """Its name on the board, which no other row has."""
    initialisation: str
    family: str
    rank: Placed | None
    """None: the model has no score."""
    tied_with: tuple[str, ...]
    """Models that it cannot be told apart from."""
    score: MetricScore
    """The primary metric."""
    pooled_iou: MetricScore
    other_metrics: tuple[MetricScore, ...]
    behind_first: Comparison | None
    """The first row against this one; None for the first row and without a score."""
    seeds: tuple[SeedScore, ...]
    """Complete trials."""
    seeds_planned: int
    """Complete and failed."""
    cost: Cost | None
    aggregates: tuple[AggregateScore, ...] = ()
    identity: str = ""
    """Hash of the model as fingerprints know it; empty in leaderboard.json from before it was written."""
    own_recipe: str = ""
    """What its authors train it by, on a board of such models."""
    key: str = ""
    """Hash of the model and of all code that made the row's numbers; likewise."""
    unfounded: tuple[Unfounded, ...] = ()
    """By class, of those that are not in every case's truth."""
    tuning: RowTuning | None = None
    """How it was tuned, on a board of the open division."""
    outdated: tuple[str, ...] = ()
    """What code changed since its trials ran, as far as the machine knew that wrote the report."""

    @property
    def common_identity(self) -> str | None:
        """Hash of what is the same model on other data: as it was before each tuned it; None: not known."""
        return self.tuning.untuned if self.tuning else self.identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A trial without a result."""

    model: str
    seed: int
    fingerprint: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaderboard:
    """One table."""

    title: str
    slug: str
    dataset: str
    label_fraction: float
    """Share of the training cases that was trained on."""
    labelled_images: int | None = None
    """Their number; None: the records do not tell."""
    recipe: str
    protocol: str
    division: Division = "closed"
    """``closed``: one recipe for all rows, or each as its authors train it; ``open``: every row was tuned
    with the same budget."""
    metric: MetricSpec
    class_names: tuple[str, ...]
    notes: tuple[str, ...]
    """What the trials' own notes say, each once."""
    remarks: tuple[str, ...]
    """What a reader must know about how these rows compare."""
    rows: tuple[Row, ...]
    """Best first; rows without a score come last."""
    conditions: tuple[Conditions, ...]
    """Of the cost columns."""
    failures: tuple[Failure, ...]
    superseded: int
    """Older trials that newer ones replace."""
    scoring: Scoring = field(default_factory=Scoring)
    verdicts: Verdicts | None = None
    """By the primary metric; the models in the order of `rows`.  None: no model has a score."""
    other_verdicts: tuple[Verdicts, ...] = ()
    """By every other metric that gives a model a score, the pooled IoU included; each in its own order."""
    ground: Ground | None = None
    """None in leaderboard.json from before rows were compared on common cases."""
    robustness: Robustness | None = None
    """None with fewer than two rows to put in order."""
    margin: float | None = None
    """How much worse than any other model is good enough, in units of `metric`; None: nobody asked."""
    false_best: float | None = None
    """Probability that another model is better than the first row; None: not known."""
    resolution: Resolution | None = None
    """Differences that are found, with what there is and with more; None: nothing is known of spreads."""
    studies: tuple[StudySummary, ...] = ()
    """By which the rows were tuned, as far as their files are there."""
    claims: tuple[str, ...] = ()
    """What follows from all this, in sentences; the first is the answer."""

    @property
    def all_verdicts(self) -> tuple[Verdicts, ...]:
        """By every metric, the primary one first."""
        return (*((self.verdicts,) if self.verdicts else ()), *self.other_verdicts)

    @property
    def scored(self) -> tuple[Row, ...]:
        """The rows that have a score, best first."""
        return tuple(row for row in self.rows if row.rank)

    @property
    def foreground(self) -> tuple[str, ...]:
        """Names of the classes that means are over."""
        return tuple(self.class_names[label] for label in self.scoring.classes if label > 0)
