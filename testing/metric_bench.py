"""A metric under test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from ..benchmark.contracts.data import Metric, ScoredCase
from ..benchmark.plugins.strangers import RAISED
from .card_checks import CardBench
from .findings import BlockedError
from .metric_cases import CLASSES, Labels, make_case

Values: TypeAlias = Sequence[float]
"""One number per class."""


class MetricBench(CardBench):
    """A metric under test."""

    def make(self) -> Metric:
        """Call the factory, as a trial does."""
        metric: Metric = self.factory()(**self.options)
        return metric

    def metric(self) -> Metric:
        """Make one that knows no case yet.

        Raises:
            BlockedError: It cannot be made; `check_one_number_per_class` says why.
        """
        try:
            return self.make()
        except RAISED as error:
            raise BlockedError("it cannot be made") from error

    def score(self, case: ScoredCase, metric: Metric | None = None) -> Values:
        """Score a case with `metric`, or with a new one.

        Raises:
            BlockedError: It gives not one number per class; `check_one_number_per_class` says what is wrong.
        """
        metric = metric or self.metric()
        try:
            values = [float(value) for value in metric(case)]
        except RAISED as error:
            raise BlockedError("it cannot score") from error
        if len(values) != len(CLASSES):
            raise BlockedError("it gives not one number per class")
        return values

    def score_pair(self, true: Labels, predicted: Labels) -> Values:
        """Score a predicted label map."""
        return self.score(make_case(true, predicted))
