"""``emseg_bench.run``: an experiment from a script or a notebook, as ``emseg-bench run`` does it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias

from ..benchmark.contracts.errors import UsageError

if TYPE_CHECKING:
    from ..benchmark.contracts.running import Event
    from .results import Results

logger = logging.getLogger("emseg_bench")
"""Takes what must be said of a run: notes of its plan, and why trials failed."""

Settings: TypeAlias = str | Mapping[str, object]
"""A recipe or protocol by its name, or as experiment files write it: ``{"preset": "quick", "crop": 96}``."""


def run(
    models: str | Sequence[str] | None = None,
    datasets: str | Sequence[str] | None = None,
    *,
    experiment: str | Path | None = None,
    seeds: int | Sequence[int] | None = None,
    label_fractions: Sequence[float] | None = None,
    label_counts: Sequence[int] | None = None,
    recipe: Settings | None = None,
    protocol: Settings | None = None,
    out: str | Path = "results",
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16"] | None = None,
    executor: str | None = None,
    workers: int = 1,
    threads: int | None = None,
    timeout_minutes: float | None = None,
    strict_weights: bool = False,
    own_recipes: bool = False,
    keep_stale: bool = False,
    on_event: Callable[[Event], None] | None = None,
) -> Results:
    """Train, evaluate and profile every model on every dataset; trials that are complete are not run again.

    Trials run in processes of their own.  KeyboardInterrupt, and anything that `on_event` raises, stops them;
    the same call goes on where they stopped.  A trial that fails costs itself only: the results say why.

    Args:
        models: References, a list of them or comma-separated: ``unet``, ``retina@scratch``.
        datasets: Likewise: ``folder:/data/my_cells``.  None: ``synthetic-em``.
        experiment: An experiment file in YAML; arguments given beside it win.
        seeds: How many (3 means 0, 1, 2), or a list of which.  None: the seed 0.
        label_fractions: Shares (0 to 1) of the training cases to train on.  None: all of them, unless there
            are counts.
        label_counts: Numbers of training cases to train on, beside the shares.
        recipe: How to train.  None: ``quick``.
        protocol: How to score.  None: ``emseg-v1``.
        out: Results folder.
        device: ``auto``, ``cpu``, ``cuda`` (all GPUs that are visible), ``cuda:1``, ``mps``.
        precision: ``bf16`` is bfloat16 under autocast; ``auto`` takes it where the hardware is made for it.
        executor: What runs the trials: ``local``, ``slurm[partition=gpu]``, ...  None: ``local``.
        workers: Trials at once on each device.
        threads: CPU threads of one trial, on which scores depend.  None: 2.
        timeout_minutes: Stop a trial after so long and mark it as failed.
        strict_weights: Whether it is an error that a model's published weights are not on this machine.
        own_recipes: Whether models are trained as their authors train them, too.
        keep_stale: Whether trials are kept that ran before and of which nothing but code changed.
        on_event: Hears all news of trials, in this process.

    Returns:
        The boards that these trials stand on.

    Raises:
        EmsegError: The input is wrong; nothing was started.
    """
    from ..benchmark.contracts.running import Runtime
    from ..benchmark.experiments.experiment import build_experiment
    from ..benchmark.trials.session import run_plan
    from .preparing import prepare, try_out
    from .results import results_of

    if workers < 1:
        raise UsageError(f"got workers={workers}, expected at least 1.")
    if timeout_minutes is not None and not timeout_minutes > 0:
        raise UsageError(f"got timeout_minutes={timeout_minutes}, expected minutes such as 30.")
    asked: dict[str, Any] = {
        "models": _names(models),
        "datasets": _places(datasets),
        "seeds": seeds if seeds is None or isinstance(seeds, int) else list(seeds),
        "label_fractions": None if label_fractions is None else list(label_fractions),
        "label_counts": None if label_counts is None else list(label_counts),
        "threads": threads,
        "recipe": recipe,
        "protocol": protocol,
        "strict_weights": strict_weights or None,
        "own_recipes": own_recipes or None,
        "executor": executor,
    }
    settings = [] if precision is None else [f"recipe.precision={precision}"]
    wanted = build_experiment(None if experiment is None else Path(experiment), asked, settings)
    runtime = Runtime(device=device, workers=workers, timeout_minutes=timeout_minutes)
    prepared = try_out(prepare(wanted, runtime, Path(out), keep_stale=keep_stale))
    plan, plugins, store = prepared.plan, prepared.plugins, prepared.store
    for text in (*prepared.notes, *(f"plugin {problem}" for problem in plugins.catalogue.problems)):
        logger.warning(text)
    if prepared.todo:
        runner, listener = prepared.chosen.make(prepared.runtime), _Listener(on_event)
        try:
            outcome = run_plan(plan, store, runner, plugins, listener, timeout_minutes)
        except KeyboardInterrupt:
            listener.stop()
        for name, reason in outcome.failed.items():
            logger.warning("%s, seed %d: %s", plan.trials[name].model.label, plan.trials[name].seed, reason)
    return results_of(store, plugins, keep_stale=keep_stale, of={*plan.trials, *plan.kept.values()})


@dataclass(slots=True)
class _Listener:
    """Tells the caller; what it raises ends the run as Ctrl-C does, and no trial fails for it."""

    on_event: Callable[[Event], None] | None
    error: Exception | None = None

    def __call__(self, event: Event) -> None:
        if self.on_event is None:
            return
        try:
            self.on_event(event)
        except Exception as error:
            self.error = error
            raise KeyboardInterrupt from error

    def stop(self) -> NoReturn:
        """End the run by what ended it."""
        raise self.error or KeyboardInterrupt


def _names(models: str | Sequence[str] | None) -> list[str] | None:
    from ..benchmark.plugins.references import split_list

    return split_list(models) if isinstance(models, str) else None if models is None else list(models)


def _places(datasets: str | Sequence[str] | None) -> list[str] | None:
    from ..benchmark.plugins.dataset_lookup import split_datasets

    if isinstance(datasets, str):
        return split_datasets(datasets)
    return None if datasets is None else list(datasets)
