"""``emseg-bench unbundle``: a results folder from somebody's file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .exit_codes import interruptible

EXAMPLES = "Examples:  emseg-bench unbundle study.zip --out results"


def unbundle(
    file: Annotated[Path, typer.Argument(help="What 'emseg-bench bundle' wrote.", metavar="FILE")],
    out: Annotated[
        Path, typer.Option(help="The results folder to make; there may be nothing in it.", show_default=False)
    ],
) -> None:
    """Make a results folder of a bundle, once every file in it has been checked."""
    from ..benchmark.files.wording import counted
    from ..benchmark.sharing.unbundling import unbundle as make_folder
    from .console import Console
    from .progress import LINE_SECONDS, display
    from .tables import say

    console = Console()
    with interruptible("nothing was written"):
        with display(console, transient=True) as shown:
            work = shown.add("unpacking", first=LINE_SECONDS)
            told = make_folder(file, out, work.update)
        without = f", without {' and '.join(told.left_behind)}" if told.left_behind else ""
        say(console, f"{out}: {counted(told.trials, 'trial')}{without}, written by {told.written_by}")
        say(console, f"make its report with: emseg-bench report {out}")
