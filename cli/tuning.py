"""``emseg-bench tune``: every model tuned with the same budget, then its best setting trained and tested."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Annotated

import typer

from ..benchmark.contracts.errors import UsageError
from . import trial_options
from .costs import EstimateOption, foresee
from .exit_codes import interruptible
from .json_output import json_stream
from .run_values import read_datasets, read_list, read_seeds
from .waiting import status

EXAMPLES = """Examples:

  emseg-bench tune --models unet,retina --trials 20

  emseg-bench tune --models unet --datasets folder:/data/my_cells --hours 4 --seeds 3

  emseg-bench tune --models unet,segformer --recipe smoke --pruner median --dry-run
"""
DEFAULT_TRIALS = 20
MOST_TRIALS = 10_000
MOST_HOURS = 1e5


def tune(
    models: trial_options.ModelsOption,
    datasets: trial_options.DatasetsOption = None,
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
    recipe: trial_options.RecipeOption = None,
    protocol: trial_options.ProtocolOption = None,
    set_: trial_options.SetOption = None,
    seeds: trial_options.SeedsOption = None,
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
    out: trial_options.OutOption = trial_options.RESULTS,
    device: trial_options.DeviceOption = "auto",
    precision: trial_options.PrecisionOption = None,
    executor: trial_options.ExecutorOption = None,
    workers: trial_options.WorkersOption = 1,
    threads: trial_options.ThreadsOption = None,
    timeout: trial_options.TimeoutOption = None,
    checkpoint_seconds: trial_options.CheckpointOption = trial_options.CHECKPOINT_SECONDS,
    strict_weights: trial_options.StrictWeightsOption = False,
    tracker: trial_options.TrackerOption = None,
    estimate: EstimateOption = False,
    dry_run: trial_options.DryRunOption = False,
    as_json: trial_options.JsonOption = False,
) -> None:
    """Tune all models with one budget, by the validation split alone; then train and test the best."""
    from ..api.preparing import check_devices, places_of, settled
    from ..benchmark.contracts.running import Runtime
    from ..benchmark.executors.choosing import choose_executor
    from ..benchmark.executors.rehearsal import ELSEWHERE, rehearse
    from ..benchmark.experiments.experiment import build_experiment
    from ..benchmark.files.outputs import check_output_folder
    from ..benchmark.files.store import Store
    from ..benchmark.plugins.loading import installed_plugins
    from ..benchmark.trials.tracking import check_trackers
    from ..benchmark.tuning.planning import Planner, Wanted, plan_studies
    from ..benchmark.tuning.records import Budget
    from ..benchmark.tuning.storage import check_storage, without_password
    from .tuning_plan import costed, print_plan
    from .tuning_run import Place, run_studies

    if hours is not None and not (isfinite(hours) and hours > 0):
        raise UsageError(f"got --hours {hours:g}, expected hours such as 4 or 0.5.")
    check_storage(storage)
    asked = {
        "models": read_list(models),
        "datasets": read_datasets(datasets),
        "seeds": read_seeds(seeds),
        "threads": threads,
        "recipe": recipe,
        "protocol": protocol,
        "strict_weights": strict_weights or None,
        "executor": executor,
    }
    experiment = build_experiment(None, asked, trial_options.settings_of(set_, precision))
    plugins = installed_plugins()
    chosen = choose_executor(experiment.executor, plugins.catalogue)
    runtime = settled(
        Runtime(
            device=device,
            workers=1 if chosen.elsewhere else workers,
            timeout_minutes=timeout,
            checkpoint_seconds=checkpoint_seconds,
            trackers=check_trackers(tracker) if tracker else (),
        ),
        chosen,
    )
    wanted = Wanted(
        experiment=experiment,
        budget=Budget(trials=trials or (None if hours else DEFAULT_TRIALS), hours=hours),
        objectives=tuple(read_list(objective) or ()),
        space=space,
        sampler=sampler,
        pruner=pruner,
        seed=seed,
        storage=without_password(storage),
    )
    cache = Path(runtime.cache)
    planner = Planner(
        catalogue=plugins.catalogue, device=runtime.device, cache=cache, elsewhere=chosen.elsewhere
    )
    store = Store(out)
    with json_stream(as_json) as stream:
        with status("checking models and data"):
            studies, untuned = plan_studies(wanted, planner)
        if not chosen.elsewhere:
            check_devices(untuned, runtime.devices)
        check_output_folder(out, "--out", places_of(untuned))
        with status("trying the models out"):
            runs_on = ELSEWHERE if chosen.elsewhere else runtime.device
            rehearse(untuned, [*untuned.trials], (), cache, runs_on=runs_on)
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
        at_once = workers if chosen.elsewhere else runtime.at_once
        with interruptible():
            raise typer.Exit(run_studies(studies, place, at_once, cost, stream))
