"""``emseg-bench status``: how the trials of a results folder stand, from any terminal that sees it."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..benchmark.contracts.errors import StoreError
from ..benchmark.files.wording import duration
from .cells import NOTHING
from .exit_codes import interruptible

if TYPE_CHECKING:
    from ..benchmark.files.store import Store
    from ..benchmark.trials.signs import Sign
    from ..benchmark.trials.standing import Standing
    from .console import Console

WATCH_SECONDS = 2.0
NARROWER = (
    ("trial", "model", "dataset", "seed", "state", "phase", "done", "left", "last sign"),
    ("trial", "model", "seed", "state", "phase", "done", "left", "last sign"),
    ("model", "seed", "state", "done", "left"),
)
"""What narrower terminals show."""
EXAMPLES = "Examples:  emseg-bench status    emseg-bench status --out my_results --watch"


def status(
    out: Annotated[Path, typer.Option(help="A results folder.")] = Path("results"),
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again every two seconds, until no trial runs or waits.")
    ] = False,
    all_: Annotated[bool, typer.Option("--all", help="Show complete trials one by one, too.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, for machines; with --watch a line for each look.")
    ] = False,
) -> None:
    """Show which trials wait, run, are complete or failed, and why: nothing that runs is disturbed."""
    from ..benchmark.files.store import Store
    from .console import Console

    store, console = Store(out), Console()
    with interruptible("what runs goes on"):
        while _look(store, console, all_=all_, as_json=as_json, again=watch) and watch:
            time.sleep(WATCH_SECONDS)


def _look(store: Store, console: Console, *, all_: bool, as_json: bool, again: bool) -> bool:
    """Show how things stand; return whether any trial runs or waits.

    Raises:
        StoreError: There is no trial.
    """
    from ..benchmark.trials.standing import standings

    found = _as_clusters_say(standings(store))
    if not found:
        raise StoreError(
            f"there is no trial in {store.root / 'trials'}; name a folder that 'emseg-bench run' wrote, "
            "by --out."
        )
    if as_json:
        typer.echo(json.dumps([as_data(one) for one in found], indent=None if again else 2))
    else:
        if again and console.is_terminal:
            console.clear()
        _print(found, console, all_=all_)
    return any(one.state in {"running", "silent", "queued", "waiting"} for one in found)


def _print(found: Sequence[Standing], console: Console, *, all_: bool) -> None:
    from ..benchmark.files.wording import counted
    from ..benchmark.trials.standing import STATES
    from .tables import print_table, say

    order = list(STATES)
    shown = [one for one in found if all_ or one.state != "complete"]
    shown.sort(key=lambda one: (order.index(one.state), _name(one)))
    if shown:
        rows = [_row(one) for one in shown]
        print_table(rows, *([{key: row[key] for key in keys} for row in rows] for keys in NARROWER))
    for one in shown:
        if one.reason and one.state in {"failed", "damaged", "gone"}:
            say(console, f"{one.fingerprint[:12]} {_name(one)}: {one.state}: {one.reason}", "red")
    counts = Counter(one.state for one in found)
    told = [f"{counts[state]} {state}" for state in order if counts[state]]
    tuning = sum(one.named is not None and one.named.purpose == "tune" for one in found)
    of_them = f", {tuning} of them tuning" if tuning else ""
    say(console, f"{counted(len(found), 'trial')}{of_them}: {', '.join(told)}")
    for state in ("silent", "gone"):
        if counts[state]:
            say(console, f"{state}: {STATES[state]}", "dim")


def _row(one: Standing) -> dict[str, str]:
    from ..benchmark.trials.standing import BEGUN
    from ..benchmark.trials.trial_names import data_name
    from .trial_progress import PHASES

    named = one.named
    sign = one.sign if one.state in BEGUN else None
    return {
        "trial": one.fingerprint[:12],
        "model": named.model.label if named else NOTHING,
        "dataset": data_name(named) if named else NOTHING,
        "seed": str(named.seed) if named else NOTHING,
        "state": one.state,
        "phase": PHASES.get(sign.phase, sign.phase) or NOTHING if sign else NOTHING,
        "done": f"{100 * min(1.0, sign.done / sign.total):.0f} %" if sign and sign.total else NOTHING,
        "left": _duration(one.seconds_left),
        "where": _where(one, sign),
        "last sign": f"{_duration(one.seconds_silent)} ago" if sign else NOTHING,
    }


def _as_clusters_say(found: Iterable[Standing]) -> list[Standing]:
    """Ask the queues that trials are in, as far as this machine sees them."""
    known = list(found)
    if not any(one.ticket for one in known):
        return known
    from ..benchmark.executors.slurm.standing import as_slurm_says

    return as_slurm_says(known)


def _where(one: Standing, sign: Sign | None) -> str:
    """Name what runs a trial, or the job that will, and why it does not yet."""
    if one.state == "queued" and one.ticket:
        reason = f" ({one.reason})" if one.reason else ""
        return f"{one.ticket.by} job {one.ticket.job}{reason}"
    if sign is None:
        return NOTHING
    return ", ".join(filter(None, [sign.host, sign.device, f"process {sign.process}"]))


def _name(one: Standing) -> str:
    from ..benchmark.trials.trial_names import trial_name

    return trial_name(one.named) if one.named else one.fingerprint


def _duration(seconds: float | None) -> str:
    return NOTHING if seconds is None else duration(seconds)


def as_data(one: Standing) -> dict[str, Any]:
    """Give a standing as plain data."""
    sign, named = one.sign, one.named
    return {
        "fingerprint": one.fingerprint,
        "model": named.model.label if named else None,
        "dataset": named.dataset.label if named else None,
        "label_fraction": named.label_fraction if named else None,
        "seed": named.seed if named else None,
        "purpose": named.purpose if named else None,
        "state": one.state,
        "reason": one.reason or None,
        "phase": sign.phase or None if sign else None,
        "done": sign.done if sign else None,
        "total": sign.total if sign else None,
        "phase_seconds_left": one.seconds_left,
        "job": one.ticket.job if one.ticket else None,
        "host": sign.host if sign else None,
        "device": sign.device or None if sign else None,
        "process": sign.process if sign else None,
        "told_at": sign.at if sign else None,
        "seconds_silent": one.seconds_silent,
    }
