"""What a metric owes: numbers within its range, at the right end of it, that depend on the case alone."""

from __future__ import annotations

import math

from ..benchmark.contracts.cards import MetricCard
from ..benchmark.plugins.strangers import RAISED, describe_error
from . import card_checks
from .findings import Check, ContractError
from .metric_bench import MetricBench, Values
from .metric_cases import CLASSES, IGNORED, empty_pairs, imperfect, make_case, partly_ignored, truth, wrong

TOLERANCE = 1e-6
"""Of what rounding may do to a score, as a share of 1 or of the score."""


def checks_for(card: MetricCard) -> tuple[Check, ...]:
    """Give the checks that a metric's card calls for, in order."""
    best = _best(card)
    perfect = (check_perfect,) if math.isfinite(best) else ()
    symmetric = (check_symmetric,) if card.symmetric else ()
    return (*card_checks.CHECKS, *CHECKS, *perfect, *symmetric)


def check_one_number_per_class(bench: MetricBench) -> None:
    """A case, with no more than what the card says it needs, gets one number per class."""
    try:
        values = [*bench.make()(make_case(truth(), imperfect(), bench.card.needs))]
        numbers = [float(value) for value in values]
    except RAISED as error:
        raise ContractError(
            describe_error(error),
            "one number per class",
            "Mend the metric, or say in MetricCard.needs what it needs",
        ) from error
    if len(numbers) != len(CLASSES):
        raise ContractError(f"{len(numbers)} number(s)", f"{len(CLASSES)}, one per class", "See MetricCard")


def check_range(bench: MetricBench) -> None:
    """Every number lies within the card's range, or is NaN."""
    for predicted in (truth(), imperfect(), wrong()):
        _expect_in_range(bench, bench.score_pair(truth(), predicted))


def check_perfect(bench: MetricBench) -> None:
    """A perfect prediction reaches the best end of the card's range."""
    best = _best(bench.card)
    values = bench.score_pair(truth(), truth())
    if missed := [value for value in values if not math.isclose(value, best, rel_tol=1e-4, abs_tol=1e-4)]:
        raise ContractError(
            f"{missed[0]:g} for the truth itself",
            f"{best:g}",
            "Correct the range or the direction on the card",
        )


def check_worst(bench: MetricBench) -> None:
    """A prediction with no pixel right is worse than a perfect one, or not scored."""
    sign = 1 if bench.card.direction == "higher" else -1
    pairs = zip(bench.score_pair(truth(), truth()), bench.score_pair(truth(), wrong()), strict=True)
    if not_worse := [(good, bad) for good, bad in pairs if sign * bad >= sign * good]:
        raise ContractError(
            f"{not_worse[0][1]:g} where no pixel is right, and {not_worse[0][0]:g} for the truth itself",
            f"a number that is {'lower' if sign > 0 else 'higher'}",
            "Correct the direction on the card",
        )


def check_empty_classes(bench: MetricBench) -> None:
    """Classes that are absent from truth, prediction or both get a number within range or NaN."""
    for what, pair in empty_pairs().items():
        case, metric = make_case(*pair), bench.metric()
        try:
            values = [float(value) for value in metric(case)]
        except RAISED as error:
            raise ContractError(
                f"{describe_error(error)} for a class {what}", "NaN or a number", "Handle empty classes"
            ) from error
        _expect_in_range(bench, values, f" for a class {what}")


def check_ignored_pixels(bench: MetricBench) -> None:
    """What is predicted where the truth says to ignore changes nothing."""
    true, first, second = partly_ignored(), imperfect(), imperfect()
    second[true == IGNORED] = 1
    _expect_same(
        bench.score_pair(true, first),
        bench.score_pair(true, second),
        "after a change of ignored pixels",
        "Leave out pixels whose true label is case.ignore_value",
    )


def check_order_independent(bench: MetricBench) -> None:
    """A case's numbers do not depend on the cases that were scored before it."""
    cases = [make_case(truth(), predicted) for predicted in (imperfect(), wrong(), truth())]
    metric = bench.metric()
    forwards = [bench.score(case, metric) for case in cases]
    backwards = [bench.score(make_case(case.truth, case.prediction), metric) for case in reversed(cases)]
    for first, second in zip(forwards, reversed(backwards), strict=True):
        _expect_same(first, second, "after other cases", "Keep no state between cases")


def check_symmetric(bench: MetricBench) -> None:
    """Truth and prediction may change places, as the card says."""
    _expect_same(
        bench.score_pair(truth(), imperfect()),
        bench.score_pair(imperfect(), truth()),
        "with truth and prediction exchanged",
        "Correct the metric, or MetricCard.symmetric",
    )


def _best(card: MetricCard) -> float:
    return card.range[1] if card.direction == "higher" else card.range[0]


def _expect_in_range(bench: MetricBench, values: Values, where: str = "") -> None:
    low, high = bench.card.range
    outside = [v for v in values if not (math.isnan(v) or low - TOLERANCE <= v <= high + TOLERANCE)]
    if outside:
        raise ContractError(
            f"{outside[0]:g}{where}", f"{low:g} to {high:g}, or NaN", "Correct the metric or the card's range"
        )


def _expect_same(first: Values, second: Values, when: str, remedy: str) -> None:
    for a, b in zip(first, second, strict=True):
        if not (
            math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE) or (math.isnan(a) and math.isnan(b))
        ):
            raise ContractError(f"{b:g} {when}", f"{a:g} as before", remedy)


CHECKS: tuple[Check, ...] = (
    check_one_number_per_class,
    check_range,
    check_worst,
    check_empty_classes,
    check_ignored_pixels,
    check_order_independent,
)
