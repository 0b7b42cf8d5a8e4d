"""Pre-trains one model by one method, going on from a resume point if there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import psutil
import torch
from mmengine.hooks import Hook
from mmengine.visualization import Visualizer
from torch import nn

from ...benchmark.contracts.basics import OptionValue
from ...benchmark.contracts.cards import ModelCard, ModelToPretrain
from ...benchmark.contracts.pretraining import PretrainingMethod
from ...benchmark.plugins.lazy import resolve
from ...benchmark.plugins.registry import Catalogue, Offer
from ...benchmark.plugins.strangers import blaming
from ...benchmark.training.memory_layout import channels_last
from ...benchmark.training.processes import Processes, mean_over_processes
from ...benchmark.training.resume import ResumeHook
from ...benchmark.training.runner import TrialRunner
from ...benchmark.training.seeding import SeedHook
from ...benchmark.training.state import TrainingState
from ...benchmark.training.watch import WatchHook
from ...benchmark.trials.parts import seed_everything
from .batches import ViewDataset, default_workers, make_loader, some_views
from .hooks import EpochHook
from .images import ImageStore
from .optimisation import build_optimiser, build_schedule
from .output import OutputFolder, PretrainingRecord
from .planning import PretrainingPlan
from .results import Results
from .spec import PretrainingSpec, fingerprint
from .step import PretrainingStep

PANEL_ROWS = 6
MEMORY_SHARE = 0.25
"""Of the memory that is free: decoded images that all processes of a machine keep."""
READ_INTERVAL = 10
"""Most steps between two readings of the loss: reading makes a GPU wait."""
READINGS = 1000
"""Least number of readings in a long pre-training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainingSetup:
    """Where pre-training happens and what it may use; nothing here changes a weight."""

    device: str
    processes: Processes
    workers: int | None = None
    """Loader processes; None: as many as the device needs."""
    checkpoint_seconds: float = 30.0
    """Between two resume points."""
    tell: Callable[[int, float], None]
    """Called now and then with the steps done and the loss."""
    note: Callable[[str], None]
    """Called, in the first process, with what people should know."""
    visualizer: Visualizer | None = None
    """Hears loss and learning rate."""


def pretrain(
    plan: PretrainingPlan, folder: OutputFolder, catalogue: Catalogue, setup: PretrainingSetup
) -> PretrainingRecord | None:
    """Run a pre-training to its end; every process of several calls it, the first one writes.

    Args:
        plan: What and on which images.
        folder: Takes what comes of it.
        catalogue: What the plugins offer.
        setup: Device, processes, progress.

    Returns:
        The record; None in all processes but the first.

    Raises:
        DataError: An image has changed since it was indexed.
        TrialError: The loss or the weights became NaN.
    """
    spec, device = plan.spec, torch.device(setup.device)
    seed_everything(spec.seed)
    method = build_method(spec, catalogue)
    channels_last(method.module.to(device))
    images = ImageStore(plan.index, spec.recipe.tile, _cache_bytes(setup.processes))
    state = TrainingState()
    results = Results(folder, spec, method, state, setup.processes)
    watch = _watch(spec, state, setup)
    hooks = [SeedHook(spec.seed, setup.processes.rank), watch]
    if setup.processes.leads:
        hooks += _writing(spec, method, images, results, watch, device)
    hooks += [_resume(spec, folder, state, watch, setup)]
    optimiser = build_optimiser(method.module, spec, catalogue, device)
    workers = default_workers(device, setup.processes) if setup.workers is None else setup.workers
    TrialRunner(
        PretrainingStep(method, device, spec.recipe.accumulate, setup.processes),
        make_loader(ViewDataset(images, method, spec.seed), spec, setup.processes, device, workers),
        spec.steps,
        optimiser,
        [build_schedule(optimiser, spec, catalogue)],
        hooks,
        folder.scratch,
        spec.seed,
        deterministic=False,
        visualizer=setup.visualizer,
    ).train()
    watch.pause()
    if setup.visualizer:
        setup.visualizer.close()
    return results.finish(setup.device) if setup.processes.leads else None


def build_method(spec: PretrainingSpec, catalogue: Catalogue) -> PretrainingMethod:
    """Build the method with its model, on the CPU, with random weights.

    Raises:
        PluginError: It cannot be built, or the model cannot.
    """
    offer = catalogue.find(catalogue.pretraining, spec.method)
    model = _model(catalogue.find(catalogue.models, spec.model), spec.model_options)
    with blaming(offer, "starting it"):
        method: PretrainingMethod = resolve(offer.card.factory, offer)(
            model, spec.recipe, spec.normalisation, **spec.method_options
        )
    return method


def _model(offer: Offer[ModelCard], options: Mapping[str, OptionValue]) -> ModelToPretrain:
    card = offer.card

    def segmentation() -> nn.Module:
        with blaming(offer, "building it"):
            network: nn.Module = resolve(card.factory, offer)(1, 1, **options)
        return network

    def reconstruction() -> nn.Module:
        with blaming(offer, "building its network that reconstructs"):
            network: nn.Module = resolve(card.reconstruction, offer)(**options)
        return network

    return ModelToPretrain(
        card=card,
        segmentation=segmentation,
        reconstruction=reconstruction if card.reconstruction else segmentation,
    )


def _cache_bytes(processes: Processes) -> int:
    return int(psutil.virtual_memory().available * MEMORY_SHARE) // processes.local_count


def _watch(spec: PretrainingSpec, state: TrainingState, setup: PretrainingSetup) -> WatchHook:
    interval = max(1, min(READ_INTERVAL, spec.steps // READINGS))

    def tell(done: int, loss: float) -> None:
        setup.tell(done, loss)
        if setup.visualizer:
            for point in state.curve[-2:]:  # loss and learning rate of this step
                setup.visualizer.add_scalar(point.series, point.value, done)

    return WatchHook(state, spec.steps, tell, interval, mean_over_processes)


def _writing(
    spec: PretrainingSpec,
    method: PretrainingMethod,
    images: ImageStore,
    results: Results,
    watch: WatchHook,
    device: torch.device,
) -> list[Hook]:
    """Give the hooks that keep weights and draw pictures."""
    recipe, steps = spec.recipe, spec.steps_per_epoch
    hooks = [EpochHook(steps * recipe.save_every, recipe.save_every, results.save_epoch, watch)]
    if recipe.panels_every:
        views = [view.to(device) for view in some_views(images, method, spec.seed, PANEL_ROWS)]
        draw = partial(results.draw_panels, views)
        hooks += [EpochHook(steps * recipe.panels_every, recipe.panels_every, draw, watch)]
    return hooks


def _unheard(_: str) -> None:
    """Take what the first process says as well."""


def _resume(
    spec: PretrainingSpec,
    folder: OutputFolder,
    state: TrainingState,
    watch: WatchHook,
    setup: PretrainingSetup,
) -> ResumeHook:
    return ResumeHook(
        folder.resume,
        fingerprint(spec),
        setup.checkpoint_seconds,
        state,
        watch,
        setup.note if setup.processes.leads else _unheard,
        saves=setup.processes.leads,
    )
