"""Regular expressions that somebody else wrote: they are given a time in which to end.

Python's own go through all ways in which ``^(a+)+$`` may fit a name, which doubles with every letter.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from .printable import brief

MOST_CHARACTERS: Final = 500
SECONDS: Final = 5.0
"""For all names together."""


class PatternError(ValueError):
    """What is wrong with an expression, in words."""


def first_groups(expression: str, names: Sequence[str]) -> dict[str, str]:
    """Return what the one group of an expression finds in each name, where it finds something.

    Raises:
        PatternError: It is no regular expression, is too long, has not one group, or does not come to an
            end on these names.
    """
    import regex

    if len(expression) > MOST_CHARACTERS:
        raise PatternError(f"it has {len(expression):,} characters, expected at most {MOST_CHARACTERS}")
    try:
        pattern = regex.compile(expression)
    except (regex.error, RecursionError, OverflowError) as failure:
        raise PatternError(f"it is no regular expression: {failure}") from failure
    if pattern.groups != 1:
        raise PatternError(
            f"it has {pattern.groups} groups in brackets, expected one, which names the subject: "
            "'^(mouse[0-9]+)_'"
        )
    found: dict[str, str] = {}
    end = time.monotonic() + SECONDS
    for name in names:
        try:
            match = pattern.search(name, timeout=max(0.001, end - time.monotonic()))
        except TimeoutError:
            raise PatternError(
                f"it has not come to an end on {brief(repr(name))} after {SECONDS:g} s; write it without "
                "repetitions within repetitions, such as (a+)+"
            ) from None
        if match and match[1]:
            found[name] = match[1]
    return found
