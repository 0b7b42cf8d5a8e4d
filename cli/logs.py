"""``emseg-bench log``: what a trial's process prints, while it runs and afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..benchmark.contracts.errors import StoreError, UsageError
from .exit_codes import interruptible

if TYPE_CHECKING:
    from ..benchmark.files.store import Store, TrialFolder
    from ..benchmark.trials.standing import Standing

EXAMPLES = "Examples:  emseg-bench log 3f9a0c    emseg-bench log unet/0 --out my_results --no-follow"
LOOK_SECONDS = 0.5
PIECE_BYTES = 1 << 20
FEWEST_DIGITS = 4
"""Of a fingerprint; fewer may be the name of a model."""
MOST_LISTED = 10


def log(
    trial: Annotated[
        str, typer.Argument(help="The beginning of its fingerprint, or MODEL/SEED.", metavar="TRIAL")
    ],
    out: Annotated[Path, typer.Option(help="A results folder.")] = Path("results"),
    follow: Annotated[
        bool, typer.Option("--follow/--no-follow", help="Go on as long as the trial runs.")
    ] = True,
) -> None:
    """Print a trial's log, and what is added to it as long as the trial runs."""
    from ..benchmark.files.printable import printable
    from ..benchmark.files.store import Store

    folder = find_trial(trial, Store(out))
    with interruptible("what runs goes on"):
        for text in _texts(folder, follow=follow):
            typer.echo(printable(text.replace("\r", "\n"), lines=True), nl=False)


def find_trial(name: str, store: Store) -> TrialFolder:
    """Find the one trial that is meant.

    Args:
        name: The beginning of a fingerprint, or a model's label and a seed: ``unet@scratch/0``, ``unet/0``.
        store: Where it lies.

    Raises:
        UsageError: There is none, or more than one.
    """
    from ..benchmark.trials.standing import standings

    known = list(standings(store))
    found = [one for one in known if _is_meant(name, one)]
    if len(found) == 1:
        return store.trial(found[0].fingerprint)
    listed = "".join(f"\n  {_told(one)}" for one in (found or known)[:MOST_LISTED])
    more = f"\n  and {len(found or known) - MOST_LISTED} more" if len(found or known) > MOST_LISTED else ""
    if not known:
        raise UsageError(f"there is no trial in {store.root / 'trials'}; name a results folder by --out.")
    fault = f"{len(found)} trials are" if found else "no trial is"
    raise UsageError(
        f"{fault} called {name!r} in {store.root}; write at least {FEWEST_DIGITS} digits of a fingerprint, "
        f"or MODEL/SEED, of one of these:{listed}{more}"
    )


def _is_meant(name: str, one: Standing) -> bool:
    model, _, seed = name.rpartition("/")
    if one.named is not None and seed == str(one.named.seed):
        label = one.named.model.label
        if model in (label, label.partition("@")[0]):
            return True
    return len(name) >= FEWEST_DIGITS and one.fingerprint.startswith(name.lower())


def _told(one: Standing) -> str:
    from ..benchmark.trials.trial_names import data_name

    if one.named is None:
        return one.fingerprint[:12]
    return f"{one.fingerprint[:12]}  {one.named.model.label}/{one.named.seed} on {data_name(one.named)}"


def _texts(folder: TrialFolder, *, follow: bool) -> Iterator[str]:
    """Give the log in pieces, to its end, or until the trial runs no more.

    Raises:
        StoreError: There is no log, and no trial that will write one.
    """
    from codecs import getincrementaldecoder

    from ..benchmark.files.regular import open_regular
    from ..benchmark.trials.standing import standing

    if not folder.log.exists():
        raise StoreError(
            f"the trial {folder.path.name[:12]} has printed nothing yet: it is {standing(folder).state}."
        )
    decoder = getincrementaldecoder("utf-8")("backslashreplace")
    with open_regular(folder.own(folder.log), StoreError) as file:
        while True:
            goes_on = follow and standing(folder).state == "running"
            while piece := file.read(PIECE_BYTES):
                yield decoder.decode(piece)
            if not goes_on:
                return
            time.sleep(LOOK_SECONDS)
