"""``emseg-bench run``: the main job."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from enum import StrEnum
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO, TypeAlias

import typer

from ..benchmark.contracts.errors import UnknownNameError, UsageError
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
    from ..benchmark.contracts.running import Runtime
    from ..benchmark.costs.budget import read_budget
    from ..benchmark.executors.choosing import choose_executor
    from ..benchmark.experiments.experiment import build_experiment
    from ..benchmark.experiments.planning import make_plan
    from ..benchmark.files.cache import cache_folder
    from ..benchmark.files.outputs import check_output_folder
    from ..benchmark.files.store import Store
    from ..benchmark.plugins.every_model import optional_models
    from ..benchmark.plugins.loading import installed_plugins
    from ..benchmark.profiling.hardware import believed_device, choose_devices
    from ..benchmark.trials.providers import told_by_stored
    from ..benchmark.trials.session import pending
    from ..benchmark.trials.staleness import keep_stale as keep
    from ..benchmark.trials.staleness import stale_notes, stale_trials
    from ..benchmark.trials.tracking import check_trackers
    from ..datasets.inspection.remarks import remarks
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
    plugins = installed_plugins()
    chosen = choose_executor(wanted.executor, plugins.catalogue)
    cache = cache_folder()
    devices = (believed_device(device, chosen.label),) if chosen.elsewhere else choose_devices(device)
    where = "cpu" if devices[0].startswith("cpu") else devices[0]
    runtime = Runtime(
        device=where,
        devices=devices,
        workers=workers,
        timeout_minutes=timeout,
        checkpoint_seconds=checkpoint_seconds,
        cache=str(cache),
        trackers=check_trackers(tracker) if tracker else (),
    )
    with json_stream(as_json) as stream:
        with _status("checking models and data"):
            try:
                plan = make_plan(
                    wanted,
                    plugins.catalogue,
                    device=where,
                    elsewhere=chosen.elsewhere,
                    cache=cache,
                    remarks=remarks,
                )
            except UnknownNameError as error:
                raise told_by_stored(error, Store(out)) from None
        if not chosen.elsewhere:
            _check_devices(plan, devices)
        ranking = ranking_metrics(plan.trials.values())
        check_difference("--margin", enough, ranking)
        check_difference("--resolve", wanted_difference, ranking)
        check_output_folder(out, "--out", _places(plan))
        stale = stale_trials(plan, Store(out))
        plan = keep(plan, stale) if keep_stale else plan
        if todo := pending(plan, Store(out)):
            with _status("trying the models out"):
                optional = optional_models(wanted.models, plugins.catalogue.models.offers)
                plan = _rehearsed(plan, todo, optional, cache, None if chosen.elsewhere else where)
            todo = pending(plan, Store(out))
        cost = foresee(
            plan,
            todo,
            Store(out),
            runtime,
            elsewhere=chosen.elsewhere,
            estimating=estimate,
            budget=budget,
        )
        plan = replace(plan, notes=(*plan.notes, *chosen.notes, *stale_notes(plan, stale), *cost.notes))
        if dry_run:
            _print_plan(plan, Store(out), runtime, stream, wanted_difference, cost)
            return
        with interruptible():
            outcome = _run(plan, plugins, Store(out), runtime, chosen, stream, cost, detach=detach)
            raise typer.Exit(
                finish(plan, plugins, Store(out), outcome, stream, keep_stale=keep_stale, margin=enough)
            )


def _rehearsed(
    plan: Plan, todo: list[str], optional: Collection[str], cache: Path, place: str | None
) -> Plan:
    """Try models out on a device of this machine; None: they run elsewhere."""
    from ..benchmark.executors.rehearsal import ELSEWHERE, rehearse

    return rehearse(plan, todo, optional, cache, runs_on=place or ELSEWHERE)


def _check_devices(plan: Plan, devices: tuple[str, ...]) -> None:
    """Check that every trial can have as many devices as it takes.

    Raises:
        UsageError: One cannot.
    """
    from ..benchmark.executors.devices import lack, needed

    most = max((trial.recipe.processes for trial in plan.trials.values()), default=1)
    if needed(most, devices) > len(devices):
        raise UsageError(lack(most, devices))


def _places(plan: Plan) -> set[Path]:
    """Return the files and folders of data that a plan reads."""
    from ..benchmark.images.volumes.opening import split_location

    locations = {spec.dataset.location for spec in plan.trials.values()}
    return {split_location(location)[0] for location in locations if location}


def _status(text: str) -> AbstractContextManager[object]:
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
