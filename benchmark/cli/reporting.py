"""``emseg-bench report``: making the report anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import StoreError

if TYPE_CHECKING:
    from ..contracts import Board
    from ..plugins import Plugins
    from ..store import Store

EXAMPLES = "Examples:  emseg-bench report    emseg-bench report my_results"


def report(
    folder: Annotated[Path, typer.Argument(help="A results folder.", metavar="DIR")] = Path("results"),
) -> None:
    """Make the report of a results folder anew: page, leaderboard and figures."""
    from ..plugins import load_plugins
    from ..store import Store

    store = Store(folder)
    if next(store.trials(), None) is None:
        raise StoreError(
            f"there is no trial with a record in {folder / 'trials'}; "
            "name a folder that 'emseg-bench run' wrote."
        )
    from ..boards import load_boards

    for problem in build_report(load_boards(store), store, load_plugins()):
        typer.echo(f"warning: {problem}", err=True)
    typer.echo(f"report: {store.report / 'index.html'}")


def build_report(boards: Sequence[Board], store: Store, plugins: Plugins) -> tuple[str, ...]:
    """Write the report over everything in the store; return what went wrong in sections."""
    from importlib.metadata import version

    from ...reports.build import build
    from ..records import now

    sections = list(plugins.catalogue.report_sections)
    return build(boards, sections, store.report, generated=now(), version=version("emseg-bench")).problems


def is_fresh(store: Store) -> bool:
    """Tell whether the report is newer than every record."""
    page = store.report / "index.html"
    if not page.exists():
        return False
    made = page.stat().st_mtime_ns
    return all(folder.record.stat().st_mtime_ns <= made for folder in store.trials())
