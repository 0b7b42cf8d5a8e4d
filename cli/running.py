"""``emseg-bench run``: the main job."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from ..benchmark.contracts.errors import UsageError
from . import trial_options
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
from .run_values import read_counts, read_datasets, read_fractions, read_list, read_seeds, refuse_name
from .waiting import status

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

  emseg-bench run --models retina,unet --label-counts 1,3,10 --label-fractions 1 --seeds 3

  emseg-bench run --models "unet[encoder=resnet50]" --recipe quick --set recipe.iterations=200

  emseg-bench run experiment.yaml --dry-run --resolve 0.02
"""


def run(
    experiment: Annotated[
        Path | None,
        typer.Argument(
            help="An experiment in YAML; options given beside it win.", metavar="[EXPERIMENT.yaml]"
        ),
    ] = None,
    models: trial_options.ModelsOption = None,
    datasets: trial_options.DatasetsOption = None,
    seeds: trial_options.SeedsOption = None,
    label_fractions: Annotated[
        str | None,
        typer.Option(help="Shares of the training cases to train on, comma-separated: 0.1,1.  [default: 1]"),
    ] = None,
    label_counts: Annotated[
        str | None,
        typer.Option(
            help="Numbers of training images (sections of volumes) to train on, comma-separated: 1,3,10; "
            "beside the shares, if any are given."
        ),
    ] = None,
    recipe: trial_options.RecipeOption = None,
    own_recipes: Annotated[
        bool,
        typer.Option(
            "--own-recipes",
            help="Train models as their authors train them, too, where their cards say how: on a board "
            "of their own.",
        ),
    ] = False,
    protocol: trial_options.ProtocolOption = None,
    set_: trial_options.SetOption = None,
    out: trial_options.OutOption = trial_options.RESULTS,
    device: trial_options.DeviceOption = "auto",
    precision: trial_options.PrecisionOption = None,
    executor: trial_options.ExecutorOption = None,
    workers: trial_options.WorkersOption = 1,
    threads: trial_options.ThreadsOption = None,
    timeout: trial_options.TimeoutOption = None,
    checkpoint_seconds: trial_options.CheckpointOption = trial_options.CHECKPOINT_SECONDS,
    strict_weights: trial_options.StrictWeightsOption = False,
    keep_stale: Annotated[
        bool,
        typer.Option(
            "--keep-stale",
            help="Keep trials that ran before where nothing but code changed since; the report marks them.",
        ),
    ] = False,
    resolve: ResolveOption = None,
    margin: MarginOption = None,
    tracker: trial_options.TrackerOption = None,
    estimate: EstimateOption = False,
    budget: BudgetOption = None,
    detach: Annotated[
        bool,
        typer.Option(
            "--detach", help="Submit trials to a cluster and leave; the same command looks on later."
        ),
    ] = False,
    dry_run: trial_options.DryRunOption = False,
    as_json: trial_options.JsonOption = False,
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
    enough, wanted_difference = read_difference("--margin", margin), read_difference("--resolve", resolve)
    if resolve is not None and not dry_run:
        raise UsageError("--resolve plans and runs nothing: give it together with --dry-run.")
    asked = {
        "models": read_list(models),
        "datasets": read_datasets(datasets),
        "seeds": read_seeds(seeds),
        "label_fractions": read_fractions(label_fractions),
        "label_counts": read_counts(label_counts),
        "threads": threads,
        "recipe": recipe,
        "protocol": protocol,
        "strict_weights": strict_weights or None,
        "own_recipes": own_recipes or None,
        "executor": executor,
    }
    if budget is not None:
        read_budget(budget)
    wanted = build_experiment(experiment, asked, trial_options.settings_of(set_, precision))
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
    from ..benchmark.trials.board_order import ask_for
    from ..benchmark.trials.session import Outcome, run_plan
    from .console import Console
    from .summary import announce
    from .tables import say

    console = Console(stderr=stream is not None)
    announce(plan, console, cost, runtime)
    for problem in plugins.catalogue.problems:
        say(console, f"warning: plugin {problem}", "yellow")
    store.prepare()
    ask_for(store, plan.trials.values())
    if not cost.trials:
        return Outcome(cached=tuple(plan.trials), ran=(), failed={})
    from .detaching import asking_whether_to_cancel, submit_and_leave
    from .trial_progress import show

    runner = chosen.make(runtime)
    if detach:
        submit_and_leave(plan, store, runner, chosen.label, console, stream)
        raise typer.Exit
    with asking_whether_to_cancel(runner, console), show(plan.trials, len(cost.trials), console) as view:
        return run_plan(plan, store, runner, plugins, view, runtime.timeout_minutes)
