"""``emseg-bench run``: the main job."""

from __future__ import annotations

import json
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from enum import StrEnum
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO, TypeAlias

import typer

from ..benchmark.contracts.errors import UsageError
from .costs import BudgetOption, EstimateOption, foresee
from .exit_codes import interruptible
from .json_output import json_stream
from .margins import (
    MarginOption,
    ResolveOption,
    check_difference,
    ranking_metrics,
    read_difference,
)
from .run_values import read_datasets, read_fractions, read_list, read_seeds, refuse_name

if TYPE_CHECKING:
    from ..benchmark.contracts.running import Runtime
    from ..benchmark.costs.schema import PlanCost
    from ..benchmark.executors.choosing import ChosenExecutor
    from ..benchmark.experiments.planning import Plan
    from ..benchmark.files.store import Store
    from ..benchmark.plugins.loading import Plugins
    from ..benchmark.trials.session import Outcome
    from ..reports.verdicts.sample_size import Need

EXAMPLES = """Examples:

  emseg-bench run --models retina,unet

  emseg-bench run --models retina,unet@imagenet --datasets folder:/data/my_cells --seeds 5

  emseg-bench run --models all --recipe smoke

  emseg-bench run --models "unet[encoder=resnet50]" --recipe quick --set recipe.iterations=200

  emseg-bench run experiment.yaml --dry-run --resolve 0.02
"""


TrackerOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME[OPTION=VALUE]",
        help="Draw every trial's curves in tensorboard, wandb[mode=offline,project=...] or mlflow[uri=...]; "
        "several are comma-separated.",
    ),
]
MOST = 1024
"""Trials at once, or threads of one; more are a slip of the finger."""
MOST_MINUTES = 1e6
"""About two years."""


class PrecisionChoice(StrEnum):
    """What ``--precision`` takes."""

    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"


def run(
    experiment: Annotated[
        Path | None,
        typer.Argument(
            help="An experiment in YAML; options given beside it win.", metavar="[EXPERIMENT.yaml]"
        ),
    ] = None,
    models: Annotated[
        str | None,
        typer.Option(help="Models, comma-separated: NAME, NAME@INIT, NAME[OPTION=VALUE]@file:PATH; or all."),
    ] = None,
    datasets: Annotated[
        str | None,
        typer.Option(help="Datasets, comma-separated: NAME or folder:PATH.  [default: synthetic-em]"),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            help="How many seeds (3 means 0, 1, 2), or which: 3,7; one alone with a comma behind it: 7,  "
            "[default: 1, the seed 0]"
        ),
    ] = None,
    label_fractions: Annotated[
        str | None,
        typer.Option(help="Shares of the training cases to train on, comma-separated: 0.1,1.  [default: 1]"),
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(help="How to train: a name of 'list recipes'.  [default: quick]")
    ] = None,
    own_recipes: Annotated[
        bool,
        typer.Option(
            "--own-recipes",
            help="Train models as their authors train them, too, where their cards say how: on a board "
            "of their own.",
        ),
    ] = False,
    protocol: Annotated[
        str | None, typer.Option(help="How to score: a name of 'list protocols'.  [default: emseg-v1]")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change one value: recipe.iterations=200, protocol.overlap=0.25.",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Results folder; trials that are complete in it are not run again.")
    ] = Path("results"),
    device: Annotated[
        str,
        typer.Option(
            help="auto, cpu, cuda (all GPUs that are visible), mps, or which GPUs: cuda:1, cuda:0,cuda:2."
        ),
    ] = "auto",
    precision: Annotated[
        PrecisionChoice | None,
        typer.Option(
            help="bf16: bfloat16 under autocast; auto: where the hardware is made for it.  [default: auto]"
        ),
    ] = None,
    executor: Annotated[
        str | None,
        typer.Option(
            help="What runs the trials: NAME or NAME[OPTION=VALUE,...] of 'list executors'.  [default: local]"
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=MOST, help="Trials at once on each device.")] = 1,
    threads: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST,
            help="CPU threads of one trial, on any machine: scores depend on them.  [default: 2]",
        ),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            min=0.01, max=MOST_MINUTES, help="Stop a trial after so many minutes and mark it as failed."
        ),
    ] = None,
    checkpoint_seconds: Annotated[
        float, typer.Option(min=0, max=60 * MOST_MINUTES, help="Seconds of training between resume points.")
    ] = 30.0,
    strict_weights: Annotated[
        bool,
        typer.Option("--strict-weights", help="Stop if a model's published weights are not on this machine."),
    ] = False,
    keep_stale: Annotated[
        bool,
        typer.Option(
            "--keep-stale",
            help="Keep trials that ran before where nothing but code changed since; the report marks them.",
        ),
    ] = False,
    resolve: ResolveOption = None,
    margin: MarginOption = None,
    tracker: TrackerOption = None,
    estimate: EstimateOption = False,
    budget: BudgetOption = None,
    detach: Annotated[
        bool,
        typer.Option(
            "--detach", help="Submit trials to a cluster and leave; the same command looks on later."
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print the plan or outcome as JSON; progress goes to standard error."),
    ] = False,
) -> None:
    """Train, evaluate and profile every model on every dataset, and write a report."""
    from ..api.preparing import prepare, try_out
    from ..benchmark.contracts.running import Runtime
    from ..benchmark.costs.budget import read_budget
    from ..benchmark.experiments.experiment import build_experiment
    from ..benchmark.trials.tracking import check_trackers
    from .finishing import finish

    if experiment is not None:
        refuse_name(experiment)
    if timeout is not None and isnan(timeout):
        raise UsageError("got --timeout nan, expected minutes such as 30.")
    if isnan(checkpoint_seconds):
        raise UsageError("got --checkpoint-seconds nan, expected seconds such as 30.")
    enough, wanted_difference = read_difference("--margin", margin), read_difference("--resolve", resolve)
    if resolve is not None and not dry_run:
        raise UsageError("--resolve plans and runs nothing: give it together with --dry-run.")
    asked = {
        "models": read_list(models),
        "datasets": read_datasets(datasets),
        "seeds": read_seeds(seeds),
        "label_fractions": read_fractions(label_fractions),
        "threads": threads,
        "recipe": recipe,
        "protocol": protocol,
        "strict_weights": strict_weights or None,
        "own_recipes": own_recipes or None,
        "executor": executor,
    }
    settings = [*(set_ or []), *([f"recipe.precision={precision}"] if precision else [])]
    if budget is not None:
        read_budget(budget)
    wanted = build_experiment(experiment, asked, settings)
    runtime = Runtime(
        device=device,
        workers=workers,
        timeout_minutes=timeout,
        checkpoint_seconds=checkpoint_seconds,
        trackers=check_trackers(tracker) if tracker else (),
    )
    with json_stream(as_json) as stream:
        with status("checking models and data"):
            prepared = prepare(wanted, runtime, out, keep_stale=keep_stale)
        ranking = ranking_metrics(prepared.plan.trials.values())
        check_difference("--margin", enough, ranking)
        check_difference("--resolve", wanted_difference, ranking)
        with status("trying the models out"):
            prepared = try_out(prepared)
        plugins, store, chosen, runtime = prepared.plugins, prepared.store, prepared.chosen, prepared.runtime
        cost = foresee(
            prepared.plan,
            prepared.todo,
            store,
            runtime,
            elsewhere=chosen.elsewhere,
            estimating=estimate,
            budget=budget,
        )
        plan = replace(prepared.plan, notes=(*prepared.notes, *cost.notes))
        if dry_run:
            _print_plan(plan, store, runtime, stream, wanted_difference, cost)
            return
        with interruptible():
            outcome = _run(plan, plugins, store, runtime, chosen, stream, cost, detach=detach)
            raise typer.Exit(
                finish(plan, plugins, store, outcome, stream, keep_stale=keep_stale, margin=enough)
            )


def status(text: str) -> AbstractContextManager[object]:
    """Show what takes a moment, such as drawing or indexing data, to people at a terminal."""
    if not sys.stderr.isatty():
        return nullcontext()
    from .console import Console

    return Console(stderr=True).status(text)


def _print_plan(
    plan: Plan,
    store: Store,
    runtime: Runtime,
    stream: TextIO | None,
    difference: float | None,
    cost: PlanCost,
) -> None:
    from .costs import as_data, rows
    from .summary import plan_as_data

    found = _needs(plan, store, difference) if difference is not None else ()
    if stream:
        data = plan_as_data(plan, store)
        resolve = {} if difference is None else {"resolve": [asdict(need) for need in found]}
        typer.echo(json.dumps({**data, "cost": as_data(cost), **resolve}, indent=2), stream)
        return
    from .console import Console
    from .summary import announce, print_plan
    from .tables import print_table, say

    console = Console()
    announce(plan, console, cost, runtime)
    print_plan(plan, store)
    if any(cost.trials.values()):  # of some of them something is known
        print_table(rows(plan, cost), title="What the trials take that are to run, each alone on its device")
    for need in found:
        for i, text in enumerate(need.told):
            say(console, f"  {text}" if i else text)


def _needs(plan: Plan, store: Store, difference: float) -> tuple[Need, ...]:
    """Say how much it takes to find a difference, by what is stored and comparable."""
    from ..benchmark.trials.boards import load_boards
    from ..reports.needed import needs

    boards = load_boards(store).boards if store.root.is_dir() else []
    cases = {name: manifest.split("test") for name, manifest in plan.manifests.items()}
    return needs(plan.trials.values(), cases, boards, difference)


def _run(
    plan: Plan,
    plugins: Plugins,
    store: Store,
    runtime: Runtime,
    chosen: ChosenExecutor,
    stream: TextIO | None,
    cost: PlanCost,
    *,
    detach: bool,
) -> Outcome:
    """Run the plan; or, to `detach`, have it run without this command, which ends.

    Raises:
        Exit: The trials were submitted.
    """
    from ..benchmark.trials.session import Outcome, run_plan
    from .console import Console
    from .summary import announce
    from .tables import say

    console = Console(stderr=stream is not None)
    announce(plan, console, cost, runtime)
    for problem in plugins.catalogue.problems:
        say(console, f"warning: plugin {problem}", "yellow")
    if not cost.trials:
        store.prepare()
        return Outcome(cached=tuple(plan.trials), ran=(), failed={})
    from .detaching import asking_whether_to_cancel, submit_and_leave
    from .trial_progress import show

    runner = chosen.make(runtime)
    if detach:
        submit_and_leave(plan, store, runner, chosen.label, console, stream)
        raise typer.Exit
    with asking_whether_to_cancel(runner, console), show(plan.trials, len(cost.trials), console) as view:
        return run_plan(plan, store, runner, plugins, view, runtime.timeout_minutes)
