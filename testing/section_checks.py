"""What a section of the report owes: an escaped fragment for every board, and figures of its own."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any, Final

from ..benchmark.contracts.reporting import Board, ReportSection
from . import card_checks
from .card_checks import CardBench
from .findings import Check, ContractError, demanding, relying
from .sample_trials import sample_board

SLUGS: Final = ("contract-data", "contract-data-2")
"""Of two boards of one report."""

RAW: Final = "<&>"
"""Stands in every name of the boards: unescaped, it breaks a page."""

ELSEWHERE: Final = re.compile(
    r"<(?:script|img|link|iframe|source)\b[^>]*?(?:src|href)\s*=\s*[\"']?(?:https?:)?//", re.I
)
DOCUMENT: Final = re.compile(r"<(?:html|head|body)[\s>]", re.I)
FIGURE: Final = re.compile(r"(?:src|href|data)\s*=\s*[\"'](figures/[^\"'?#]+)")


class SectionBench(CardBench):
    """A section under test."""

    def make(self, board: Board, folder: Path) -> Any:
        """Call the factory, as a report does."""
        (folder / "figures").mkdir(exist_ok=True)
        return self.factory()(board, folder)

    def html(self, board: Board, folder: Path) -> str:
        """Make the section; nothing where it has nothing to say.

        Raises:
            BlockedError: It cannot be made; `check_made` says why.
        """
        with relying("it cannot be made"):
            section = self.make(board, folder)
            return str(section.html) if section is not None else ""


def check_made(bench: SectionBench) -> None:
    """Every board gets a `ReportSection`, or None: one with complete trials, and one where all failed."""
    bench.factory()
    for what, failed_only in (("", False), (" where all trials failed", True)):
        with tempfile.TemporaryDirectory() as folder:
            board = sample_board(Path(folder), SLUGS[0], failed_only=failed_only)
            expected = "a ReportSection, or None where there is nothing to say"
            with demanding(expected, "Mend factory(board, folder)", what):
                section = bench.make(board, Path(folder))
        if section is not None and not isinstance(section, ReportSection):
            raise ContractError(
                f"a {type(section).__name__}{what}", expected, "Return ReportSection(html=...)"
            )
        if section is not None and not (isinstance(section.html, str) and isinstance(section.markdown, str)):
            raise ContractError(f"html or markdown that is no text{what}", "two texts", "Return texts")


def check_escaped(bench: SectionBench) -> None:
    """Names of models, classes and data stand in the HTML escaped: anybody may have called them anything."""
    with tempfile.TemporaryDirectory() as folder:
        html = bench.html(sample_board(Path(folder), SLUGS[0]), Path(folder))
    if RAW in html:
        start = html.index(RAW)
        raise ContractError(
            f"{html[max(0, start - 20) : start + 10]!r} in its HTML",
            "names from records escaped",
            "Write html.escape(name), or use a template that escapes",
        )


def check_fragment(bench: SectionBench) -> None:
    """Its HTML is a fragment of a page, and loads nothing from elsewhere: reports open offline."""
    with tempfile.TemporaryDirectory() as folder:
        html = bench.html(sample_board(Path(folder), SLUGS[0]), Path(folder))
    if found := DOCUMENT.search(html) or ELSEWHERE.search(html):
        raise ContractError(
            f"{found[0]!r} in its HTML",
            "a fragment that needs nothing but the report's folder",
            "Take it out; put figures into the folder",
        )


def check_figures(bench: SectionBench) -> None:
    """What it links in ``figures`` is there, it writes nowhere else, and each board keeps its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before: dict[Path, bytes] = {}
        for slug in SLUGS:
            html = bench.html(sample_board(folder, slug), folder)
            files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
            if stray := [path.name for path in files if path.parent != folder / "figures"]:
                raise ContractError(
                    f"the file {stray[0]}", "files in folder / 'figures'", "Write there alone"
                )
            if lost := [path for path in FIGURE.findall(html) if folder / path not in files]:
                raise ContractError(f"a link to {lost[0]}, which it did not write", "a figure", "Write it")
            if changed := [path.name for path in before if files.get(path) != before[path]]:
                raise ContractError(
                    f"{changed[0]} written over for the next board",
                    "a figure for each board",
                    "Put board.slug into its name",
                )
            before = files


CHECKS: tuple[Check, ...] = (
    *card_checks.CHECKS,
    check_made,
    check_escaped,
    check_fragment,
    check_figures,
)
