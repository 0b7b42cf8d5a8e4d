"""Numbers that people write, in plain digits: Python itself takes ``٣``, ``1_0`` and ``nan`` for numbers."""

from __future__ import annotations

import math
import re
from typing import Final

_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,18}")
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def whole(text: str) -> int:
    """Read a whole number of at most 18 digits, spaces around it left out.

    Raises:
        ValueError: It is none.
    """
    if _WHOLE.fullmatch(text.strip()) is None:
        raise ValueError(f"{text[:40]!r} is no whole number")
    return int(text)


def decimal(text: str) -> float:
    """Read a finite number, spaces around it left out.

    Raises:
        ValueError: It is none.
    """
    if _DECIMAL.fullmatch(text.strip()) is None or not math.isfinite(number := float(text)):
        raise ValueError(f"{text[:40]!r} is no number")
    return number
