"""Trained weights by their model's name in a results folder: ``results:unet``, ``results:unet/3``."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ..contracts.errors import EmsegError, UsageError
from ..contracts.records import Provider, Record, TrialSpec
from ..experiments.experiment import describe
from ..experiments.tuning_budget import describe_tuning
from ..files.hashing import model_sha256, sha256_of
from ..files.printable import printable
from ..files.store import Store, TrialFolder
from ..files.validation import plain
from ..files.wording import counted
from ..trials.records import load_record
from ..trials.trial_names import model_and_data, model_name

FORM: Final = "DIR:MODEL, or DIR:MODEL/SEED"
_NOBODY: Final = Provider(distribution="", version="", source_sha256="")
"""In the place of the code of a model, which may have changed between its seeds."""
_SEED: Final = re.compile(r"(?P<name>.+)/(?P<seed>\d{1,10})")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A trial whose weights are used."""

    weights: Path
    told: str
    """Which it is, and why."""


@dataclass(frozen=True, slots=True)
class _Trained:
    """A complete trial."""

    folder: TrialFolder
    record: Record

    @property
    def label(self) -> str:
        return self.record.spec.model.label

    @property
    def seed(self) -> int:
        return self.record.spec.seed

    @property
    def name(self) -> str:
        return model_and_data(self.record.spec)

    @property
    def kind(self) -> str:
        """What trials have in common that differ by their seeds alone, or by code that has changed since."""
        spec = self.record.spec
        model = model_sha256(replace(spec.model, provider=_NOBODY))
        return sha256_of([model, spec.dataset.manifest_sha256, spec.label_fraction, plain(spec.recipe)])

    @property
    def validation(self) -> float:
        """Its validation score, the higher the better; minus infinity where there is none."""
        kept = self.record.selection
        if kept is None or kept.score is None:
            return -math.inf
        lower = any(one.name == kept.metric and one.direction == "lower" for one in self.record.spec.metrics)
        return -kept.score if lower else kept.score


def choose_trial(text: str) -> Chosen:
    """Find the best seed of a model by its validation score, or the seed that is named.

    Args:
        text: `FORM`; a model's label on the leaderboard, or what stands before its ``@`` or ``[``; behind
            ``#`` may stand the first digits of the fingerprint of one of its trials.

    Raises:
        UsageError: There is no such results folder or model, or there are several: names them.
    """
    seeds, seed = _seeds(text)
    if seed is None:
        best = _best(seeds)
        return _with_weights(best, seeds)
    if seed not in (one.seed for one in seeds):
        raise UsageError(f"{seeds[0].name} has no seed {seed}; there are: {_numbers(seeds)}.")
    return _with_weights(next(one for one in seeds if one.seed == seed), ())


def choose_seeds(text: str) -> tuple[Chosen, ...]:
    """Find all seeds of a model, in their order; see `choose_trial`.

    Raises:
        UsageError: There is one seed alone, or one is named; or as `choose_trial`.
    """
    seeds, seed = _seeds(text)
    if seed is not None:
        raise UsageError(f"all seeds were asked for, and seed {seed} by {printable(text)}; leave one out.")
    if len(seeds) == 1:
        raise UsageError(
            f"all seeds were asked for, and of {seeds[0].name} there is seed {seeds[0].seed} alone; ask for "
            "none, or train more: emseg-bench run --seeds 3."
        )
    return tuple(_with_weights(one, ()) for one in sorted(seeds, key=lambda one: one.seed))


def _seeds(text: str) -> tuple[list[_Trained], int | None]:
    """Give the newest trial of each seed of the model that is meant, and the seed that is named."""
    store, name, seed = _read(text)
    trained = list(_trained(store))
    label, _, digits = name.partition("#")
    marked = [one for one in trained if one.record.fingerprint.startswith(digits)] if digits else trained
    kinds = dict.fromkeys(one.kind for one in marked if not label or _is_called(one.label, label))
    if not kinds:
        known = ", ".join(dict.fromkeys(one.label for one in trained)) or "none"
        raise UsageError(
            f"no trained model in {store.root} is called {printable(name)!r}; there are: {known}."
        )
    alike = [_newest(trained, kind) for kind in kinds]
    if len(alike) > 1:
        raise UsageError(_several(store, name, map(_best, alike)))
    return alike[0], seed


def _read(text: str) -> tuple[Store, str, int | None]:
    """Part a folder from a name, either of which may hold a colon."""
    places = [i for i, char in enumerate(text) if char == ":"]
    for place in places:
        folder, name = Path(text[:place]).expanduser(), text[place + 1 :]
        if name and (folder / "trials").is_dir():
            seeded = _SEED.fullmatch(name)
            return Store(folder), seeded["name"] if seeded else name, int(seeded["seed"]) if seeded else None
    raise UsageError(
        f"got the model {printable(text)}, expected {FORM}, where DIR is a results folder: results:unet."
    )


def _is_called(label: str, name: str) -> bool:
    return name in (label, label.partition("@")[0], re.split(r"[@\[]", label)[0])


def _trained(store: Store) -> Iterator[_Trained]:
    """Give the complete trials that trained something to keep; those that are damaged are not among them."""
    for folder in store.trials():
        try:
            record = load_record(folder)
        except EmsegError:
            continue
        is_usable = record.status == "complete" and record.rescored_from is None
        if is_usable and record.spec.purpose == "compare":
            yield _Trained(folder, record)


def _newest(trained: Iterable[_Trained], kind: str) -> list[_Trained]:
    """Keep of each seed what ran last."""
    alike = sorted((one for one in trained if one.kind == kind), key=lambda one: one.record.finished)
    return list({one.seed: one for one in alike}.values())


def _best(seeds: Sequence[_Trained]) -> _Trained:
    return max(seeds, key=lambda one: (one.validation, -one.seed))


def _with_weights(chosen: _Trained, among: Sequence[_Trained]) -> Chosen:
    path = chosen.folder.own(chosen.folder.weights)
    if not path.is_file():
        raise UsageError(
            f"the trial of {chosen.name}, seed {chosen.seed}, has no weights here: they were removed, or "
            "left out of the bundle that it comes from. Ask for a bundle that was made with --weights."
        )
    kept = chosen.record.selection
    why = f", the best of {counted(len(among), 'seed')} by validation" if len(among) > 1 else ""
    score = f" ({kept.metric} {kept.score:.4f})" if why and kept and kept.score is not None else ""
    return Chosen(path, printable(f"{chosen.name}, seed {chosen.seed}{why}{score}"))


def _several(store: Store, name: str, best: Iterable[_Trained]) -> str:
    lines = [
        f"  {printable(f'{one.name}, {_how(one.record.spec)}')}: "
        f"--model {shlex.quote(f'{store.root}:{model_name(one.record)}')}"
        for one in best
    ]
    return "\n".join([f"{printable(name)} was trained in several ways; name one of them:", *lines])


def _numbers(seeds: Iterable[_Trained]) -> str:
    return ", ".join(str(seed) for seed in sorted(one.seed for one in seeds))


def _how(spec: TrialSpec) -> str:
    tuned = spec.model.tuned
    return describe_tuning(tuned) if tuned else spec.model.own_recipe or describe(spec.recipe)
