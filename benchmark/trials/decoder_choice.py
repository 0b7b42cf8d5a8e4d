"""The settings of a decoder that a trial tries on the validation split, and which finds test objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product

import pandas as pd

from ..contracts.cards import DecoderCard
from ..contracts.data import Case, Dataset, Metric
from ..contracts.errors import DataError, TrialError
from ..contracts.records import Decoding, MetricSpec, TriedDecoder
from ..contracts.settings import ScoringProtocol
from ..evaluation.evaluate import Predictor, score
from ..evaluation.finding import ObjectFinder
from ..evaluation.scoring import ScoreRow, to_frame
from ..experiments.methods import Method
from ..plugins.asked import complete_options
from ..plugins.references import parse_method


def tried_settings(decoder: Method[DecoderCard]) -> list[Method[DecoderCard]]:
    """Give the decoder with each setting that its card tries, of the options that nobody asked for.

    Returns:
        In the card's order, the last option changing fastest; the decoder alone if there is nothing to try.
    """
    card, given = decoder.offer.card, parse_method(decoder.reference, decoder.kind).options
    left = {name: values for name, values in card.tries.items() if name not in given}
    if not left:
        return [decoder]
    settings = (dict(zip(left, values, strict=True)) for values in product(*left.values()))
    return [replace(decoder, options=complete_options(card, {**given, **one})) for one in settings]


def judging_metric(protocol: ScoringProtocol, metrics: Sequence[MetricSpec]) -> MetricSpec:
    """Give the metric that judges settings: the primary one if it compares objects, or the first that does.

    Args:
        protocol: Names the primary metric.
        metrics: Some of which compare objects.
    """
    objects = [metric for metric in metrics if metric.of_objects]
    return next((metric for metric in objects if metric.name == protocol.primary), objects[0])


def score_settings(
    predictor: Predictor,
    finders: Sequence[ObjectFinder],
    dataset: Dataset,
    cases: Sequence[Case],
    metrics: Mapping[str, Metric],
    on_case: Callable[[int], None],
) -> list[pd.DataFrame]:
    """Segment cases once each, and score them with the objects that each setting finds.

    Args:
        predictor: Segments; within `evaluation.inference.inference`.
        finders: A decoder with each setting.
        dataset: Reads the cases.
        cases: Of the validation split.
        metrics: By name.
        on_case: Hears before each case how many are done.

    Returns:
        For each setting a table of scores.

    Raises:
        DataError: A case cannot be read; names it.
        TrialError: The model's output or a decoder's objects are wrong; names the case.
    """
    rows: list[list[ScoreRow]] = [[] for _ in finders]
    for number, case in enumerate(cases):
        on_case(number)
        sample = dataset.read(case)
        try:
            predicted = predictor.predict(case, sample)
            for finder, found in zip(finders, rows, strict=True):
                objects = finder.find(predicted, dataset.manifest)
                found += score(case, sample, predicted, objects, dataset.manifest, metrics)
        except (DataError, TrialError) as error:
            raise type(error)(f"case {case.id!r}: {error}") from error
    return [to_frame(found) for found in rows]


def choose(
    tried: Sequence[Method[DecoderCard]], scores: Sequence[float | None], metric: MetricSpec, cases: int
) -> tuple[Method[DecoderCard], Decoding]:
    """Choose the setting with the best score, the first of several, and say how it was found.

    Args:
        tried: Settings.
        scores: On the validation split; None where the metric applies to no case.
        metric: Judges.
        cases: How many were segmented.

    Returns:
        The first setting, if none has a score.
    """
    higher = metric.direction == "higher"
    known = [place for place, score in enumerate(scores) if score is not None]
    best = _first_best(known, (score for score in scores if score is not None), higher=higher)
    chosen = tried[best]
    return chosen, Decoding(
        decoder=chosen.offer.card.name,
        options=chosen.options,
        metric=metric.name,
        cases=cases,
        tried=tuple(
            TriedDecoder(options=one.options, score=score) for one, score in zip(tried, scores, strict=True)
        ),
    )


def _first_best(places: Sequence[int], scores: Iterable[float], *, higher: bool) -> int:
    ordered: Iterator[tuple[float, int]] = (
        (-score if higher else score, place) for score, place in zip(scores, places, strict=True)
    )
    return min(ordered, default=(0.0, 0))[1]
