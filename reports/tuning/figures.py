"""What tuning found, drawn: the best against the budget, importance, settings, the Pareto front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..figures import MODELS_SHOWN, Drawing, axis, panels, save, short_name, style
from ..palette import BLACK, GREY, VERMILLION
from ..schema import Leaderboard
from ..wording import metric_heading
from .coordinates import Axis, axes_of, lines_of
from .fronts import fronts
from .schema import StudySummary
from .wording import short_key

SHADES = "crest"
"""Of scores, from faint to strong."""
ROW = 2.3
"""Height of a study's coordinates in inches."""


def shown(table: Leaderboard) -> Sequence[StudySummary]:
    """Give the studies that are drawn: of the best models, one colour each."""
    places = {row.model: place for place, row in enumerate(table.rows)}
    return sorted(table.studies, key=lambda one: places[one.model])[:MODELS_SHOWN]


def draw_spent(table: Leaderboard, folder: Path, colours: Mapping[str, str]) -> Drawing:
    """Draw what the best of so many trials is expected to be, by trials and by hours."""
    studies = shown(table)
    with style():
        figure, (by_trials, by_hours) = panels(2, {one.model: colours[one.model] for one in studies})
        for one in studies:
            known = [best for best in one.expected if best.mean is not None]
            each = one.study.seconds / 3600 / max(1, len(one.study.tried))
            for axes, width in ((by_trials, 1.0), (by_hours, each)):
                _spent(axes, pd.DataFrame(known), width, colours[one.model])
        heading = f"Best validation {metric_heading(table.metric)}"
        by_trials.set(xlabel="Tuning trials", ylabel=heading)
        by_hours.set(xlabel="Device hours (mean of a trial × trials)", ylabel=heading)
        by_hours.xaxis.set_major_locator(MaxNLocator(4))
        by_trials.xaxis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))
        return save(figure, folder, f"{table.slug}-tuning-spent")


def _spent(axes: Axes, known: pd.DataFrame, each: float, colour: str) -> None:
    if known.empty:
        return
    spent = known["trials"] * each
    axes.fill_between(spent, known["low"], known["high"], color=colour, alpha=0.12, linewidth=0)
    axes.plot(spent, known["mean"], color=colour, linewidth=2)
    axes.step(spent, known["so_far"], where="post", color=colour, linewidth=1, linestyle=(0, (4, 3)))


def draw_importance(table: Leaderboard, folder: Path, colours: Mapping[str, str]) -> Drawing:
    """Draw the share of every setting, a dot for each model."""
    import seaborn as sns  # loads all of scipy.stats, which takes a third of a small report's time

    studies = [one for one in shown(table) if one.importance]
    names = [one.model for one in studies]
    shares = pd.DataFrame(
        [(one.model, short_key(item.setting), item.share) for one in studies for item in one.importance],
        columns=["model", "setting", "share"],
    )
    order = shares.groupby("setting")["share"].mean().sort_values(ascending=False).index
    with style():
        figure, (axes,) = panels(1, {name: colours[name] for name in names}, height=0.9 + 0.27 * len(order))
        figure.subplots_adjust(left=0.34)
        sns.stripplot(
            data=shares,
            x="share",
            y="setting",
            order=[*order],
            hue="model",
            hue_order=names,
            palette={name: colours[name] for name in names},
            size=7,
            jitter=False,
            dodge=False,
            legend=False,
            ax=axes,
        )
        axes.set(xlabel="Share of importance", ylabel="", xlim=(-0.03, 1.03))
        return save(figure, folder, f"{table.slug}-tuning-importance")


def draw_coordinates(table: Leaderboard, folder: Path) -> Drawing:
    """Draw every trial of every study as a line over its settings."""
    studies = [one for one in shown(table) if lines_of(one.study)]
    with style():
        figure = Figure(figsize=(10.4, ROW * len(studies) + 0.2))
        figure.subplots_adjust(
            left=0.06,
            right=0.96,
            top=1 - 0.3 / (ROW * len(studies)),
            bottom=0.55 / (ROW * len(studies) + 0.2),
            hspace=0.75,
        )
        for place, one in enumerate(studies, start=1):
            _coordinates(figure.add_subplot(len(studies), 1, place), one, metric_heading(table.metric))
        return save(figure, folder, f"{table.slug}-tuning-settings")


def _coordinates(axes: Axes, one: StudySummary, heading: str) -> None:
    import seaborn as sns

    standing = axes_of(one.study, heading)
    lines = lines_of(one.study)
    scores = np.array([line.heights[-1] for line in lines])
    shades: Colormap = sns.color_palette(SHADES, as_cmap=True)
    for line, shade in sorted(zip(lines, shades(scores), strict=True), key=lambda pair: pair[0].heights[-1]):
        chosen = line.number in one.study.best
        axes.plot(
            range(len(standing)),
            line.heights,
            color=VERMILLION if chosen else shade,
            linewidth=2.4 if chosen else 1,
            zorder=3 if chosen else 2,
        )
    axes.set_title(short_name(one.model))
    axes.set(xlim=(-0.02, len(standing) - 0.98), ylim=(-0.04, 1.04), yticks=[])
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_xticks(range(len(standing)), [item.title for item in standing], fontsize=8)
    for place, item in enumerate(standing):
        _ends(axes, place, item)


def _ends(axes: Axes, place: int, item: Axis) -> None:
    """Draw one coordinate with what stands along it."""
    axes.axvline(place, color=GREY, linewidth=0.8, zorder=1)
    for height, text in item.ticks:
        axes.annotate(
            short_name(text, 14),
            (place, height),
            xytext=(3, 0),
            textcoords="offset points",
            fontsize=7,
            va="center",
            color=BLACK,
            zorder=4,
        )


def draw_fronts(table: Leaderboard, folder: Path, colours: Mapping[str, str]) -> Drawing:
    """Draw all trials by both goals, and of each model those that none beats in both."""
    studies = [one for one in shown(table) if len(one.study.goals) > 1]
    with style():
        figure, (axes,) = panels(1, {one.model: colours[one.model] for one in studies})
        for one in studies:
            colour = colours[one.model]
            found = fronts(one.study)
            axes.plot(
                [point.cost for point in found],
                [point.score for point in found],
                linestyle="",
                marker="o",
                markersize=4,
                markerfacecolor="none",
                color=colour,
            )
            on = [point for point in found if point.on_front]
            costs, scores = [point.cost for point in on], [point.score for point in on]
            axes.step(costs, scores, where="post", color=colour, linewidth=1.2)
            axes.plot(costs, scores, linestyle="", marker="o", markersize=5.5, color=colour)
        goal = studies[0].study.goals[1]
        points = [point.cost for one in studies for point in fronts(one.study)]
        axis(axes, "x", min(points, default=0), max(points, default=1))
        axes.set(
            xlabel=f"{goal.name.capitalize()} ({goal.unit})",
            ylabel=f"Validation {metric_heading(table.metric)}",
        )
        return save(figure, folder, f"{table.slug}-tuning-front")
