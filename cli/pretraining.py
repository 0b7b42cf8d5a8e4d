"""``emseg-bench pretrain``: learning from images without labels."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..benchmark.contracts.errors import EmsegError, TrialError
from .exit_codes import SOME_FAILED, WRONG_INPUT, interruptible
from .trial_options import PrecisionChoice

if TYPE_CHECKING:
    from ..benchmark.plugins.registry import Catalogue
    from ..benchmark.training.processes import Processes
    from ..pretraining.engine.output import OutputFolder, PretrainingRecord
    from ..pretraining.engine.planning import PretrainingPlan, Request
    from .console import Console

MOST_SECONDS = 1e6
"""Between two resume points: eleven days."""

EXAMPLES = """Examples:

  emseg-bench pretrain --method reconstruction --model retina --images cem500k --recipe retina-2025

  emseg-bench pretrain --method mocov2 --model "unet[encoder=resnet50]" --images cem500k --dry-run

  torchrun --nproc-per-node 4 --no-python emseg-bench pretrain --images cem500k --recipe retina-2025
"""


def pretrain(
    images: Annotated[
        Path,
        typer.Option(
            help="Folder of PNG or TIFF images, at any depth; or a fetched dataset without labels.",
            metavar="DIR|NAME",
        ),
    ],
    method: Annotated[
        str, typer.Option(help="How to learn; 'emseg-bench list pretraining' shows all.")
    ] = "reconstruction",
    model: Annotated[str, typer.Option(help="What learns: NAME or NAME[OPTION=VALUE].")] = "retina",
    recipe: Annotated[
        str | None, typer.Option(help="One of the method's recipes.  [default: its first]")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change one value: recipe.epochs=50, method.holes=0."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Decides everything random.")] = 0,
    out: Annotated[
        Path, typer.Option(help="Output folder; the same command goes on with what is in it.")
    ] = Path("pretrained"),
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    precision: Annotated[
        PrecisionChoice | None,
        typer.Option(help="bf16: bfloat16 under autocast.  [default: the recipe's]"),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Loader processes.  [default: 0 on a CPU, up to 16 per GPU]")
    ] = None,
    tracker: Annotated[
        str | None, typer.Option(help="Also write loss and learning rate to OUT/tracker for: tensorboard.")
    ] = None,
    checkpoint_seconds: Annotated[
        float, typer.Option(min=0, max=MOST_SECONDS, help="Seconds between two resume points.")
    ] = 30.0,
    skip_unreadable: Annotated[
        bool, typer.Option("--skip-unreadable", help="Leave out images that cannot be used.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Index the images, print the plan and stop.")
    ] = False,
) -> None:
    """Pre-train a model on images without labels; use the result as NAME@file:OUT/weights.safetensors."""
    from ..benchmark.executors.openmp import share_cores
    from ..benchmark.training.processes import detect
    from ..pretraining.engine.output import OutputFolder
    from ..pretraining.engine.planning import Request

    share_cores()
    processes = detect(os.environ)
    settings = [*(set_ or []), *([f"recipe.precision={precision}"] if precision else [])]
    request = Request(
        method=method,
        model=model,
        images=images,
        recipe=recipe,
        settings=settings,
        seed=seed,
        skip_unreadable=skip_unreadable,
    )
    use = _Use(device=device, workers=workers, tracker=tracker, checkpoint_seconds=checkpoint_seconds)
    try:
        with interruptible(speaks=processes.leads):
            _pretrain(request, OutputFolder(out), processes, use, dry_run=dry_run)
    except TrialError as error:
        typer.echo(f"{_who(processes)}failed: {error}", err=True)
        raise typer.Exit(SOME_FAILED) from None
    except EmsegError as error:
        if processes.count == 1:
            raise
        typer.echo(f"{_who(processes)}error: {error}", err=True)
        raise typer.Exit(WRONG_INPUT) from None


@dataclass(frozen=True, slots=True)
class _Use:
    """What of the machine may be used, and how."""

    device: str
    workers: int | None
    tracker: str | None
    checkpoint_seconds: float


def _who(processes: Processes) -> str:
    """Say which process speaks, where there are several."""
    return f"process {processes.rank} of {processes.count}: " if processes.count > 1 else ""


def _pretrain(
    request: Request,
    folder: OutputFolder,
    processes: Processes,
    use: _Use,
    *,
    dry_run: bool,
) -> None:
    from ..benchmark.files.outputs import check_output_folder
    from ..benchmark.plugins.loading import load_plugins
    from ..benchmark.profiling.hardware import choose_device
    from ..benchmark.training.processes import own_device
    from ..datasets.fetching.store import DataStore
    from ..pretraining.engine.fetched import folder_of
    from ..pretraining.engine.output import check_same, read_record
    from ..pretraining.engine.planning import make_plan
    from ..pretraining.engine.tracker import check_tracker
    from .console import Console
    from .pretraining_progress import indexing
    from .tables import say

    console = Console(quiet=not processes.leads)
    if use.tracker:
        check_tracker(use.tracker)
    catalogue = load_plugins().catalogue
    store = DataStore.here()
    request = replace(request, images=folder_of(request.images, catalogue.datasets, store))
    where = own_device(choose_device(use.device), processes)
    with indexing(console) as tell:
        plan = make_plan(request, catalogue, device=where, processes=processes, cache=store.cache, tell=tell)
    check_output_folder(folder.path, "--out", [Path(plan.spec.folder)], deep=True)
    _announce(plan, processes, where, console)
    if folder.spec.exists():
        check_same(folder, plan.spec)
    if record := read_record(folder):
        say(console, "complete already", "dim")
        _show_result(record, folder, console)
    elif not dry_run:
        _run(plan, folder, catalogue, processes, where, use, console)


def _run(
    plan: PretrainingPlan,
    folder: OutputFolder,
    catalogue: Catalogue,
    processes: Processes,
    device: str,
    use: _Use,
    console: Console,
) -> None:
    from ..benchmark.training.processes import agree, joined
    from ..pretraining.engine.output import held
    from ..pretraining.engine.spec import fingerprint
    from ..pretraining.engine.tracker import open_tracker
    from ..pretraining.engine.train import PretrainingSetup, pretrain
    from .pretraining_progress import show
    from .tables import say

    with joined(processes, device), held(folder, plan.spec, processes), show(plan.spec, console) as tell:
        agree(fingerprint(plan.spec), "images")
        setup = PretrainingSetup(
            device=device,
            processes=processes,
            workers=use.workers,
            checkpoint_seconds=use.checkpoint_seconds,
            tell=tell,
            note=lambda text: say(console, f"note: {text}", "yellow"),
            visualizer=open_tracker(use.tracker, folder.tracker) if use.tracker and processes.leads else None,
        )
        record = pretrain(plan, folder, catalogue, setup)
    if record:
        _show_result(record, folder, console)


def _announce(plan: PretrainingPlan, processes: Processes, device: str, console: Console) -> None:
    """Say what will run, on what, and where."""
    from .tables import say

    spec, recipe = plan.spec, plan.spec.recipe
    tiles = f", seen as {spec.tiles:,}" if spec.tiles != spec.images else ""
    share = f", {processes.count} processes" if processes.count > 1 else ""
    say(
        console,
        f"{spec.method} of {spec.model_label} on {spec.images:,} images{tiles}; recipe {plan.recipe}; "
        f"{recipe.epochs} epochs of {spec.steps_per_epoch:,} steps of {recipe.batch_size} images, "
        f"{recipe.crop} px; {device}{share}, {recipe.precision}",
    )
    for note in plan.index.unread:
        say(console, f"note: {note}", "yellow")


def _show_result(record: PretrainingRecord, folder: OutputFolder, console: Console) -> None:
    from ..benchmark.plugins.references import escaped
    from .tables import say

    say(
        console,
        f"{record.steps:,} steps in {record.train_seconds:,.0f} s, {record.images_per_s:,.1f} images/s; "
        f"last loss {record.loss:.4f}",
    )
    say(console, f"weights: {folder.weights}")
    start = f"{record.spec.model_label}@file:{escaped(str(folder.weights))}"
    say(console, f"use them: {shlex.join(['emseg-bench', 'run', '--models', start])}")
