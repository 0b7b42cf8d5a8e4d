"""``emseg-bench data init``: looks at a lab's data and describes them in a ``dataset.yaml``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..datasets.drafting.draft import Draft

EXAMPLES = "Examples:  emseg-bench data init /data/my_cells    emseg-bench data init /data/cells.h5"


def init(
    path: Annotated[
        Path, typer.Argument(help="A folder of images and masks or of volumes, or a file.", metavar="PATH")
    ],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Take the place of a dataset.yaml that is there.")
    ] = False,
) -> None:
    """Look at your data, write a dataset.yaml beside them, and say what was decided and what to check."""
    from ..benchmark.contracts.errors import DataError
    from ..benchmark.files.cache import cache_folder
    from ..datasets.drafting.drafting import draft, try_out, write

    found = draft(path.expanduser(), cache_folder())
    write(found, overwrite=overwrite)
    typer.echo(f"wrote {found.place}\n")
    _tell("decided", found.decided)
    try:
        manifest = try_out(found, cache_folder())
    except DataError as error:
        _tell("to check", (*found.to_check, f"it cannot be used as it is: {error}"))
        return
    sizes = ", ".join(f"{split} {len(manifest.split(split))}" for split in ("train", "val", "test"))
    _tell("splits", (f"{sizes} images; {manifest.split_rule}",))
    notes = (note.rstrip(".") for note in (*manifest.unread, *manifest.notes))
    _tell("to check", tuple(dict.fromkeys([*found.to_check, *notes])))
    _next(found)


def _tell(title: str, sentences: tuple[str, ...]) -> None:
    if sentences:
        typer.echo("\n".join([f"{title}:", *(f"  - {sentence}" for sentence in sentences), ""]))


def _next(found: Draft) -> None:
    typer.echo(
        f"look at them:  {shlex.join(['emseg-bench', 'data', 'inspect', found.reference])}\n"
        "and then run:  "
        f"{shlex.join(['emseg-bench', 'run', '--models', 'unet', '--datasets', found.reference])}"
    )
