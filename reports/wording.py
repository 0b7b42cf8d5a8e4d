"""Numbers, names and lists as people read them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

from ..benchmark.contracts.records import MetricSpec
from ..benchmark.evaluation.plugin import emseg_metrics
from ..benchmark.files.wording import joined
from .scores import POOLED_IOU
from .statistics import Estimate

MISSING = "n/a"
LISTED = 6
"""Names that a list in a sentence spells out."""
_MINUS = "\N{MINUS SIGN}"


def metric_title(metric: str | MetricSpec) -> str:
    """Write a metric's name as the field does, and its options as they were given.

    Args:
        metric: Its name alone says the titles of built-in ones, which old records do not hold.
    """
    recorded, text = (None, metric) if isinstance(metric, str) else (metric.title, metric.name)
    name, bracket, options = text.partition("[")
    return (recorded or _built_in().get(name) or name.replace("_", " ")) + bracket + options


def capitalised(text: str) -> str:
    """Begin with a capital, and leave the rest as it is."""
    return text[:1].upper() + text[1:]


def metric_heading(metric: MetricSpec) -> str:
    """Write a metric's name, with its unit if it has one."""
    return metric_title(metric) + ("" if metric.unit == "1" else f" ({metric.unit})")


def number(value: float | None, digits: int = 3) -> str:
    """Write a number with so many significant digits, never in powers of ten: ``12.3``, ``1240``."""
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return _minus(f"{value:.{decimals}f}")


def score(value: float | None, unit: str = "1") -> str:
    """Write a score: ratios with three decimals, others with four significant digits."""
    if value is None or not math.isfinite(value):
        return MISSING
    return _minus(f"{value:.3f}") if unit == "1" else number(value, 4)


def spread(estimate: Estimate, unit: str = "1") -> str:
    """Write ``0.612 ± 0.021``; the mean alone where there is no spread."""
    mean = score(estimate.mean, unit)
    if estimate.sd is None:
        return mean
    if unit == "1" and 0 < estimate.sd < 0.0005:
        return f"{mean} ± <0.001"
    return f"{mean} ± {score(estimate.sd, unit)}"


def with_unit(text: str, unit: str) -> str:
    """Write ``0.612``, ``22.00 nm``: in a sentence, which has no heading that names the unit."""
    return text if unit == "1" else f"{text} {unit}"


def span(low: float | None, high: float | None, unit: str = "1") -> str:
    """Write the ends of an interval: ``0.001 to 0.041``; ``n/a`` where there is none."""
    if low is None or high is None:
        return MISSING
    return f"{score(low, unit)} to {score(high, unit)}"


def probability(p: float | None) -> str:
    """Write a p-value: ``0.031``, ``<0.001``."""
    return "<0.001" if p is not None and p < 0.001 else score(p)


def p_value(p: float | None) -> str:
    """Write a p-value in a sentence: ``p = 0.031``, ``p < 0.001``."""
    told = probability(p)
    return f"p < {told.removeprefix('<')}" if told.startswith("<") else f"p = {told}"


def percent(share: float) -> str:
    """Write a probability: ``3 %``, ``less than 1 %``, ``more than 99 %``."""
    if share < 0.01:
        return "less than 1 %"
    return "more than 99 %" if share > 0.99 else f"{100 * share:.0f} %"


def share(part: float, whole: float) -> str:
    """Write which part of a whole something is: ``0 %``, ``0.4 %``, ``29 %``; ``n/a`` of nothing."""
    if not whole:
        return MISSING
    percents = 100 * part / whole
    if 0 < percents < 0.1:
        return "<0.1 %"
    return f"{percents:.1f} %" if 0 < percents < 1 or 99 < percents < 100 else f"{percents:.0f} %"


def listing(names: Sequence[str]) -> str:
    """Write ``a``, ``a and b``, ``a, b, c, d, e, f and 12 more``."""
    if len(names) > LISTED + 1:
        return f"{', '.join(names[:LISTED])} and {len(names) - LISTED} more"
    return joined(names)


def plural(count: int, noun: str) -> str:
    """Write ``1 trial``, ``3 trials``."""
    return f"{count} {noun}" if count == 1 else f"{count:,} {noun}s"


@cache
def _built_in() -> dict[str, str | None]:
    return {card.name: card.title for card in emseg_metrics()} | {POOLED_IOU: "pooled IoU"}


def _minus(text: str) -> str:
    """Give a negative number a real minus sign, and a rounded-off zero none."""
    if not text.startswith("-"):
        return text
    digits = text.removeprefix("-")
    return _MINUS + digits if digits.strip("0.") else digits
