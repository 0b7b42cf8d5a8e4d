"""Names of tables over data sets as people read them."""

from __future__ import annotations

LETTERS = 34
"""Of a name beside a figure; of longer ones the middle is left out."""


def middle_left_out(text: str, letters: int = LETTERS) -> str:
    """Shorten a name, since its ends tell more than its middle: options, and where weights start."""
    if len(text) <= letters:
        return text
    end = letters // 3
    return f"{text[: letters - end - 1]}…{text[-end:]}"
