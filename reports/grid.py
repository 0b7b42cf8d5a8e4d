"""A table as people see it: made once, written as HTML and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from .templating import render

MARKDOWN_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~$&])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column's header."""

    title: str
    unit: str = ""
    """Second line of the header."""
    group: str = ""
    """Neighbours of one group share a header above theirs."""
    numeric: bool = True
    row_header: bool = False
    """The cells name their rows."""
    page_only: bool = False
    """Left out in Markdown."""

    @property
    def style(self) -> str:
        """CSS classes of the column's cells."""
        return ("number" if self.numeric else "text") + (" name" if self.row_header else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One entry."""

    text: str
    order: float | str | None = None
    """What sorting goes by; None: last."""
    tail: str = ""
    """What follows the text: a small line under it on the page."""
    below: tuple[str, ...] = ()
    """Small lines under the text, in brackets in Markdown."""
    dots: tuple[float, ...] = ()
    """Positions (0 to 1) of dots on a line, shown instead of the text."""
    code: bool = False
    """Set in a fixed-width font."""
    link: str = ""
    """Where a click leads, within the report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    sortable: bool = True

    @property
    def groups(self) -> tuple[tuple[str, int], ...]:
        """Headers above the headers with their widths; empty without groups."""
        spans: list[tuple[str, int]] = []
        for column in self.columns:
            if spans and spans[-1][0] == column.group:
                spans[-1] = (column.group, spans[-1][1] + 1)
            else:
                spans.append((column.group, 1))
        return tuple(spans) if any(name for name, _ in spans) else ()


def html(grid: Grid) -> Markup:
    """Write the table as HTML."""
    columns = [(column.style, column.row_header) for column in grid.columns]
    lines = [[(*column, cell) for column, cell in zip(columns, row, strict=True)] for row in grid.rows]
    return render("grid.html", {"grid": grid, "lines": lines})


def markdown(grid: Grid) -> str:
    """Write the table as Markdown, without its caption."""
    shown = [i for i, column in enumerate(grid.columns) if not column.page_only]
    titles = [_title(grid.columns[i]) for i in shown]
    rules = ["---:" if grid.columns[i].numeric else "---" for i in shown]
    lines = [_line(titles), _line(rules)]
    lines += [_line([_cell(row[i]) for i in shown]) for row in grid.rows]
    return "\n".join(lines)


def escape_markdown(text: str) -> str:
    """Escape what Markdown would read as markup; line breaks become spaces."""
    return MARKDOWN_SPECIAL.sub(r"\\\1", " ".join(text.split()))


def bullets(lines: Sequence[str]) -> str:
    """Write a Markdown list of plain texts."""
    return "\n".join(f"- {escape_markdown(line)}" for line in lines)


def _title(column: Column) -> str:
    group = f"{column.group}: " if column.group else ""
    unit = f" ({column.unit})" if column.unit else ""
    return escape_markdown(f"{group}{column.title}{unit}")


def _cell(cell: Cell) -> str:
    below = f" ({'; '.join(cell.below)})" if cell.below else ""
    tail = f" {cell.tail}" if cell.tail else ""
    return escape_markdown(f"{cell.text}{tail}{below}")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
