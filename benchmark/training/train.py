"""Trains one network by one recipe; the best validation state is what it leaves in the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from ..contracts.data import Dataset, Normalisation
from ..contracts.records import TrialSpec
from ..contracts.settings import Recipe
from ..evaluation.placing import crop_side
from ..experiments.methods import Methods
from ..profiling.memory import MemoryPeak, larger
from .auxiliary import auxiliary_loss_of
from .compiling import CompileHook
from .loader import make_loader
from .methods import build_optimiser, make_augmentation, make_loss, make_schedules
from .module import TrainingModule
from .optimisation import AutocastOptimWrapper
from .optimiser_size import OptimiserSize
from .processes import ALONE, Processes
from .regimes import Training
from .resume import ResumeHook
from .runner import TrialRunner
from .seeding import SeedHook
from .state import CurvePoint, TrainingState
from .validation import GoesOn, PrunedError, Score, ValidationHook
from .watch import CurveHook, WatchHook
from .whole_batch import synchronised

RESUME_POINT = "resume.pt"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSetup:
    """Where training happens and what it may use; nothing here changes a number."""

    device: torch.device
    folder: Path
    """For the resume point, and for mmengine."""
    fingerprint: str
    checkpoint_seconds: float
    tell: Callable[[int, float], None]
    """Called now and then with the steps done and the last loss."""
    tell_loader: Callable[[str], None]
    """Called once, before the first step, with how batches are loaded."""
    note: Callable[[str], None]
    """Called with what people should know."""
    trials: int = 1
    """How many run on this machine at once, and share it."""
    goes_on: GoesOn = lambda *_: True
    """Called after each validation with the iteration and the score."""
    tell_curve: Callable[[Sequence[CurvePoint]], None] = lambda _: None
    """Called with what is new in the curve."""
    processes: Processes = ALONE
    """Those that train together; the first one writes."""
    peak: Callable[[], MemoryPeak] | None = None
    """Gives the most memory that a process took so far, for the resume point that is written at the end, from
    which testing goes on.  None: nothing follows training, and none is written."""


def train(
    network: nn.Module,
    dataset: Dataset,
    spec: TrialSpec,
    methods: Methods,
    normalisation: Normalisation,
    score: Score,
    setup: TrainingSetup,
) -> TrainingState:
    """Train `network` in place, going on from the folder's resume point if there is one.

    Args:
        network: On its device; maps (N, C, H, W) to logits (N, K, H, W), and outputs that follow them.
        dataset: Its train split is trained on.
        spec: Recipe, label fraction, seed and the metric that chooses the best state.
        methods: What the recipe names.
        normalisation: Of the images.
        score: Gives that metric on the validation split.
        setup: Device, folder, progress.

    Raises:
        TrialError: The loss became NaN, or the network's output has the wrong shape.
    """
    recipe, manifest, state = spec.recipe, dataset.manifest, TrainingState()
    processes = setup.processes
    together = processes.count > 1
    watch = WatchHook(state, recipe.iterations, setup.tell)
    resume = ResumeHook(
        setup.folder / RESUME_POINT,
        setup.fingerprint,
        setup.checkpoint_seconds,
        state,
        watch,
        setup.note,
        network,
        saves=processes.leads,
    )
    regime = Training(network, spec.model)
    loss = make_loss(methods, recipe, manifest.num_logits, manifest.ignore_value, setup.device)
    optimiser = _optimiser(methods, network, recipe, setup.device)
    side = crop_side(recipe, spec.model.size_divisor)
    augmentation = make_augmentation(methods, recipe, side, manifest.ignore_value)
    loader, plan = make_loader(
        *(dataset, spec, augmentation, setup.device, setup.folder, setup.trials, processes),
        instances=auxiliary_loss_of(network, len(spec.model.extra_outputs)) is not None,
    )
    if processes.leads:
        print(plan, flush=True)  # noqa: T201 - into the trial's log
    setup.tell_loader(str(plan))
    runner = TrialRunner(
        TrainingModule(
            network,
            loss,
            normalisation,
            setup.device,
            recipe.accumulate,
            num_extra=len(spec.model.extra_outputs),
            hold_still=regime.hold_still,
            compiles=recipe.compile,
            together=together,
        ),
        loader,
        recipe.iterations,
        optimiser,
        make_schedules(methods, optimiser, recipe),
        [
            *([SeedHook(spec.seed, processes.rank)] if together else []),
            watch,
            *([CompileHook(state)] if recipe.compile else []),
            _validation(network, regime, spec, score, setup.goes_on, state, watch),
            resume,
            CurveHook(state, setup.tell_curve),
        ],
        setup.folder / "mmengine",
        spec.seed,
        deterministic=recipe.deterministic,
    )
    try:
        with synchronised(network) if together else nullcontext(), suppress(PrunedError):
            runner.train()
            watch.pause()
            if setup.peak:
                state.memory = larger(state.memory, setup.peak())
                if processes.leads:
                    resume.save(runner, recipe.iterations)
        network.load_state_dict(state.best_weights)
    finally:  # whoever ends training by an error may want the network, too
        state.factors = regime.finish()
    state.optimiser = OptimiserSize.of(optimiser.optimizer)
    return state


def _optimiser(
    methods: Methods, network: nn.Module, recipe: Recipe, device: torch.device
) -> AutocastOptimWrapper:
    return AutocastOptimWrapper(
        build_optimiser(methods, network, recipe),
        device.type,
        bf16=recipe.precision == "bf16",
        largest_norm=recipe.clip_gradient_norm,
    )


def _validation(
    network: nn.Module,
    regime: Training,
    spec: TrialSpec,
    score: Score,
    goes_on: GoesOn,
    state: TrainingState,
    watch: WatchHook,
) -> ValidationHook:
    primary = next(metric for metric in spec.metrics if metric.name == spec.protocol.primary)
    return ValidationHook(
        state,
        watch,
        network,
        score,
        goes_on,
        primary.name,
        higher_is_better=primary.direction == "higher",
        iterations=spec.recipe.iterations,
        times=spec.recipe.validations,
        as_tested=regime.as_tested,
    )
