"""The numbers of the figures about tuning, as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...benchmark.contracts.basics import OptionValue
from ...benchmark.contracts.searching import Choice, Parameter
from ...benchmark.contracts.studies import Tried
from ..cells import score_cell
from ..grid import Cell, Column, Grid
from ..schema import Leaderboard
from ..wording import MISSING, listing, metric_heading, number, score, span
from .expected import Best
from .fronts import fronts
from .schema import StudySummary
from .wording import short, short_key, shortly

STEPS = (1, 2, 3, 5, 7, 10, 15)
"""Numbers of trials that have a row, and ten times, a hundred times, ... as many."""
BEST_SHOWN = 5
"""Trials of each model."""


def chosen_grid(table: Leaderboard) -> Grid:
    """Lay out the setting of every row, models side by side."""
    settings = [row.tuning.setting if row.tuning else {} for row in table.rows]
    keys = sorted({key for setting in settings for key in setting})
    return Grid(
        caption=f"Settings that tuning found, instead of those of {table.recipe}",
        columns=(
            Column(title="Setting", numeric=False, row_header=True),
            *(Column(title=row.model) for row in table.rows),
        ),
        rows=tuple(
            (Cell(text=short_key(key)), *(_chosen(setting.get(key)) for setting in settings)) for key in keys
        ),
        sortable=False,
    )


def _chosen(value: OptionValue | None) -> Cell:
    return Cell(text=MISSING if value is None else short(value))


def searched_grid(table: Leaderboard) -> Grid:
    """Say of every study how it searched, and what became of its trials."""
    return Grid(
        caption=f"Studies of {table.title}",
        columns=(
            Column(title="Model", numeric=False, row_header=True),
            Column(title="Complete", unit="trials"),
            Column(title="Pruned"),
            Column(title="Failed"),
            Column(title="Device hours"),
            Column(title="Sampler", unit="pruner, seed", numeric=False),
            Column(title="Search space", numeric=False),
        ),
        rows=tuple(_searched(one) for one in table.studies),
    )


def _searched(one: StudySummary) -> tuple[Cell, ...]:
    study, counts = one.study, Counter(trial.state for trial in one.study.tried)
    hours = study.seconds / 3600
    return (
        Cell(text=one.model, order=one.model.lower()),
        *(Cell(text=str(counts[state]), order=counts[state]) for state in ("complete", "pruned", "failed")),
        Cell(text=number(hours), order=hours),
        Cell(
            text=study.sampler.replace(",", ", "), tail=f"{study.pruner}, {study.seed}", order=study.sampler
        ),
        Cell(text="; ".join(f"{short_key(key)} {_space(item)}" for key, item in study.space.items())),
    )


def _space(parameter: Parameter) -> str:
    if isinstance(parameter, Choice):
        return "|".join(map(short, parameter.choices))
    step = f" by {short(parameter.step)}" if parameter.step and parameter.step != 1 else ""
    return f"{short(parameter.low)} to {short(parameter.high)}{step}{' (log)' if parameter.log else ''}"


def spent_grid(table: Leaderboard) -> Grid:
    """Lay out what the best of so many trials is, for each model."""
    most = max((len(one.expected) for one in table.studies), default=0)
    shown = sorted({*(n for n in _steps(most)), *(len(one.expected) for one in table.studies)} - {0})
    return Grid(
        caption=f"Best validation {metric_heading(table.metric)} of so many tuning trials",
        columns=(
            Column(title="Trials", row_header=True),
            *(
                column
                for one in table.studies
                for column in (
                    Column(title="expected", unit="95 % of orders", group=one.model),
                    Column(title="as it ran", group=one.model),
                )
            ),
        ),
        rows=tuple(
            (
                Cell(text=str(trials), order=trials),
                *(cell for one in table.studies for cell in _best(one.expected, trials, table.metric.unit)),
            )
            for trials in shown
        ),
    )


def _steps(most: int) -> list[int]:
    scale, found = 1, []
    while scale <= most:
        found += [scale * step for step in STEPS if step < 10 and scale * step <= most]
        scale *= 10
    return found


def _best(expected: Sequence[Best], trials: int, unit: str) -> tuple[Cell, Cell]:
    if trials > len(expected):
        return Cell(text=MISSING), Cell(text=MISSING)
    found = expected[trials - 1]
    below = () if found.mean is None else (span(found.low, found.high, unit),)
    return (
        Cell(text=score(found.mean, unit), order=found.mean, below=below),
        score_cell(found.so_far, unit),
    )


def importance_grid(table: Leaderboard) -> Grid:
    """Lay out the share of every setting, for each model of which it is known."""
    known = [one for one in table.studies if one.importance]
    shares = [{item.setting: item.share for item in one.importance} for one in known]
    settings = list(dict.fromkeys(key for found in shares for key in found))
    return Grid(
        caption="Share of importance for a validation score among the best quarter",
        columns=(
            Column(title="Setting", numeric=False, row_header=True),
            *(Column(title=one.model) for one in known),
        ),
        rows=tuple(
            (
                Cell(text=short_key(key)),
                *(score_cell(found.get(key)) for found in shares),
            )
            for key in settings
        ),
    )


def settings_grid(table: Leaderboard) -> Grid:
    """List the best trials of each model."""
    unit = table.metric.unit
    return Grid(
        caption=f"The best {BEST_SHOWN} tuning trials of each model",
        columns=(
            Column(title="Model", numeric=False, row_header=True),
            Column(title="Trial"),
            Column(title=f"Validation {metric_heading(table.metric)}"),
            Column(title="State", numeric=False),
            Column(title="Setting", numeric=False),
        ),
        rows=tuple(
            (
                Cell(text=one.model, order=one.model.lower()),
                Cell(
                    text=f"{trial.number}{' (chosen)' * (trial.number in one.study.best)}", order=trial.number
                ),
                score_cell(trial.validation, unit),
                Cell(text=trial.state, order=trial.state),
                Cell(text=shortly(trial.setting)),
            )
            for one in table.studies
            for trial in _top(one)
        ),
    )


def _top(one: StudySummary) -> list[Tried]:
    scored = [(trial.validation, trial) for trial in one.study.tried if trial.validation is not None]
    sign = -1 if one.study.goals[0].higher else 1
    return [trial for _, trial in sorted(scored, key=lambda pair: (sign * pair[0], pair[1].number))][
        :BEST_SHOWN
    ]


def fronts_grid(table: Leaderboard) -> Grid:
    """List the Pareto front of each model."""
    two = [one for one in table.studies if len(one.study.goals) > 1]
    goal = two[0].study.goals[1]
    return Grid(
        caption=f"Tuning trials that none of the same model beats in validation score and {goal.name}",
        columns=(
            Column(title="Model", numeric=False, row_header=True),
            Column(title="Trial"),
            Column(title=f"Validation {metric_heading(table.metric)}"),
            Column(title=goal.name.capitalize(), unit=goal.unit),
        ),
        rows=tuple(
            (
                Cell(text=one.model, order=one.model.lower()),
                Cell(text=str(point.number), order=point.number),
                score_cell(point.score, table.metric.unit),
                Cell(text=number(point.cost), order=point.cost),
            )
            for one in two
            for point in fronts(one.study)
            if point.on_front
        ),
    )


def unknown(table: Leaderboard) -> list[str]:
    """Say of which models nothing is known of importance, and why."""
    reasons: dict[str, list[str]] = {}
    for one in table.studies:
        if one.unknown:
            reasons.setdefault(one.unknown, []).append(one.model)
    return [
        f"Nothing is said of what decided for {listing(models)}: {why}." for why, models in reasons.items()
    ]
