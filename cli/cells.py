"""Values as text, and text in columns; without rich, whose import takes longer than all else in ``list``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..benchmark.files.printable import printable

NOTHING = "–"


def cell(value: object) -> str:
    """Write a value of a card or preset: numbers with thousands separated, lists with commas."""
    if value is None:
        return NOTHING
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def columns(rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Yield a line of names and one for each row, its cells below the names."""
    if not rows:
        return
    lines = [[*rows[0]], *([*map(printable, row.values())] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        yield "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
