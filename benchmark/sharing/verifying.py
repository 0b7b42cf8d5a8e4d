"""Holding stored trials against what they say of themselves, and scores against kept label maps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from ..contracts.errors import EmsegError, UsageError
from ..contracts.records import Record, TrialSpec
from ..contracts.reporting import Trial
from ..experiments.metric_planning import find_metric, plan_metric
from ..files.hashing import engine_rooms, fingerprint
from ..files.printable import printable
from ..files.store import Store, TrialFolder, read_record
from ..files.validation import plain
from ..plugins.registry import Catalogue
from ..trials.boards import read_trial
from ..trials.kept_files import unlisted_files
from ..trials.kept_scores import check_labels, kept_scores
from ..trials.left_behind import left_behind
from ..trials.rescoring import changed_metrics
from ..trials.trial_names import trial_name
from .score_tables import first_difference

OLDER: Final = "an older version wrote it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What came of holding one trial against what it says."""

    trial: str
    """Its fingerprint; of a damaged one, its folder's name."""
    name: str = ""
    """``unet@scratch on synthetic-em, seed 0``"""
    faults: tuple[str, ...] = ()
    """What is not as the trial wrote it."""
    scores: Literal["equal", "differ", "not checked"] = "not checked"
    """Those that its label maps have today beside those that are stored."""
    unchecked: tuple[str, ...] = ()
    """What could not be held against anything, and why."""


def verify_trial(
    folder: TrialFolder, store: Store, catalogue: Catalogue, cache: Path, *, with_scores: bool
) -> Verified:
    """Verify one stored trial: record, name, files, and the scores where label maps and data are here.

    Args:
        folder: The trial's.
        store: Where it lies.
        catalogue: What the plugins offer.
        cache: Folder of converted data.
        with_scores: Whether to score its label maps again, which takes time.
    """
    try:
        trial, changed = read_trial(folder, store)
    except EmsegError as error:
        return Verified(trial=printable(folder.path.name), faults=(str(error),))
    record, spec = trial.record, trial.record.spec
    found = Verified(
        trial=record.fingerprint,
        name=trial_name(spec),
        faults=(*_renamed(folder, record), *changed, *_extra(folder, record)),
        unchecked=(*_too_old(folder, record), *_gone(folder)),
    )
    if record.status != "complete" or spec.purpose == "tune" or not with_scores:
        return found
    return _with_scores(found, trial, folder, catalogue, cache)


def _renamed(folder: TrialFolder, record: Record) -> Iterator[str]:
    """Say whether settings were changed after the trial was named by them."""
    if not _is_of_today(folder, record):
        return
    if (name := fingerprint(record.spec)) != record.fingerprint:
        yield f"its settings make the trial {name[:12]}, not {record.fingerprint[:12]}: they were changed"


def _extra(folder: TrialFolder, record: Record) -> Iterator[str]:
    for name in unlisted_files(folder, record.files) if record.files else ():
        yield f"{printable(name)} (not of the trial)"


def _too_old(folder: TrialFolder, record: Record) -> Iterator[str]:
    if not _is_of_today(folder, record):
        yield f"whether its settings make its name: {OLDER}"
    if record.status == "complete" and not record.files:
        yield f"its files: {OLDER}, which kept no hashes"
    if not record.checksum:
        yield f"its record: {OLDER}, which kept no checksum"


def _is_of_today(folder: TrialFolder, record: Record) -> bool:
    """Tell whether a record holds exactly what records of today do, so that its name can be worked out."""
    return bool(read_record(folder)["spec"] == plain(record.spec))


def _gone(folder: TrialFolder) -> Iterator[str]:
    if gone := left_behind(folder):
        files = "file" if len(gone) == 1 else "files"
        yield f"{len(gone)} {files} that the bundle left out"


# ------------------------------------------------------------------------------------------ scores
def _with_scores(
    found: Verified, trial: Trial, folder: TrialFolder, catalogue: Catalogue, cache: Path
) -> Verified:
    """Score the label maps again, and say how that compares."""
    try:
        spec, without = _scored_by_labels(trial.record.spec, catalogue)
        check_labels(folder)
        again = kept_scores(folder, spec, catalogue, cache)
    except EmsegError as error:
        return replace(found, unchecked=(*found.unchecked, f"its scores: {error}"))
    unchecked = (*found.unchecked, *without)
    names = [metric.name for metric in spec.metrics]
    difference = first_difference(trial.cases, again.cases, names)
    if not difference:
        return replace(found, scores="equal", unchecked=unchecked)
    if changed := _changed_code(trial.record.spec, catalogue):
        text = f"its scores: {difference}; {changed}, so neither is known to be wrong"
        return replace(found, unchecked=(*unchecked, text))
    return replace(found, scores="differ", unchecked=unchecked, faults=(*found.faults, difference))


def _scored_by_labels(spec: TrialSpec, catalogue: Catalogue) -> tuple[TrialSpec, tuple[str, ...]]:
    """Leave out metrics that label maps do not tell; and say which.

    Raises:
        UsageError: None is left, or one is not installed.
    """
    kept, without = [], []
    for metric in spec.metrics:
        card = find_metric(metric.name, catalogue, metric.provider.distribution).card
        if "probabilities" in card.needs:
            without.append(f"{metric.name}: it needs probabilities, and trials keep label maps alone")
        else:
            kept.append(metric)
    if not kept:
        raise UsageError("all its metrics need probabilities, and trials keep label maps alone.")
    return replace(spec, metrics=tuple(kept)), tuple(without)


def _changed_code(spec: TrialSpec, catalogue: Catalogue) -> str:
    """Say what of the code that scores is not what it was; empty if it is the same."""
    today = [plan_metric(metric.name, catalogue) for metric in spec.metrics]
    if told := list(changed_metrics(spec.metrics, today)):
        return "; ".join(told)
    if spec.engine_rooms.get("evaluation") != engine_rooms()["evaluation"]:
        return "the code that scores has changed since"
    return ""
