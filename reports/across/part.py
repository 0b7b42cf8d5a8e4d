"""The part of page and Markdown that stands above the boards: one table over data sets, and its pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from ..figures import Drawing
from ..grid import Grid, bullets, escape_markdown, html, markdown
from ..templating import render
from ..wording import plural
from .diagram import FEWEST_SETS as DIAGRAM_SETS
from .diagram import diagram_grid, draw_diagram, places
from .forest import draw_forest, forest_grid, rivals_drawn
from .grids import READING, TALLIED, ranks_grid, sets_grid, wins_grid
from .profiles import FEWEST_SETS as PROFILE_SETS
from .profiles import draw_profiles, profiles_grid
from .schema import Across

APART_SHOWN = 12
"""Boards that are named on the page and in Markdown; all are in leaderboard.json."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A section of the part."""

    name: str
    title: str
    grid: Grid
    reading: str
    drawing: Drawing | None = None
    """Above the table, which then is folded."""

    @property
    def table(self) -> Markup:
        """The table as HTML."""
        return html(self.grid)


def part_html(across: Across, folder: Path) -> Markup:
    """Draw the figures into the report's folder, and write the part as HTML."""
    values = {"across": across, "pieces": list(_pieces(across, folder)), "apart": apart(across)}
    return render("across.html", values)


def part_markdown(across: Across) -> str:
    """Write the part as Markdown, without figures."""
    texts = [f"## {escape_markdown(across.title)}", escape_markdown(across.summary), bullets(across.remarks)]
    for piece in _pieces(across, None):
        texts += [f"### {piece.title}", markdown(piece.grid), bullets([piece.reading])]
    if lines := apart(across):
        texts += ["### Not averaged with these", bullets(lines)]
    return "\n\n".join(text for text in texts if text)


def apart(across: Across) -> list[str]:
    """Say which boards are in no mean of the table, and why."""
    lines = [f"{one.board}: {one.reason}" for one in across.apart[:APART_SHOWN]]
    more = len(across.apart) - APART_SHOWN
    return [*lines, f"And {more} more, in leaderboard.json."] if more > 0 else lines


def _pieces(across: Across, folder: Path | None) -> Iterator[Piece]:
    """Give the sections; without a folder nothing is drawn."""
    if across.verdicts is None:
        return
    yield Piece(name="ranks", title="Ranks over data sets", grid=ranks_grid(across), reading=READING)
    if grid := sets_grid(across):
        yield Piece(name="sets", title="Data set by data set", grid=grid, reading="± is the SD over seeds.")
    if len(across.rows) > 1:
        yield from _compared(across, folder)


def _compared(across: Across, folder: Path | None) -> Iterator[Piece]:
    yield Piece(
        name="differences",
        title="How far the first is ahead",
        grid=forest_grid(across),
        reading=_about_forest(across),
        drawing=draw_forest(across, folder) if folder else None,
    )
    yield Piece(name="wins", title="Wins, ties, losses", grid=wins_grid(across), reading=TALLIED)
    if len(across.sets) >= PROFILE_SETS:
        yield Piece(
            name="profiles",
            title="How close to the best",
            grid=profiles_grid(across),
            reading="A description of these data sets, no test: on how many of them a model is within how "
            "much of the best one (performance profiles after Dolan & Moré 2002, by difference).",
            drawing=draw_profiles(across, folder) if folder else None,
        )
    if len(across.sets) >= DIAGRAM_SETS:
        found = places(across)
        yield Piece(
            name="places",
            title="Mean places",
            grid=diagram_grid(found),
            reading="Critical-difference diagram (Demšar 2006): bars join models whose mean places are not "
            "told apart (Nemenyi, .05 over all pairs). It sees places alone, less than the intervals above.",
            drawing=draw_diagram(across, found, folder) if folder else None,
        )


def _about_forest(across: Across) -> str:
    drawn = rivals_drawn(across)
    most = "" if drawn == len(across.rows) - 1 else f" Drawn against the next {plural(drawn, 'model')}."
    over_all = f", {across.verdicts.scope.phrase}" if across.verdicts else ""
    return (
        "Filled: told apart; hollow: not. Circles: on one data set, by its own board, whose intervals hold "
        f"for all its pairs at once. Diamonds: over all data sets{over_all}, for all pairs of this table."
        f"{most}"
    )
