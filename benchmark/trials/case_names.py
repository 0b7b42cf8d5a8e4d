"""Names of files for cases, by which people find them again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ..contracts.data import Case

LONGEST = 100
"""Characters of a name; file systems end at about 255 bytes."""


def file_names(cases: Sequence[Case]) -> list[str]:
    """Name a file, without suffix, for each case: ``cell1`` of ``test/cell1``, ``a-0003`` of ``test/a/0003``.

    Names that would be the same, also where upper and lower case are one, get the case's number.
    """
    plain = [_plain(case.id.removeprefix(f"{case.split}/")) for case in cases]
    known = Counter(name.casefold() for name in plain)
    return [
        name if name and known[name.casefold()] == 1 else f"{number:05}-{name}".rstrip("-")
        for number, name in enumerate(plain)
    ]


def _plain(name: str) -> str:
    """Leave what every file system takes."""
    safe = re.sub(r"[^\w.+=@-]+", "-", name).strip("-.")[:LONGEST]
    return "" if re.fullmatch(r"[0-9]{5}(-.*)?", safe) else safe  # what a number would be taken for
