"""Names and numbers of tables over data sets as people read them."""

from __future__ import annotations

from ..wording import score

LETTERS = 34
"""Of a name beside a figure; of longer ones the middle is left out."""


def ends(low: float | None, high: float | None, unit: str) -> str:
    """Write the ends of an interval: ``-0.010 to 0.030``."""
    if low is None or high is None:
        return "no interval"
    return f"{score(low, unit)} to {score(high, unit)}"


def share(value: float) -> str:
    """Write a probability in percent: ``3 %``, ``below 1 %``."""
    return "below 1 %" if value < 0.01 else f"{100 * value:.0f} %"


def middle_left_out(text: str, letters: int = LETTERS) -> str:
    """Shorten a name, since its ends tell more than its middle."""
    if len(text) <= letters:
        return text
    end = letters // 3
    return f"{text[: letters - end - 1]}…{text[-end:]}"
