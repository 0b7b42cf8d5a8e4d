"""``emseg-bench verify``: whether results are what they say they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..benchmark.contracts.errors import StoreError
from .exit_codes import ALL_DONE, SOME_FAILED, interruptible

if TYPE_CHECKING:
    from ..benchmark.sharing.verifying import Verified

EXAMPLES = """Examples:

  emseg-bench verify

  emseg-bench verify study.zip --no-scores
"""


def verify(
    place: Annotated[
        Path, typer.Argument(help="A results folder, or a bundle of one.", metavar="DIR|FILE")
    ] = Path("results"),
    no_scores: Annotated[
        bool,
        typer.Option("--no-scores", help="Check records and hashes alone, and score no label maps again."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Check every record and hash of results, and score their label maps again where the data is here."""
    from ..benchmark.files.cache import cache_folder
    from ..benchmark.plugins.loading import load_plugins
    from ..benchmark.sharing.unbundling import opened
    from ..benchmark.sharing.verifying import verify_trial
    from .console import Console
    from .json_output import json_stream
    from .progress import steps

    with json_stream(as_json) as stream, interruptible("nothing was changed"), opened(place) as store:
        folders = list(store.trials())
        if not folders:
            raise StoreError(
                f"there is no trial with a record in {place}; name a folder that 'emseg-bench run' wrote, or "
                "a bundle."
            )
        catalogue, cache = load_plugins().catalogue, cache_folder()
        found: list[Verified] = []
        with steps("verifying", len(folders), Console(stderr=stream is not None)) as on_trial:
            for folder in folders:
                found.append(verify_trial(folder, store, catalogue, cache, with_scores=not no_scores))
                on_trial()
        if stream:
            typer.echo(json.dumps({"trials": [asdict(one) for one in found]}, indent=2), stream)
        else:
            _tell(found)
    raise typer.Exit(SOME_FAILED if any(one.faults for one in found) else ALL_DONE)


def _tell(found: Sequence[Verified]) -> None:
    from ..benchmark.files.wording import counted
    from .console import Console
    from .tables import print_table, say

    console = Console()
    print_table(
        [
            {
                "trial": one.trial[:12],
                "which": one.name or "–",
                "as written": "no" if one.faults else "yes",
                "scores again": one.scores,
            }
            for one in found
        ]
    )
    for one in found:
        for fault in one.faults:
            say(console, f"{one.trial[:12]}: {fault}", "red")
    for text in dict.fromkeys(text for one in found for text in one.unchecked):
        trials = sum(text in one.unchecked for one in found)
        say(console, f"not checked in {counted(trials, 'trial')}: {text}", "dim")
    bad = sum(bool(one.faults) for one in found)
    equal = sum(one.scores == "equal" for one in found)
    again = f"; of {equal} the scores were worked out again and are the same" if equal else ""
    say(console, f"{counted(len(found), 'trial')}: {len(found) - bad} as written, {bad} not{again}")
