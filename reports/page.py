"""The page and its Markdown twin, put together from the boards' sections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ..benchmark.contracts.cards import ReportSectionCard
from ..benchmark.contracts.reporting import LeftOut, ReportSection
from .above import Part
from .claims import standing
from .grid import Cell, Column, Grid, bullets, escape_markdown, html
from .grid import markdown as grid_markdown
from .joined import Joined
from .schema import Leaderboard
from .templating import render
from .wording import MISSING, metric_heading, percent, plural, spread

TITLE = "EM segmentation leaderboard"
LEFT_OUT = "Trials that are left out, for they are damaged or not what they were"
LEFT_OUT_SHOWN = 50
SEPARATOR = " · "
"""Between the parts of a board's title."""
MOST_LINKS = 4
"""To experiments that run the trials again; of more the first and the last."""
"""On the page; all are in leaderboard.json."""


@dataclass(frozen=True, slots=True)
class SectionPart:
    """A section in its place; with a problem, what it should have shown is missing."""

    card: ReportSectionCard
    section: ReportSection
    problem: str = ""

    @property
    def html(self) -> Markup:
        """The section's fragment, which escapes what comes from users itself."""
        return Markup(self.section.html)  # noqa: S704 - the contract of ReportSection


@dataclass(frozen=True, slots=True)
class BoardPage:
    """A board with its sections."""

    table: Leaderboard
    trials: int
    parts: tuple[SectionPart, ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a report shows."""

    boards: Sequence[BoardPage]
    above: Sequence[Part]
    """What stands above the boards: tables over data sets, scores against labels, closed and open boards."""
    joined: Sequence[Joined]
    """Tables over the boards of one data set: folds."""
    why_none: str
    """Why there is none although there are several data sets; else empty."""
    generated: str
    version: str
    left_out: Sequence[LeftOut] = ()
    experiments: Sequence[str] = ()
    """Files beside the page that run its trials again."""

    @property
    def about(self) -> str:
        """What it is made from, when and by what."""
        trials = sum(board.trials for board in self.boards)
        failed = sum(len(board.table.failures) for board in self.boards)
        counts = [plural(len(self.boards), "board"), plural(trials, "trial"), f"{failed:,} failed"]
        if self.left_out:
            counts.append(f"{len(self.left_out):,} left out")
        return f"{', '.join(counts)}. Generated {self.generated} by emseg-bench {self.version}."


def page(contents: Contents) -> str:
    """Write ``index.html``: style and script are within, pictures are linked relatively."""
    boards, left_out = contents.boards, contents.left_out
    values = {
        "title": TITLE,
        "boards": boards,
        "short": dict(zip((one.table.slug for one in boards), short_titles(boards)[0], strict=True)),
        "above": contents.above,
        "why_none": contents.why_none,
        "joined": [(one.title, html(one.grid), one.reading) for one in contents.joined],
        "overview": html(_overview(boards)) if len(boards) > 1 else "",
        "about": contents.about,
        "experiments": _first_and_last(contents.experiments),
        "between": ", " if len(contents.experiments) <= MOST_LINKS else " to ",
        "left_out_title": LEFT_OUT,
        "left_out": left_out[:LEFT_OUT_SHOWN],
        "more_left_out": max(0, len(left_out) - LEFT_OUT_SHOWN),
    }
    return render("page.html", values)


def _first_and_last(names: Sequence[str]) -> Sequence[str]:
    return names if len(names) <= MOST_LINKS else (names[0], names[-1])


def markdown(contents: Contents) -> str:
    """Write ``leaderboard.md``: the sections that have a Markdown form."""
    parts = [f"# {TITLE}", escape_markdown(contents.about)]
    if contents.left_out:
        lines = [f"{item.trial}: {item.reason}" for item in contents.left_out]
        parts.append(f"**{LEFT_OUT}**\n\n{bullets(lines)}")
    parts += [one.markdown for one in contents.above]
    for one in contents.joined:
        parts += [f"## {escape_markdown(one.title)}", grid_markdown(one.grid), bullets([one.reading])]
    if contents.why_none:
        parts.append(escape_markdown(contents.why_none))
    for board in contents.boards:
        parts.append(f"## {escape_markdown(board.table.title)}")
        parts += [text for part in board.parts if (text := _section_markdown(part))]
    return "\n\n".join(parts) + "\n"


def _section_markdown(part: SectionPart) -> str:
    heading = f"### {escape_markdown(part.card.title)}\n\n"
    if part.problem:
        return f"{heading}**This section could not be made.** {escape_markdown(part.problem)}"
    return heading + part.section.markdown if part.section.markdown else ""


def short_titles(boards: Sequence[BoardPage]) -> tuple[list[str], str]:
    """Leave out of the boards' titles what all have in common; give that, too.

    Where that would leave two of them alike, or one without a word, they stay as they are.
    """
    parts = [board.table.title.split(SEPARATOR) for board in boards]
    common = [part for part in parts[0] if all(part in own for own in parts)] if len(parts) > 1 else []
    short = [SEPARATOR.join(part for part in own if part not in common) for own in parts]
    if not all(short) or len({*short}) < len(short):
        return [SEPARATOR.join(own) for own in parts], ""
    return short, SEPARATOR.join(common)


def _overview(boards: Sequence[BoardPage]) -> Grid:
    short, common = short_titles(boards)
    alike = f"; all boards: {common}" if common else ""
    return Grid(
        caption=f"Who stands first where, and what that is worth{alike}",
        columns=(
            Column(title="Board", numeric=False, row_header=True),
            Column(title="First", numeric=False),
            Column(title="Verdict", numeric=False),
            Column(title="Mean score", unit="± SD over seeds"),
            Column(title="Metric", numeric=False),
            Column(title="Not told apart from it", unit="models"),
            Column(title="Risk of a better one"),
            Column(title="Models"),
            Column(title="Trials"),
            Column(title="Failed"),
        ),
        rows=tuple(_overview_row(board, title) for board, title in zip(boards, short, strict=True)),
    )


def _overview_row(board: BoardPage, title: str) -> tuple[Cell, ...]:
    table = board.table
    failed = len(table.failures)
    return (
        Cell(text=title, order=title.lower(), link=f"#{table.slug}"),
        *_first(table),
        Cell(text=str(len(table.rows)), order=len(table.rows)),
        Cell(text=str(board.trials), order=board.trials),
        Cell(text=str(failed), order=failed),
    )


def _first(table: Leaderboard) -> tuple[Cell, ...]:
    metric = Cell(text=metric_heading(table.metric), order=table.metric.name)
    nothing = Cell(text=MISSING)
    if not table.scored:
        return (nothing, nothing, nothing, metric, nothing, nothing)
    first, risk = table.scored[0], table.false_best
    return (
        Cell(text=first.model, order=first.model.lower()),
        Cell(text=standing(table, None), order=standing(table, None)),
        Cell(text=spread(first.score.mean, table.metric.unit), order=first.score.mean.mean),
        metric,
        Cell(text=str(len(first.tied_with)), order=len(first.tied_with)),
        nothing if risk is None else Cell(text=percent(risk), order=risk),
    )
