"""``emseg-bench report``: making the report anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..benchmark.contracts.errors import StoreError, UsageError
from ..benchmark.files.printable import printable
from .exit_codes import ALL_DONE, SOME_FAILED
from .margins import MarginOption, check_difference, read_difference, with_margin

if TYPE_CHECKING:
    from ..benchmark.contracts.reporting import LeftOut
    from ..benchmark.files.store import Store
    from ..benchmark.plugins.loading import Plugins
    from ..benchmark.trials.boards import Stored
    from ..reports.build import BuiltReport

MOST_TOLD = 20
"""Damaged trials that the terminal names."""

EXAMPLES = "Examples:  emseg-bench report    emseg-bench report my_results"


def report(
    folder: Annotated[Path, typer.Argument(help="A results folder.", metavar="DIR")] = Path("results"),
    keep_stale: Annotated[
        bool,
        typer.Option(
            "--keep-stale",
            help="Show trials that other code made beside those that replaced them, in rows of their own.",
        ),
    ] = False,
    margin: MarginOption = None,
    cases_csv: Annotated[
        Path | None,
        typer.Option(
            "--cases-csv",
            metavar="FILE.csv",
            help="Write all scores of all cases, too, a row each: case, group, class, model, seed, metric.",
        ),
    ] = None,
    challenge_csv: Annotated[
        Path | None,
        typer.Option(
            "--challenge-csv",
            metavar="FILE.csv",
            help="Write one score per model and case, too, as challengeR takes them.",
        ),
    ] = None,
) -> None:
    """Make the report of a results folder anew: page, leaderboard and figures."""
    from ..benchmark.files.store import Store
    from ..benchmark.plugins.loading import load_plugins

    wanted = read_difference("--margin", margin)
    store = Store(folder)
    tables = {"--cases-csv": cases_csv, "--challenge-csv": challenge_csv}
    for option, path in tables.items():
        _check_table(option, path, store)
    if next(store.trials(), None) is None:
        raise StoreError(
            f"there is no trial with a record in {folder / 'trials'}; "
            "name a folder that 'emseg-bench run' wrote."
        )
    from ..benchmark.trials.today import Today
    from ..benchmark.tuning.reading import load_reported

    plugins = load_plugins()
    with one_report(store):
        stored = load_reported(store, Today(plugins.catalogue), keep_stale=keep_stale)
        check_difference("--margin", wanted, (board.primary for board in stored.boards))
        tell_left_out(stored.left_out)
        stored = with_margin(stored, wanted)
        built = build_report(stored, store, plugins)
        for problem in built.problems:
            typer.echo(f"warning: {problem}", err=True)
    _write_tables(stored, cases_csv, challenge_csv)
    for sentence in built.summaries:
        typer.echo(printable(sentence))
    typer.echo(f"report: {store.report / 'index.html'}")
    raise typer.Exit(SOME_FAILED if stored.left_out else ALL_DONE)


def _check_table(option: str, path: Path | None, store: Store) -> None:
    """Refuse a table that is no CSV file, or that would take the place of a trial's.

    Raises:
        UsageError: It is, or would.
    """
    if path is None:
        return
    if path.suffix.lower() != ".csv" or path.is_dir():
        raise UsageError(f"got {option} {printable(path)}, expected a file whose name ends in .csv.")
    if path.resolve().is_relative_to(store.root.resolve() / "trials"):
        raise UsageError(f"{option} {printable(path)} lies among the trials, which are read; choose another.")


def _write_tables(stored: Stored, cases: Path | None, challenge: Path | None) -> None:
    from ..benchmark.files.disk import keeping
    from ..benchmark.files.spreadsheets import csv_of
    from ..benchmark.files.store import write_whole
    from ..reports.case_export import challenge_table, long_table

    for path, make in ((cases, long_table), (challenge, challenge_table)):
        if path is None:
            continue
        with keeping(path, "The report was written; make room or choose another file."):
            write_whole(path, csv_of(make(stored.boards)))
        typer.echo(f"scores: {path}")


@contextmanager
def one_report(store: Store) -> Iterator[None]:
    """Have one command at a time read what is stored and report it: the last report is of all trials.

    Where there can be no lock, no report can be written either, which says why.
    """
    from ..benchmark.files.garbage import cycles_kept
    from ..benchmark.files.locks import locked

    def tell() -> None:
        typer.echo(f"another emseg-bench command is writing {store.report}; waiting for it", err=True)

    with ExitStack() as held:
        with suppress(OSError):
            held.enter_context(locked(store.lock, on_wait=tell))
        held.enter_context(cycles_kept())
        yield


def tell_left_out(left_out: Sequence[LeftOut]) -> None:
    """Name the trials that no report can hold, and count them."""
    if not left_out:
        return
    for item in left_out[:MOST_TOLD]:
        typer.echo(printable(f"left out: {item.reason}", lines=True), err=True)
    if len(left_out) > MOST_TOLD:
        typer.echo(f"... and {len(left_out) - MOST_TOLD} more, which the report names", err=True)
    typer.echo(f"warning: {len(left_out)} of the stored trials cannot be reported", err=True)


def build_report(stored: Stored, store: Store, plugins: Plugins) -> BuiltReport:
    """Write the report over everything in the store.

    Says which files in the report's folder are somebody else's and stayed.

    Raises:
        StoreError: No trial can be reported, or the report cannot be written.
    """
    from importlib.metadata import version

    from ..benchmark.experiments.writing import experiment_files
    from ..benchmark.files.clock import now
    from ..reports.build import build

    if not stored.boards:
        raise StoreError(f"none of the trials in {store.root / 'trials'} can be reported.")
    built = build(
        stored.boards,
        list(plugins.catalogue.report_sections),
        store.report,
        generated=now(),
        version=version("emseg-bench"),
        left_out=stored.left_out,
        experiments=experiment_files(
            (trial.record.spec for board in stored.boards for trial in board.trials), plugins.catalogue
        ),
    )
    if built.kept:
        shown = printable(", ".join(built.kept[:MOST_TOLD]))
        more = f" and {len(built.kept) - MOST_TOLD} more" if len(built.kept) > MOST_TOLD else ""
        typer.echo(f"kept in {store.report}, for they are not the report's own: {shown}{more}", err=True)
    return built


def told_across(store: Store) -> list[str]:
    """Give what the report that stands in a results folder says over several boards, in sentences."""
    from ..benchmark.files.texts import read_json
    from ..reports.publishing import JSON

    with suppress(StoreError):
        told = read_json(store.report / JSON, StoreError)
        tables = (
            [told.get(key) for key in ("across", "label_efficiency", "divisions")]
            if isinstance(told, dict)
            else []
        )
        listed = [table for found in tables if isinstance(found, list) for table in found]
        texts = [table.get("summary") for table in listed if isinstance(table, dict)]
        return [text for text in texts if isinstance(text, str)]
    return []


def is_fresh(stored: Stored, store: Store, plugins: Plugins) -> bool:
    """Tell whether the report is of what is stored and known now, and by today's program and sections."""
    from importlib.metadata import version

    from ..benchmark.files.texts import read_json
    from ..reports.exports import shown
    from ..reports.publishing import INDEX, JSON

    try:
        told = read_json(store.report / JSON, StoreError)
    except StoreError:
        return False
    made = isinstance(told, dict) and told.get("shown") == shown(
        stored.boards, stored.left_out, plugins.catalogue.report_sections, version("emseg-bench")
    )
    return made and (store.report / INDEX).exists()
