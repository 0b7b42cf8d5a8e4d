"""The part of page and Markdown that stands above the boards: one table over data sets, and its pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from ..above import Part, Piece, part
from ..figures import Drawing
from ..grid import Grid
from ..illustrated import Illustrated, illustrated
from ..model_colours import PageColours
from ..tabled import tabled
from ..wording import plural
from .diagram import FEWEST_SETS as DIAGRAM_SETS
from .diagram import diagram_grid, draw_diagram, places
from .forest import draw_forest, forest_grid, rivals_drawn
from .grids import READING, TALLIED, ranks_grid, sets_grid, wins_grid
from .profiles import FEWEST_SETS as PROFILE_SETS
from .profiles import draw_profiles, profiles_grid
from .schema import Across


def across_part(across: Across, folder: Path, colours: PageColours) -> Part:
    """Draw the figures into the report's folder, and write the part.

    Args:
        across: What it shows.
        folder: The report's.
        colours: The page's.
    """
    apart = [f"{one.board}: {one.reason}" for one in across.apart]
    return part(across, [*_pieces(across, folder, colours)], apart)


def _pieces(across: Across, folder: Path, colours: PageColours) -> Iterator[Piece]:
    if across.verdicts is None:
        return
    yield Piece(name="ranks", title="Ranks over data sets", section=tabled(ranks_grid(across), [READING]))
    if grid := sets_grid(across):
        section = tabled(grid, ["± is the SD over seeds."])
        yield Piece(name="sets", title="Data set by data set", section=section)
    if len(across.rows) > 1:
        yield from _compared(across, folder, colours)


def _compared(across: Across, folder: Path, colours: PageColours) -> Iterator[Piece]:
    def drawn(name: str, title: str, grid: Grid, reading: str, draw: Callable[[], Drawing]) -> Piece:
        parts = Illustrated(
            kind=name,
            what="Figures over data sets",
            alt=f"{title}: {grid.caption}",
            draw=draw,
            grid=grid,
            reading=[reading],
        )
        return Piece(name=name, title=title, section=illustrated(parts, folder))

    yield drawn(
        "forest",
        "How far the first is ahead",
        forest_grid(across),
        _about_forest(across),
        partial(draw_forest, across, folder),
    )
    yield Piece(name="wins", title="Wins, ties, losses", section=tabled(wins_grid(across), [TALLIED]))
    if len(across.sets) >= PROFILE_SETS:
        yield drawn(
            "profiles",
            "How close to the best",
            profiles_grid(across),
            "A description of these data sets, no test: on how many of them a model is within how "
            "much of the best one (performance profiles after Dolan & Moré 2002, by difference).",
            partial(draw_profiles, across, folder, colours),
        )
    if len(across.sets) >= DIAGRAM_SETS:
        found = places(across)
        yield drawn(
            "places",
            "Mean places",
            diagram_grid(found),
            "Critical-difference diagram (Demšar 2006): bars join models whose mean places are not "
            "told apart (Nemenyi, .05 over all pairs). It sees places alone, less than the intervals above.",
            partial(draw_diagram, across, found, folder),
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
