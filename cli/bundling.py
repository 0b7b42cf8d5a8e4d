"""``emseg-bench bundle``: results in one file, for others."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ..benchmark.contracts.errors import UsageError
from .exit_codes import ALL_DONE, SOME_FAILED, interruptible

EXAMPLES = """Examples:

  emseg-bench bundle --out study.zip

  emseg-bench bundle my_results --labels --weights --out study.zip
"""


def bundle(
    out: Annotated[Path, typer.Option(help="The file to write: study.zip.", show_default=False)],
    folder: Annotated[Path, typer.Argument(help="A results folder.", metavar="DIR")] = Path("results"),
    labels: Annotated[
        bool,
        typer.Option(
            "--labels", help="Take predicted label maps along, so that others can score them again."
        ),
    ] = False,
    weights: Annotated[
        bool, typer.Option("--weights", help="Take trained weights along, so that others can predict.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Write a results folder into one file: records, scores, pictures, the plan, and the hashes of all."""
    from ..benchmark.files.limits import told
    from ..benchmark.files.store import Store
    from ..benchmark.files.wording import counted
    from ..benchmark.plugins.loading import load_plugins
    from ..benchmark.sharing.bundles import SUFFIX
    from ..benchmark.sharing.bundling import Choice
    from ..benchmark.sharing.bundling import bundle as write_bundle
    from .console import Console
    from .json_output import json_stream
    from .progress import steps
    from .tables import say

    if out.suffix != SUFFIX:
        raise UsageError(f"got --out {out}, expected a file whose name ends in {SUFFIX}.")
    choice, store = Choice(labels=labels, weights=weights), Store(folder)
    with json_stream(as_json) as stream, interruptible("nothing was written"):
        console = Console(stderr=stream is not None)
        with steps("bundling", sum(1 for _ in store.trials()), console) as on_trial:
            written = write_bundle(store, out, choice, load_plugins().catalogue, on_trial)
        if stream:
            typer.echo(json.dumps({"file": str(out), **asdict(written)}, indent=2), stream)
        else:
            for item in written.left_out:
                say(console, f"left out: {item.reason}", "red")
            without = f", without {' and '.join(choice.left_behind)}" if choice.left_behind else ""
            say(console, f"{out}: {counted(written.trials, 'trial')}{without}, {told(written.bytes)}")
    raise typer.Exit(SOME_FAILED if written.left_out else ALL_DONE)
