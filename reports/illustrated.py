"""A figure with its numbers as a table: the shape of several sections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..benchmark.contracts.reporting import ReportSection
from .figures import Drawing, no_room, room_for
from .grid import Grid, bullets, html, markdown
from .templating import render


@dataclass(frozen=True, slots=True, kw_only=True)
class Illustrated:
    """What such a section is made of."""

    kind: str
    """How the figure's file name ends."""
    what: str
    """What the figures are, in the plural, for a sentence that there are none."""
    alt: str
    """What the figure shows, for those who cannot see it."""
    draw: Callable[[], Drawing]
    """Draws the figure; called where the report has room for it."""
    grid: Grid
    """The figure's numbers."""
    reading: Sequence[str]
    """How to read both."""
    summary: Grid | None = None
    """What of the numbers is in sight."""


def illustrated(parts: Illustrated, folder: Path) -> ReportSection:
    """Put figure, words and tables together; in Markdown, the first table and the words.

    Args:
        parts: What to show.
        folder: The report's.
    """
    values = {
        "drawing": parts.draw() if room_for(parts.kind, folder) else None,
        "note": no_room(parts.what),
        "alt": parts.alt,
        "reading": parts.reading,
        "summary": html(parts.summary) if parts.summary else "",
        "grid": html(parts.grid),
    }
    text = "\n\n".join((markdown(parts.summary or parts.grid), bullets(parts.reading)))
    return ReportSection(html=render("illustrated.html", values), markdown=text)
