"""Parts of page and Markdown that stand above the boards, for they are about several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from markupsafe import Markup

from ..benchmark.contracts.reporting import ReportSection
from .grid import bullets, escape_markdown
from .templating import render

APART_SHOWN = 12
"""Boards left out that are named on the page and in Markdown; all are in leaderboard.json."""


class About(Protocol):
    """What a part is about."""

    @property
    def title(self) -> str:
        """Its heading."""

    @property
    def slug(self) -> str:
        """Its name within the page."""

    @property
    def summary(self) -> str:
        """The answer, in sentences."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader must know before the numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A section of a part."""

    name: str
    title: str
    section: ReportSection

    @property
    def html(self) -> Markup:
        """Its fragment."""
        return Markup(self.section.html)  # noqa: S704 - the contract of ReportSection


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part, written."""

    title: str
    slug: str
    html: Markup
    markdown: str


def part(about: About, pieces: Sequence[Piece], apart: Iterable[str] = ()) -> Part:
    """Write a part.

    Args:
        about: Title, answer and remarks.
        pieces: Its sections.
        apart: Boards that are in no mean of it, and why.
    """
    left_out = _first(list(apart))
    values = {"about": about, "pieces": pieces, "apart": left_out}
    texts = [f"## {escape_markdown(about.title)}", escape_markdown(about.summary), bullets(about.remarks)]
    texts += [f"### {piece.title}\n\n{piece.section.markdown}" for piece in pieces]
    if left_out:
        texts += ["### Not averaged with these", bullets(left_out)]
    return Part(
        title=about.title,
        slug=about.slug,
        html=render("above.html", values),
        markdown="\n\n".join(text for text in texts if text),
    )


def _first(lines: Sequence[str]) -> list[str]:
    more = len(lines) - APART_SHOWN
    return [*lines[:APART_SHOWN], *([f"And {more} more, in leaderboard.json."] if more > 0 else [])]
