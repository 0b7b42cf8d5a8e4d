"""A table with words on how to read it: the shape of several sections."""

from __future__ import annotations

from collections.abc import Sequence

from ..benchmark.contracts.reporting import ReportSection
from .grid import Grid, bullets, html, markdown
from .templating import render


def tabled(grid: Grid, reading: Sequence[str] = (), *, left_out: int = 0, folded: str = "") -> ReportSection:
    """Put table and words together.

    Args:
        grid: What to show.
        reading: How to read it, in small print.
        left_out: Rows that are in leaderboard.json alone.
        folded: What a click on the page shows, for tables that are long; empty: it is in sight.
    """
    values = {"grid": html(grid), "reading": reading, "left_out": left_out, "folded": folded}
    text = "\n\n".join((markdown(grid), *([bullets(reading)] if reading else [])))
    return ReportSection(html=render("table.html", values), markdown=text)
