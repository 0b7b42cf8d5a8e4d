"""Builds the report: a page that opens from disk, and the leaderboard in three formats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import Final

from ..benchmark.contracts.cards import ReportSectionCard
from ..benchmark.contracts.errors import UsageError
from ..benchmark.contracts.reporting import Board, LeftOut, ReportSection
from ..benchmark.files.disk import takes_no_more
from ..benchmark.files.garbage import let_go
from ..benchmark.files.printable import printable
from ..benchmark.plugins.strangers import RAISED, describe_error
from . import elsewhere
from .across.comparable import Ranked, why_none
from .across.exports import write_csv as write_across
from .across.part import across_part
from .across.table import tables_across
from .divisions.pairing import divisions
from .divisions.part import divisions_part
from .divisions.part import write_csv as write_divisions
from .exports import LeaderboardFile, shown, write_comparisons, write_csv, write_json
from .joined import joined
from .label_efficiency.curves import label_efficiency
from .label_efficiency.part import labels_part
from .label_efficiency.part import write_csv as write_labels
from .leaderboard import leaderboard
from .model_colours import share_colours
from .page import BoardPage, Contents, SectionPart, markdown, page
from .publishing import (
    ACROSS,
    COMPARISONS,
    CSV,
    DIVISIONS,
    FIGURES,
    INDEX,
    JSON,
    LABELS,
    MARKDOWN,
    PUBLISHED,
    replacing,
)
from .tuning.exports import write_csv as write_tuning

TOGETHER: Final = 10
"""Boards whose figures stay in memory, about 5 MiB each: to look for what can go takes time, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltReport:
    """A report on disk."""

    index: Path
    """The page to open."""
    problems: tuple[str, ...]
    """Sections that could not be made; the page shows each in its place."""
    summaries: tuple[str, ...]
    """What it says over several boards, in sentences."""
    kept: tuple[str, ...] = ()
    """Files in its folder that somebody else put there, and that stayed."""


def build(
    boards: Sequence[Board],
    sections: Sequence[ReportSectionCard],
    folder: Path,
    *,
    generated: str,
    version: str,
    left_out: Sequence[LeftOut] = (),
    experiments: Mapping[str, str] | None = None,
) -> BuiltReport:
    """Write a report; one that stood in `folder` before is replaced as a whole.

    Args:
        boards: What to report; each has at least one trial.
        sections: Parts of the page, in any order.
        folder: Where ``index.html``, ``leaderboard.{md,csv,json}`` and ``comparisons.csv`` go, ``across.csv``
            if several data sets compare, ``labels.csv`` if boards differ in their labels alone,
            ``tuning.csv``, ``importance.csv`` and ``divisions.csv`` if models were tuned, and
            ``published.csv`` if others have published on the same data.
        generated: When, for people and machines (ISO 8601).
        version: Of emseg-bench.
        left_out: Stored trials that cannot be reported, for the page to name.
        experiments: What runs the trials again, by the names of the files that the page links.

    Returns:
        Where the page is, and which sections failed: a section that raises costs its own part only.

    Raises:
        UsageError: There is nothing to report.
        StoreError: `folder` holds something else, or cannot be written.
    """
    reported = [board for board in boards if board.trials]
    if not reported:
        raise UsageError(
            "there are no trials to report; run some first: emseg-bench run --models retina,unet"
        )
    with replacing(folder) as published:
        draft = published.folder
        (draft / FIGURES).mkdir()
        colours = share_colours(reported)
        pages = [*_pages(reported, sections, draft)]
        tables = tuple(item.table for item in pages)
        known = [Ranked(board, table) for board, table in zip(reported, tables, strict=True)]
        ranked = [one for one in known if one.table.scored]
        across, both, labels = tables_across(ranked), divisions(ranked), label_efficiency(ranked)
        content = LeaderboardFile(
            generated=generated,
            emseg_bench=version,
            boards=tables,
            across=across,
            divisions=both,
            label_efficiency=labels,
            left_out=tuple(left_out),
            shown=shown(boards, left_out, sections, version),
        )
        write_json(draft / JSON, content)
        write_csv(draft / CSV, tables)
        write_comparisons(draft / COMPARISONS, tables, across)
        write_across(draft / ACROSS, across)
        write_divisions(draft / DIVISIONS, both)
        write_labels(draft / LABELS, labels)
        write_tuning(draft, tables)
        elsewhere.write_csv(draft / PUBLISHED, [(one.dataset.name, one.table) for one in known])
        why = "" if across else why_none(ranked)
        contents = Contents(
            boards=pages,
            above=[
                *(labels_part(one, draft, colours) for one in labels),
                *(across_part(one, draft, colours) for one in across),
                *map(divisions_part, both),
            ],
            joined=joined(ranked),
            why_none=why,
            generated=generated,
            version=version,
            left_out=left_out,
            experiments=tuple(experiments or ()),
        )
        for name, text in (experiments or {}).items():
            (draft / name).write_text(text, encoding="utf-8")
        (draft / MARKDOWN).write_text(printable(markdown(contents), lines=True), encoding="utf-8")
        (draft / INDEX).write_text(page(contents), encoding="utf-8")
    return BuiltReport(
        index=folder / INDEX,
        problems=tuple(_problems(pages)),
        summaries=tuple(one.summary for tables_ in (across, labels, both) for one in tables_),
        kept=tuple(published.kept),
    )


def _pages(
    boards: Sequence[Board], sections: Sequence[ReportSectionCard], draft: Path
) -> Iterator[BoardPage]:
    for number, board in enumerate(boards, start=1):
        yield _board_page(board, sections, draft)
        if number % TOGETHER == 0:
            let_go()  # figures are full of cycles


def _board_page(board: Board, sections: Sequence[ReportSectionCard], folder: Path) -> BoardPage:
    ordered = sorted(sections, key=lambda card: (card.order, card.name))
    parts = [part for card in ordered if (part := _part(card, board, folder))]
    return BoardPage(leaderboard(board), len(board.trials), tuple(parts))


def _part(card: ReportSectionCard, board: Board, folder: Path) -> SectionPart | None:
    """Make one section; what goes wrong in it, a plugin's bug perhaps, must not lose the report."""
    try:
        section = _section(card, board, folder)
    except RAISED as error:  # reported on the page and to the caller
        if isinstance(error, OSError) and takes_no_more(error):
            raise  # no fault of the section's
        return SectionPart(card, ReportSection(html=""), describe_error(error))
    return SectionPart(card, section) if section else None


def _section(card: ReportSectionCard, board: Board, folder: Path) -> ReportSection | None:
    factory = resolve_name(card.factory) if isinstance(card.factory, str) else card.factory
    section = factory(board, folder)
    if section is None or isinstance(section, ReportSection):
        return section
    raise TypeError(f"got {type(section).__name__}, expected ReportSection or None")


def _problems(pages: Sequence[BoardPage]) -> Iterator[str]:
    for item in pages:
        for part in item.parts:
            if part.problem:
                yield f"section {part.card.name!r} of board {item.table.title!r}: {part.problem}"
