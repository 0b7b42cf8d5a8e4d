"""``emseg-bench plugins check``: does a plugin keep the contract?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from .exit_codes import SOME_FAILED, interruptible

if TYPE_CHECKING:
    from ..testing.findings import Outcome
    from ..testing.isolation import Listener

EXAMPLES = (
    "Examples:  emseg-bench plugins check emseg-attention-unet    emseg-bench plugins check ./my-plugin    "
    "emseg-bench plugins check unet iou folder:/data/my_cells"
)

MARKS = {"passed": "pass", "failed": "FAIL", "blocked": "not made"}


def check(
    names: Annotated[
        list[str],
        typer.Argument(
            help="Installed packages, cards (unet, metric:iou, folder:PATH), modules, or paths of packages "
            "that are not installed.",
            metavar="NAME...",
        ),
    ],
    timeout: Annotated[
        float, typer.Option(help="A check that takes longer has failed.", metavar="SECONDS", min=1.0)
    ] = 120.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """Check that plugins keep the contract, in a process apart; exit 1 if a check fails."""
    outcomes: list[Outcome] = []
    with interruptible("what was checked is shown above"):
        try:
            with _progress() as on_start:
                outcomes.extend(_outcomes(names, timeout, on_start))
        finally:
            _print(outcomes, as_json=as_json)
    if any(outcome.status == "failed" for outcome in outcomes):
        raise typer.Exit(SOME_FAILED)


def _outcomes(names: Sequence[str], timeout: float, on_start: Listener) -> Iterator[Outcome]:
    from ..testing.isolation import check_in_child

    for name in dict.fromkeys(names):
        yield from check_in_child(name, timeout, on_start)


@contextmanager
def _progress() -> Iterator[Listener]:
    """Say on standard error what is being checked: in one line in a terminal, a line per card elsewhere."""
    from .console import Console

    console = Console(stderr=True)
    if console.is_terminal:
        with console.status("loading plugins") as status:
            yield lambda subject, check: status.update(f"{subject}: {check}")
    else:
        yield _say_each_once()


def _say_each_once() -> Listener:
    seen = set[str]()

    def say(subject: str, _: str) -> None:
        if subject not in seen:
            typer.echo(f"checking {subject}", err=True)
        seen.add(subject)

    return say


def _print(outcomes: Sequence[Outcome], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([asdict(outcome) for outcome in outcomes], indent=2))
    elif outcomes:
        _show(outcomes)


def _show(outcomes: Sequence[Outcome]) -> None:
    from .console import Console
    from .tables import print_table, say

    print_table([{"checked": o.subject, "check": o.check, "result": MARKS[o.status]} for o in outcomes])
    console = Console()
    for one in outcomes:
        if one.status == "failed":
            say(console, f"{one.subject} fails {one.check!r}: {one.message}")
    count = {status: sum(one.status == status for one in outcomes) for status in MARKS}
    blocked = f", {count['blocked']} not made because of those" if count["blocked"] else ""
    say(console, f"{count['passed']} passed, {count['failed']} failed{blocked}.")
