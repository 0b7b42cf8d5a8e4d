"""What a run ends with: a report of what is stored, what the terminal shows of it, and an exit code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

import typer

from ..benchmark.contracts.errors import StoreError
from .exit_codes import ALL_DONE, SOME_FAILED
from .margins import with_margin

if TYPE_CHECKING:
    from ..benchmark.experiments.planning import Plan
    from ..benchmark.files.store import Store
    from ..benchmark.plugins.loading import Plugins
    from ..benchmark.trials.boards import Stored
    from ..benchmark.trials.session import Outcome
    from .console import Console


@dataclass(frozen=True, slots=True)
class _Made:
    """What became of a report."""

    tables: list[dict[str, Any]]
    """What the terminal shows."""
    whole: bool = True
    """Whether all trials are in it."""
    written: bool = True


def finish(
    plan: Plan,
    plugins: Plugins,
    store: Store,
    outcome: Outcome,
    stream: TextIO | None,
    *,
    keep_stale: bool,
    margin: float | None,
    also: Mapping[str, Any] | None = None,
) -> int:
    """Report what came of a run; return the exit code.

    Args:
        plan: What was asked for.
        plugins: What is installed.
        store: The results folder.
        outcome: What became of the trials.
        stream: Takes the outcome as JSON; None: people are told.
        keep_stale: Whether trials that other code made stand beside those that replaced them.
        margin: How much worse than any other model is good enough; None: nobody asked.
        also: What else belongs to the outcome, for JSON.
    """
    from ..reports.publishing import clear_leftovers
    from .console import Console
    from .reporting import told_across
    from .summary import outcome_as_data, print_failures, print_shown
    from .tables import say

    console = Console(stderr=stream is not None)
    clear_leftovers(store.report)
    made = _report(plan, plugins, store, console, keep_stale=keep_stale, margin=margin)
    if stream:
        typer.echo(json.dumps({**outcome_as_data(plan, store, outcome), **(also or {})}, indent=2), stream)
    else:
        print_shown(made.tables)
        print_failures(outcome.failed, plan, console)
        if made.written:
            for sentence in told_across(store):
                say(console, sentence)
            text = f"report: {store.report / 'index.html'}"
            console.print(text, highlight=False, markup=False, soft_wrap=True)
    return SOME_FAILED if outcome.failed or not (made.whole and made.written) else ALL_DONE


def _report(
    plan: Plan, plugins: Plugins, store: Store, console: Console, *, keep_stale: bool, margin: float | None
) -> _Made:
    """Recall what the last report said; if anything changed since, see that it is of what is stored."""
    from .last_report import recalled, state_of_report

    options = {"keep_stale": keep_stale, "margin": margin, "trials": [*plan.trials, *plan.kept.values()]}
    if tables := recalled(store, state_of_report(store, plugins.catalogue, options)):
        return _Made(tables)
    return _made_anew(plan, plugins, store, console, options)


def _made_anew(
    plan: Plan, plugins: Plugins, store: Store, console: Console, options: Mapping[str, Any]
) -> _Made:
    """Read what is stored, and write the report unless it is of that; remember what was said."""
    from ..benchmark.trials.today import Today
    from ..benchmark.tuning.reading import load_reported
    from .last_report import remember, state_of_report, state_of_trials
    from .reporting import is_fresh, one_report, tell_left_out
    from .summary import shown

    with one_report(store):
        before = state_of_trials(store)
        loaded = load_reported(store, Today(plugins.catalogue), keep_stale=options["keep_stale"])
        stored = with_margin(loaded, options["margin"])
        tell_left_out(stored.left_out)
        problems = () if is_fresh(stored, store, plugins) else _write(stored, store, plugins, console)
        tables = shown(stored.boards, plan)
        if problems == () and not stored.left_out and before == state_of_trials(store):
            remember(store, state_of_report(store, plugins.catalogue, options), tables)
    return _Made(tables, whole=not stored.left_out, written=problems is not None)


def _write(stored: Stored, store: Store, plugins: Plugins, console: Console) -> tuple[str, ...] | None:
    """Write a report; return what is wrong with sections of plugins, or None if it could not be written."""
    from .reporting import build_report
    from .tables import say

    say(console, "writing the report", "dim")
    try:
        problems = build_report(stored, store, plugins).problems
    except StoreError as error:  # the trials are there; 'emseg-bench report' makes it anew
        say(console, f"no report: {error}", "red")
        return None
    for problem in problems:
        say(console, f"warning: {problem}", "yellow")
    return problems
