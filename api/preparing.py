"""From what is asked for to a run that can start: for the command line and for Python alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..benchmark.contracts.errors import UnknownNameError, UsageError
from ..benchmark.contracts.running import Runtime
from ..benchmark.executors.choosing import ChosenExecutor, choose_executor
from ..benchmark.experiments.experiment import Experiment
from ..benchmark.experiments.planning import Plan, make_plan
from ..benchmark.files.cache import cache_folder
from ..benchmark.files.outputs import check_output_folder
from ..benchmark.files.store import Store
from ..benchmark.images.volumes.opening import split_location
from ..benchmark.plugins.every_model import optional_models
from ..benchmark.plugins.loading import Plugins, installed_plugins
from ..benchmark.profiling.hardware import believed_device, choose_devices
from ..benchmark.trials.providers import told_by_stored
from ..benchmark.trials.session import pending
from ..benchmark.trials.staleness import Stale, stale_notes, stale_trials
from ..benchmark.trials.staleness import keep_stale as keep
from ..datasets.inspection.remarks import remarks


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run whose input has been checked."""

    wanted: Experiment
    plan: Plan
    todo: tuple[str, ...]
    """Fingerprints of the trials that are to run: which are complete is looked up once."""
    store: Store
    runtime: Runtime
    """Its devices are settled."""
    chosen: ChosenExecutor
    plugins: Plugins
    stale: Mapping[str, Stale]
    """Stored trials that ran before, by the fingerprints of those that are asked for now."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be said before it starts."""
        return (*self.plan.notes, *self.chosen.notes, *stale_notes(self.plan, self.stale))


def prepare(wanted: Experiment, runtime: Runtime, out: Path, *, keep_stale: bool) -> Prepared:
    """Plan an experiment, and check all that can be checked without torch.

    Args:
        wanted: What is asked for.
        runtime: How it runs; its device is as users give it (``auto``), other devices and cache are not set.
        out: The results folder.
        keep_stale: Whether trials are kept that ran before and of which nothing but code changed.

    Raises:
        EmsegError: Something of it is wrong; nothing was started.
    """
    plugins, store = installed_plugins(), Store(out)
    chosen = choose_executor(wanted.executor, plugins.catalogue)
    runtime = settled(runtime, chosen)
    try:
        plan = make_plan(
            wanted,
            plugins.catalogue,
            device=runtime.device,
            elsewhere=chosen.elsewhere,
            cache=Path(runtime.cache),
            remarks=remarks,
        )
    except UnknownNameError as error:
        raise told_by_stored(error, store) from None
    if not chosen.elsewhere:
        check_devices(plan, runtime.devices)
    check_output_folder(out, "--out", places_of(plan))
    missing = pending(plan, store)
    stale = stale_trials(plan, missing, store)
    plan = keep(plan, stale) if keep_stale else plan
    todo = tuple(name for name in missing if name not in plan.kept)
    return Prepared(wanted, plan, todo, store, runtime, chosen, plugins, stale)


def settled(runtime: Runtime, chosen: ChosenExecutor) -> Runtime:
    """Find out which devices trials have, and where data is cached.

    Args:
        runtime: Its device is as users give it (``auto``); other devices and cache are not set.
        chosen: Where trials run elsewhere, a device is believed by its name.

    Raises:
        UsageError: There is no such device here.
    """
    asked = runtime.device
    devices = (believed_device(asked, chosen.label),) if chosen.elsewhere else choose_devices(asked)
    where = "cpu" if devices[0].startswith("cpu") else devices[0]
    return replace(runtime, device=where, devices=devices, cache=str(cache_folder()))


def try_out(prepared: Prepared) -> Prepared:
    """Try the models out that are to run; leave those out that cannot, where nobody asked for them by name.

    Raises:
        UsageError: A model that was asked for cannot take its weights, crops or batches.
    """
    if not prepared.todo:
        return prepared
    from ..benchmark.executors.rehearsal import ELSEWHERE, rehearse

    runtime, models = prepared.runtime, prepared.plugins.catalogue.models.offers
    optional = optional_models(prepared.wanted.models, models)
    place = ELSEWHERE if prepared.chosen.elsewhere else runtime.device
    plan = rehearse(prepared.plan, prepared.todo, optional, Path(runtime.cache), runs_on=place)
    return replace(prepared, plan=plan, todo=tuple(name for name in prepared.todo if name in plan.trials))


def check_devices(plan: Plan, devices: tuple[str, ...]) -> None:
    """Check that every trial can have as many devices as it takes.

    Raises:
        UsageError: One cannot.
    """
    from ..benchmark.executors.devices import lack, needed

    most = max((trial.recipe.processes for trial in plan.trials.values()), default=1)
    if needed(most, devices) > len(devices):
        raise UsageError(lack(most, devices))


def places_of(plan: Plan) -> set[Path]:
    """Return the files and folders of data that a plan reads."""
    locations = {spec.dataset.location for spec in plan.trials.values()}
    return {split_location(location)[0] for location in locations if location}
