"""``emseg-bench trial``: runs the trial of one folder, for executors that start it where they like."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .exit_codes import ALL_DONE, SOME_FAILED, TERMINATED, interruptible
from .trial_options import MOST, TrackerOption

EXAMPLES = "Example:  emseg-bench trial results/trials/3f9a0c.../ --device cuda"
EXITS = {"complete": ALL_DONE, "failed": SOME_FAILED, "stopped": TERMINATED}


def trial(
    folder: Annotated[
        Path,
        typer.Argument(help="A trial's folder, in which 'run' has written trial.json.", metavar="FOLDER"),
    ],
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    checkpoint_seconds: Annotated[
        float, typer.Option(min=0, help="Seconds of training between two resume points.")
    ] = 30.0,
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder of converted data and weights.  [default: this user's]"),
    ] = None,
    tracker: TrackerOption = None,
    at_once: Annotated[
        int, typer.Option(min=1, max=MOST, help="Trials that share this machine meanwhile, this one counted.")
    ] = 1,
) -> None:
    """Run one planned trial here, and leave its record, log and signs of life in its folder.

    Ends with 0 if it is complete, 1 if it failed, and 143 if SIGTERM ended it: then there is no record, and
    the same command goes on from the trial's resume point.
    """
    from ..benchmark.contracts.running import Runtime
    from ..benchmark.executors.alone import run_folder
    from ..benchmark.executors.temporary import sweep, use_own_folder
    from ..benchmark.files.cache import cache_folder
    from ..benchmark.profiling.hardware import choose_device
    from ..benchmark.trials.tracking import check_trackers

    runtime = Runtime(
        device=choose_device(device),
        workers=at_once,
        checkpoint_seconds=checkpoint_seconds,
        cache=str(cache.absolute() if cache else cache_folder()),
        trackers=check_trackers(tracker) if tracker else (),
    )
    sweep()
    use_own_folder()
    with interruptible():
        end = run_folder(folder, runtime, lambda _: None)
    if end.message:
        typer.echo(f"{end.kind}: {end.message}", err=True)
    raise typer.Exit(EXITS[end.kind])
