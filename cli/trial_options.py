"""Options of the verbs that run trials, ``run`` and ``tune``: declared once, so that they mean the same."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

MOST = 1024
"""Trials at once, or threads of one; more are a slip of the finger."""
MOST_MINUTES = 1e6
"""About two years."""
RESULTS = Path("results")
CHECKPOINT_SECONDS = 30.0


class PrecisionChoice(StrEnum):
    """What ``--precision`` takes."""

    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"


ModelsOption: TypeAlias = Annotated[
    str | None,
    typer.Option(help="Models, comma-separated: NAME, NAME@INIT, NAME[OPTION=VALUE]@file:PATH; or all."),
]
DatasetsOption: TypeAlias = Annotated[
    str | None,
    typer.Option(help="Datasets, comma-separated: NAME or folder:PATH.  [default: synthetic-em]"),
]
SeedsOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="How many seeds what is tested is trained with (3 means 0, 1, 2), or which: 3,7; one alone with "
        "a comma behind it: 7,  [default: 1, the seed 0]"
    ),
]
RecipeOption: TypeAlias = Annotated[
    str | None, typer.Option(help="How to train: a name of 'list recipes'.  [default: quick]")
]
ProtocolOption: TypeAlias = Annotated[
    str | None, typer.Option(help="How to score: a name of 'list protocols'.  [default: emseg-v1]")
]
SetOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change one value: recipe.iterations=200, protocol.overlap=0.25.",
    ),
]
OutOption: TypeAlias = Annotated[
    Path, typer.Option(help="Results folder; trials that are complete in it are not run again.")
]
DeviceOption: TypeAlias = Annotated[
    str,
    typer.Option(
        help="auto, cpu, cuda (all GPUs that are visible), mps, or which GPUs: cuda:1, cuda:0,cuda:2."
    ),
]
PrecisionOption: TypeAlias = Annotated[
    PrecisionChoice | None,
    typer.Option(
        help="bf16: bfloat16 under autocast; auto: where the hardware is made for it.  [default: auto]"
    ),
]
ExecutorOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="What runs the trials: NAME or NAME[OPTION=VALUE,...] of 'list executors'.  [default: local]"
    ),
]
WorkersOption: TypeAlias = Annotated[
    int,
    typer.Option(min=1, max=MOST, help="Trials at once on each device; of 'tune' on a cluster, in all."),
]
ThreadsOption: TypeAlias = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=MOST,
        help="CPU threads of one trial, on any machine: scores depend on them.  [default: 2]",
    ),
]
TimeoutOption: TypeAlias = Annotated[
    float | None,
    typer.Option(
        min=0.01, max=MOST_MINUTES, help="Stop a trial after so many minutes and mark it as failed."
    ),
]
CheckpointOption: TypeAlias = Annotated[
    float, typer.Option(min=0, max=60 * MOST_MINUTES, help="Seconds of training between resume points.")
]
TrackerOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME[OPTION=VALUE]",
        help="Draw every trial's curves in tensorboard, wandb[mode=offline,project=...] or mlflow[uri=...]; "
        "several are comma-separated.",
    ),
]
StrictWeightsOption: TypeAlias = Annotated[
    bool,
    typer.Option("--strict-weights", help="Stop if a model's published weights are not on this machine."),
]
DryRunOption: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")]
JsonOption: TypeAlias = Annotated[
    bool,
    typer.Option("--json", help="Print the plan or outcome as JSON; progress goes to standard error."),
]


def settings_of(set_: list[str] | None, precision: PrecisionChoice | None) -> list[str]:
    """Give all that changes values: what ``--set`` says, and ``--precision`` over it."""
    return [*(set_ or []), *([f"recipe.precision={precision}"] if precision else [])]
