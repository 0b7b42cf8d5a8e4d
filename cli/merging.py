"""``emseg-bench merge``: what ran on several machines in one results folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..benchmark.contracts.errors import UsageError
from .exit_codes import ALL_DONE, SOME_FAILED, interruptible

if TYPE_CHECKING:
    from ..benchmark.files.store import Store
    from ..benchmark.sharing.merging import Merged

EXAMPLES = """Examples:

  emseg-bench merge results_a results_b --out results

  emseg-bench merge study.zip --out results
"""


def merge(
    places: Annotated[
        list[Path], typer.Argument(help="Results folders, or bundles of them.", metavar="DIR|FILE ...")
    ],
    out: Annotated[
        Path, typer.Option(help="Takes the trials of all; what it holds already stays.", show_default=False)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print what came of it as JSON.")] = False,
) -> None:
    """Put results together: each trial once, and what contradicts itself is told."""
    from ..benchmark.files.store import Store
    from ..benchmark.sharing.merging import Source, merge_into
    from ..benchmark.sharing.unbundling import opened
    from .console import Console
    from .json_output import json_stream
    from .progress import steps

    _check(places, out)
    with json_stream(as_json) as stream, interruptible(), ExitStack() as held:
        sources = [Source(str(place), held.enter_context(opened(place))) for place in places]
        trials = sum(1 for source in sources for _ in source.store.trials())
        with steps("taking trials over", trials, Console(stderr=stream is not None)) as on_trial:
            merged = merge_into(Store(out), sources, on_trial)
        _report(Store(out))
        if stream:
            typer.echo(json.dumps(asdict(merged), indent=2), stream)
        else:
            _tell(merged, Store(out))
    raise typer.Exit(SOME_FAILED if merged.contradictions or merged.left_out else ALL_DONE)


def _check(places: Sequence[Path], out: Path) -> None:
    """Refuse what cannot be put together.

    Raises:
        UsageError: A place is named twice, or is the output.
    """
    whole = [place.resolve() for place in places]
    if twice := next((place for i, place in enumerate(whole) if place in whole[:i]), None):
        raise UsageError(f"{twice} is named twice; name each results folder once.")
    if out.resolve() in whole:
        raise UsageError(
            f"--out {out} is one of the results folders that are put together; what it holds stays anyway, "
            "so leave it out of the others."
        )
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file, expected a folder.")


def _report(store: Store) -> None:
    """Write the report of what is there now."""
    from ..benchmark.plugins.loading import load_plugins
    from ..benchmark.trials.today import Today
    from ..benchmark.tuning.reading import load_reported
    from .reporting import build_report

    plugins = load_plugins()
    stored = load_reported(store, Today(plugins.catalogue))
    if stored.boards:
        for problem in build_report(stored, store, plugins).problems:
            typer.echo(f"warning: {problem}", err=True)


def _tell(merged: Merged, store: Store) -> None:
    from ..benchmark.files.wording import counted
    from .console import Console
    from .tables import say

    console = Console()
    for item in merged.left_out:
        say(console, f"left out: {item.reason}", "red")
    for text in merged.contradictions:
        say(console, f"contradiction: {text}", "red")
    say(
        console,
        f"{counted(merged.taken, 'trial')} taken over into {store.root}, {merged.same} there already and the "
        f"same, {counted(len(merged.contradictions), 'contradiction')}, {len(merged.left_out)} left out",
    )
    if (store.report / "index.html").exists():
        say(console, f"report: {store.report / 'index.html'}")
