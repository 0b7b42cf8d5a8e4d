"""``emseg-bench plugins list``: who offers what, how quickly it is imported, and what failed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..benchmark.plugins.plugin_survey import Surveyed

EXAMPLES = "Examples:  emseg-bench plugins list    emseg-bench plugins list --json"

GOOD, BAD = "", "red"


def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """List the installed distributions with plugins: what they offer, how fast, and why not."""
    from ..benchmark.plugins.loading import load_plugins
    from ..benchmark.plugins.plugin_survey import survey_plugins

    found = survey_plugins(load_plugins())
    if as_json:
        typer.echo(json.dumps([_as_data(one) for one in found], indent=2))
        return
    _print(found)


def _as_data(one: Surveyed) -> dict[str, Any]:
    return {
        "distribution": one.distribution,
        "version": one.version,
        "import_ms": round(one.import_ms, 1),
        "slow": one.slow,
        "offers": {kind: list(names) for kind, names in one.offers.items()},
        "trial_events": list(one.trial_events),
        "problems": [asdict(problem) for problem in one.problems],
    }


def _lines(one: Surveyed) -> Iterator[tuple[int, str, str]]:
    """Give the lines about a distribution: indent, text and style."""
    yield 0, f"{one.distribution} {one.version}", "bold"
    for kind, names in one.offers.items():
        ending = "" if len(names) == 1 else "es" if kind.endswith("s") else "s"
        yield 2, f"{len(names)} {kind}{ending}: {', '.join(names)}", GOOD
    if one.trial_events:
        yield 2, f"hears {' and '.join(one.trial_events)}", GOOD
    for problem in one.problems:
        yield 2, f"FAILED ({problem.where}): {problem.what}. {problem.remedy}", BAD
    if not (one.offers or one.trial_events or one.problems):
        yield 2, "offers nothing", BAD
    if one.slow:
        yield (
            2,
            f"SLOW: importing it takes {one.import_ms:.0f} ms, and every command waits for it; "
            "torch and the like belong into the modules that cards name",
            BAD,
        )


def _print(found: Sequence[Surveyed]) -> None:
    """Print what was found: wrapped and coloured in a terminal; elsewhere whole lines, without rich."""
    lines = [line for one in found for line in _lines(one)]
    if not sys.stdout.isatty():
        for indent, text, _ in lines:
            typer.echo(" " * indent + text)
        return
    from rich.padding import Padding
    from rich.text import Text

    from .console import Console

    console = Console()
    for indent, text, style in lines:
        console.print(Padding(Text(text, style), (0, 0, 0, indent)))
