"""What boards of one data set with more and fewer labels say together: page, CSV and JSON draw from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ...benchmark.contracts.records import MetricSpec
from ..statistics import Estimate
from ..verdicts.schema import Interval, Verdict

Outcome: TypeAlias = Literal["leads", "unskilled", "unknown", "alone", "ordered", "open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """So many labels: one board, and what it says by itself."""

    board: str
    """Its title."""
    slug: str
    share: float
    """Of the training images, 0 to 1."""
    images: int | None
    """Labelled ones; None: records of that time do not tell."""
    outcome: Outcome
    """``leads``: its first model does, surely; ``unskilled``: no model is surely better than a prediction
    that looks at no image; ``unknown``: nothing tells what is chance; ``alone``: there is one model;
    ``ordered``: some models are told apart, and nobody leads; ``open``: none are."""
    first: str
    """The model that stands first."""
    level: tuple[str, ...]
    """Models that the first is not surely better than."""
    phrase: str
    """What its claims are about: ``on other images like these eight``."""
    sampled: str
    """What there would have to be more of for a claim about others: ``images``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A model with so many labels."""

    score: Estimate
    """Over seeds, as on the board."""
    interval: Interval | None
    """Of the mean for itself; None: nothing is known of its spread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A model over all amounts."""

    model: str
    identity: str
    """Hash of the model, as in the rows of boards; of a tuned one, as it was before."""
    points: tuple[Point | None, ...]
    """By amount; None: it has no score there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Two models with so many labels."""

    amount: int
    """Position, from 0."""
    by: float
    """Difference of the means, positive where the pair's first model is better."""
    verdict: Verdict | None
    """What the first one is, for sure, by the board itself."""
    p: float | None
    """Two-sided, adjusted for all pairs of all boards at once (Holm); None: no test."""
    surely: Verdict | None
    """What the first one is, for sure, by this p."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """Two models of which one is surely ahead with fewer labels, and the other with more."""

    one: str
    """Ahead with the fewest labels with which there is a verdict."""
    other: str
    sure: bool
    """Whether the verdicts hold over all boards at once; else each does on its own board alone."""
    meetings: tuple[Meeting, ...]
    """Where both have a score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelEfficiency:
    """Boards of the same data and terms but for the labels."""

    title: str
    slug: str
    dataset: str
    recipe: str
    protocol: str
    metric: MetricSpec
    training_images: int | None
    """In the training split; None: records of that time do not tell."""
    blind_mean: float | None
    """Score of the best prediction that looks at no image; None: it is not known, or not the same."""
    amounts: tuple[Amount, ...]
    """The fewest labels first."""
    lines: tuple[Line, ...]
    """The best first, with the most labels that each has a score with."""
    crossings: tuple[Crossing, ...]
    """The sure ones first."""
    turned: int | None
    """Pairs of models whose means are in one order with fewer labels, and in the other with more; None: no
    two models have scores with two numbers of labels."""
    summary: str
    remarks: tuple[str, ...] = ()
