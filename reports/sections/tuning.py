"""How a board's models were tuned: what was tried, what it took, and what decided."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from markupsafe import Markup

from ...benchmark.contracts.reporting import Board, ReportSection
from ..grid import html, markdown
from ..illustrated import Illustrated, illustrated
from ..leaderboard import leaderboard
from ..model_colours import model_colours
from ..publishing import TUNING
from ..schema import Leaderboard
from ..templating import render
from ..tuning.figures import draw_coordinates, draw_fronts, draw_importance, draw_spent, shown
from ..tuning.grids import (
    fronts_grid,
    importance_grid,
    searched_grid,
    settings_grid,
    spent_grid,
    unknown,
)

SPENT = (
    "Lines: the best validation score that so many tuning trials find, a mean over all orders in which they "
    "could have run; bands hold 95 % of the orders (Dodge et al. 2019, without replacement). Dashed: the "
    "best so far as they ran.",
    "Orders are alike where settings are drawn at random; a sampler that learns tries better ones late, so "
    "its curve says what these settings held and not what another study would find. The ends are no "
    "forecast: at its last trial every order has found the same.",
    "A pruned trial counts with the best score that it reached, a failed one as spent and without a score. "
    "Compare models where they have spent the same.",
)
IMPORTANCE = (
    "PED-ANOVA (Watanabe et al. 2023): how unlike the settings of the best quarter of the complete trials "
    "are to those of all, as shares that sum to 1 for each model. It looks at one setting at a time, and at "
    "what was tried: a setting whose range was narrow is of little importance in it.",
)
SETTINGS = (
    "Every trial with a score is a line over its settings, darker the better its validation score; in red "
    "what was chosen. Settings stand in the range that was searched, by their logarithm where that was "
    "drawn from.",
)
FRONT = (
    "Small circles are tuning trials; filled ones no other of the same model beats in both. Both are of the "
    "validation split and one seed each.",
)


def section(board: Board, folder: Path) -> ReportSection | None:
    """Draw and tabulate the studies of a board of the open division; None of any other."""
    table = leaderboard(board)
    if not table.studies:
        return None
    parts = [(title, illustrated(part, folder)) for title, part in _parts(board, table, folder)]
    searched = searched_grid(table)
    values = {
        "grid": html(searched),
        "pieces": [(title, Markup(part.html)) for title, part in parts],  # noqa: S704 - rendered above
        "file": TUNING,
    }
    texts = (f"#### {title}\n\n{part.markdown}" for title, part in parts)
    return ReportSection(
        html=render("tuning.html", values), markdown="\n\n".join((markdown(searched), *texts))
    )


def _parts(board: Board, table: Leaderboard, folder: Path) -> Iterator[tuple[str, Illustrated]]:
    colours = model_colours(board, table, [one.model for one in shown(table)])
    yield (
        "Best score against the budget spent",
        Illustrated(
            kind="tuning-spent",
            what="Scores against the budget",
            alt="Best validation score of each model against tuning trials and device hours",
            draw=partial(draw_spent, table, folder, colours),
            grid=spent_grid(table),
            reading=SPENT,
        ),
    )
    is_known = any(one.importance for one in table.studies)
    if is_known:
        yield (
            "What decided",
            Illustrated(
                kind="tuning-importance",
                what="Figures of importance",
                alt="Importance of each setting for each model",
                draw=partial(draw_importance, table, folder, colours),
                grid=importance_grid(table),
                reading=(*IMPORTANCE, *unknown(table)),
            ),
        )
    yield (
        "What was tried",
        Illustrated(
            kind="tuning-settings",
            what="Figures of settings",
            alt="Parallel coordinates of all tuning trials of each model",
            draw=partial(draw_coordinates, table, folder),
            grid=settings_grid(table),
            reading=(*SETTINGS, *([] if is_known else unknown(table))),
        ),
    )
    if any(len(one.study.goals) > 1 for one in table.studies):
        yield (
            "Score against cost, setting by setting",
            Illustrated(
                kind="tuning-front",
                what="Pareto fronts of tuning",
                alt="Validation score of each tuning trial against its cost",
                draw=partial(draw_fronts, table, folder, colours),
                grid=fronts_grid(table),
                reading=FRONT,
            ),
        )
