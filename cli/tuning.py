"""``emseg-bench tune``: every model tuned with the same budget, then its best setting trained and tested."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Annotated

import typer

from ..benchmark.contracts.errors import UsageError
from .costs import EstimateOption, foresee
from .exit_codes import interruptible
from .json_output import json_stream
from .run_values import read_datasets, read_list, read_seeds
from .running import status

EXAMPLES = """Examples:

  emseg-bench tune --models unet,retina --trials 20

  emseg-bench tune --models unet --datasets folder:/data/my_cells --hours 4 --seeds 3

  emseg-bench tune --models unet,segformer --recipe smoke --pruner median --dry-run
"""
DEFAULT_TRIALS = 20
MOST_TRIALS = 10_000
MOST_HOURS = 1e5
MOST = 1024
"""Trials at once, or threads of one."""


def tune(
    models: Annotated[
        str, typer.Option(help="Models, comma-separated: NAME, NAME@INIT, NAME[OPTION=VALUE]@file:PATH.")
    ],
    datasets: Annotated[
        str | None,
        typer.Option(help="Datasets, comma-separated: NAME or folder:PATH.  [default: synthetic-em]"),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST_TRIALS,
            help="Settings that are tried of each model on each dataset.  [default: 20 without --hours]",
        ),
    ] = None,
    hours: Annotated[
        float | None,
        typer.Option(
            max=MOST_HOURS, help="Device-hours that each model has on each dataset, as they are measured."
        ),
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(help="What is tuned: a name of 'list recipes'.  [default: quick]")
    ] = None,
    protocol: Annotated[
        str | None, typer.Option(help="How to score: a name of 'list protocols'.  [default: emseg-v1]")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change one value of what is tuned: recipe.iterations=200."
        ),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            help="Seeds that the best setting of each model is trained and tested with: 3, or 3,7.  "
            "[default: 1, the seed 0]"
        ),
    ] = None,
    space: Annotated[
        Path | None, typer.Option(help="What is tried, in YAML.  [default: by the recipe and the cards]")
    ] = None,
    sampler: Annotated[
        str, typer.Option(metavar="NAME[OPTION=VALUE]", help="What chooses the next setting.")
    ] = "tpe",
    pruner: Annotated[
        str, typer.Option(metavar="NAME[OPTION=VALUE]", help="What ends trials early.")
    ] = "none",
    objective: Annotated[
        str | None,
        typer.Option(
            metavar="METRIC[,latency]",
            help="What is looked for, on the validation split; with latency a Pareto front.  "
            "[default: the protocol's primary metric]",
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="Of the sampler and of the trials that tune.")
    ] = 0,
    storage: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="Where optuna keeps the studies: postgresql+psycopg://USER@HOST/DATABASE.  "
            "[default: studies/optuna.db in the results folder]",
        ),
    ] = "",
    out: Annotated[
        Path, typer.Option(help="Results folder; trials that are complete in it are not run again.")
    ] = Path("results"),
    device: Annotated[
        str, typer.Option(help="auto, cpu, cuda (all GPUs that are visible), mps, or which GPUs: cuda:1.")
    ] = "auto",
    executor: Annotated[
        str,
        typer.Option(help="What runs the trials: NAME or NAME[OPTION=VALUE,...] of 'list executors'."),
    ] = "local",
    workers: Annotated[
        int,
        typer.Option(min=1, max=MOST, help="Trials at once: on each device, or in all on a cluster."),
    ] = 1,
    threads: Annotated[
        int | None,
        typer.Option(min=1, max=MOST, help="CPU threads of one trial: scores depend on them.  [default: 2]"),
    ] = None,
    estimate: EstimateOption = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be tried and what it costs, and stop.")
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print the plan or outcome as JSON; progress goes to standard error."),
    ] = False,
) -> None:
    """Tune all models with one budget, by the validation split alone; then train and test the best."""
    from ..api.preparing import check_devices, places_of
    from ..benchmark.contracts.running import Runtime
    from ..benchmark.executors.choosing import choose_executor
    from ..benchmark.executors.rehearsal import ELSEWHERE, rehearse
    from ..benchmark.experiments.experiment import build_experiment
    from ..benchmark.files.cache import cache_folder
    from ..benchmark.files.outputs import check_output_folder
    from ..benchmark.files.store import Store
    from ..benchmark.plugins.loading import installed_plugins
    from ..benchmark.profiling.hardware import believed_device, choose_devices
    from ..benchmark.tuning.planning import Planner, Wanted, plan_studies
    from ..benchmark.tuning.records import Budget
    from ..benchmark.tuning.storage import without_password
    from .tuning_plan import costed, print_plan
    from .tuning_run import Place, run_studies

    if hours is not None and not (isfinite(hours) and hours > 0):
        raise UsageError(f"got --hours {hours:g}, expected hours such as 4 or 0.5.")
    asked = {
        "models": read_list(models),
        "datasets": read_datasets(datasets),
        "seeds": read_seeds(seeds),
        "threads": threads,
        "recipe": recipe,
        "protocol": protocol,
    }
    plugins = installed_plugins()
    chosen = choose_executor(executor, plugins.catalogue)
    devices = (believed_device(device, chosen.label),) if chosen.elsewhere else choose_devices(device)
    where = "cpu" if devices[0].startswith("cpu") else devices[0]
    runtime = Runtime(
        device=where,
        devices=devices,
        workers=1 if chosen.elsewhere else workers,
        cache=str(cache_folder()),
    )
    wanted = Wanted(
        experiment=build_experiment(None, asked, set_ or []),
        budget=Budget(trials=trials or (None if hours else DEFAULT_TRIALS), hours=hours),
        objectives=tuple(read_list(objective) or ()),
        space=space,
        sampler=sampler,
        pruner=pruner,
        seed=seed,
        storage=without_password(storage),
    )
    planner = Planner(
        catalogue=plugins.catalogue, device=where, cache=cache_folder(), elsewhere=chosen.elsewhere
    )
    store = Store(out)
    with json_stream(as_json) as stream:
        with status("checking models and data"):
            studies, untuned = plan_studies(wanted, planner)
        if not chosen.elsewhere:
            check_devices(untuned, devices)
        check_output_folder(out, "--out", places_of(untuned))
        with status("trying the models out"):
            runs_on = ELSEWHERE if chosen.elsewhere else where
            rehearse(untuned, [*untuned.trials], (), cache_folder(), runs_on=runs_on)
        plan = costed(studies, untuned)
        cost = foresee(
            plan,
            [*plan.trials],
            store,
            runtime,
            elsewhere=chosen.elsewhere,
            estimating=estimate,
            budget=None,
        )
        place = Place(store=store, plugins=plugins, runtime=runtime, chosen=chosen, storage=storage)
        if dry_run:
            print_plan(studies, cost, chosen.notes, stream)
            return
        at_once = workers * (1 if chosen.elsewhere else len(devices))
        with interruptible():
            raise typer.Exit(run_studies(studies, place, at_once, cost, stream))
