"""What a run prints about its plan before, and about its result after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..benchmark.contracts.records import TrialSpec
from ..benchmark.contracts.running import Runtime
from ..benchmark.experiments.experiment import describe
from ..benchmark.experiments.label_counts import labelled_images
from ..benchmark.experiments.planning import Plan
from ..benchmark.files.store import Store
from ..benchmark.files.wording import counted
from ..benchmark.trials.session import Outcome
from ..benchmark.trials.trial_names import trial_name
from .console import Console
from .costs import parts, told
from .tables import print_table, say

if TYPE_CHECKING:
    from ..benchmark.contracts.reporting import Board
    from ..benchmark.costs.schema import PlanCost


def announce(plan: Plan, console: Console, cost: PlanCost, runtime: Runtime) -> None:
    """Say what will run, where, what it takes, and what must be known about it."""
    first = next(iter(plan.trials.values()))
    kept = f", {len(plan.kept)} kept though stale" if plan.kept else ""
    cached = len(plan.trials) - len(plan.kept) - len(cost.trials)
    trials = counted(len(plan.trials), "trial")
    own = sum(bool(trial.model.own_recipe) for trial in plan.trials.values())
    where = ", ".join(runtime.devices) or runtime.device
    apart = f" ({own} by their authors' own)" if own else ""
    say(
        console,
        f"{trials}, {cached} complete already{kept}; recipe {describe(first.recipe)}{apart}; "
        f"protocol {describe(first.protocol)}; {where}, {first.recipe.precision}, "
        f"{counted(first.threads or 1, 'thread')}",
    )
    if text := told(cost):
        say(console, text)
    for text in parts(plan, cost):
        say(console, f"  {text}")
    for note in plan.notes:
        say(console, f"note: {note}", "yellow")


def print_plan(plan: Plan, store: Store) -> None:
    """Print a row per trial: what it is, its fingerprint, and whether it would run."""
    print_table(
        [
            {
                "model": spec.model.label,
                "dataset": spec.dataset.label,
                **_labels(plan, spec),
                "seed": str(spec.seed),
                "fingerprint": name[:12],
                "state": _state(name, plan, store),
            }
            for name, spec in plan.trials.items()
        ]
    )


def _state(name: str, plan: Plan, store: Store) -> str:
    if name in plan.kept:
        return "kept though stale"
    return "complete" if store.trial(name).is_complete() else "to run"


def _labels(plan: Plan, spec: TrialSpec) -> dict[str, str]:
    """Give the labelled images as a cell, if any trial has not all."""
    partial = any(trial.label_fraction < 1 for trial in plan.trials.values())
    if not partial:
        return {}
    return {"labels": f"{labelled_images(spec)} of {spec.dataset.training_cases}"}


def plan_as_data(plan: Plan, store: Store) -> dict[str, Any]:
    """Give the plan as plain data."""
    trials = [trial_as_data(name, plan, store) for name in plan.trials]
    return {"trials": trials, "notes": list(plan.notes)}


def outcome_as_data(plan: Plan, store: Store, outcome: Outcome) -> dict[str, Any]:
    """Give the outcome as plain data."""
    return {
        **plan_as_data(plan, store),
        "ran": list(outcome.ran),
        "cached": [name for name in outcome.cached if name not in plan.kept],
        "kept": dict(plan.kept),
        "failed": outcome.failed,
        "report": str(store.report / "index.html"),
    }


def trial_as_data(name: str, plan: Plan, store: Store) -> dict[str, Any]:
    """Give one trial as plain data."""
    spec = plan.trials[name]
    return {
        "fingerprint": name,
        "model": spec.model.label,
        "own_recipe": spec.model.own_recipe or None,
        "dataset": spec.dataset.label,
        "label_fraction": spec.label_fraction,
        "labelled_images": labelled_images(spec),
        "seed": spec.seed,
        "complete": store.trial(name).is_complete(),
        "folder": str(store.trial(plan.kept.get(name, name)).path),
        "kept": plan.kept.get(name),
    }


def print_leaderboards(boards: Sequence[Board], plan: Plan) -> None:
    """Print the leaderboard of each board that the plan's trials stand in."""
    print_shown(shown(boards, plan))


def shown(boards: Sequence[Board], plan: Plan) -> list[dict[str, Any]]:
    """Write down, as plain data, what the terminal shows of the boards that the plan's trials stand in."""
    asked = {*plan.trials, *plan.kept.values()}
    return [
        _shown(board) for board in boards if any(trial.record.fingerprint in asked for trial in board.trials)
    ]


def print_shown(tables: Sequence[Mapping[str, Any]]) -> None:
    """Print what `shown` wrote down."""
    for table in tables:
        print_table(table["wide"], table["narrow"], title=table["title"])
        for text in table["claims"]:
            say(Console(), text)
        for text in table["remarks"]:
            say(Console(), text, "dim")


def print_failures(failed: Mapping[str, str], plan: Plan, console: Console) -> None:
    """Print why trials failed."""
    for name, reason in failed.items():
        text = f"failed: {trial_name(plan.trials[name])}: {reason}"
        say(console, text, "red")


def _shown(board: Board) -> dict[str, Any]:
    from ..reports.columns import terminal_columns, terminal_row
    from ..reports.leaderboard import leaderboard

    table = leaderboard(board)
    wide, narrow = (
        [terminal_row(row, terminal_columns(table, wide=wide)) for row in table.rows]
        for wide in (True, False)
    )
    texts = {"claims": list(table.claims), "remarks": list(table.remarks)}
    return {"title": table.title, "wide": wide, "narrow": narrow, **texts}
