"""Scoring stored trials anew, from the label maps that they kept: no training, no network, no GPU."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..contracts.errors import EmsegError, StoreError, UsageError
from ..contracts.records import MetricSpec, Record, TrialSpec
from ..contracts.reporting import LeftOut
from ..contracts.running import Job
from ..experiments.metric_planning import find_metric, object_notes, plan_metric
from ..files.clock import now
from ..files.disk import keeping
from ..files.hashing import fingerprint
from ..files.locks import locked
from ..files.printable import printable
from ..files.store import Store, TrialFolder, to_json, write_whole
from ..files.validation import plain
from ..plugins.registry import Catalogue
from .kept_files import hash_files
from .kept_scores import KeptScores, kept_scores
from .left_behind import WEIGHTS, left_behind, write_left_behind
from .record_checks import check_place
from .records import load_record, write_record

KEPT = "Its old scores are kept: make room, and the same command scores what is left."

NOTE = "scored anew from the label maps that an earlier run kept; no model ran for it"


@dataclass(frozen=True, slots=True)
class Rescoring:
    """One stored trial, and the trial that its label maps make with other metrics."""

    source: TrialFolder
    record: Record
    job: Job

    @property
    def is_done(self) -> bool:
        """Whether that trial is in the store already, perhaps as the very same one."""
        return TrialFolder(self.job.folder).is_complete()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to score with; None: what each trial was scored with, in the versions that are installed now."""

    metrics: tuple[str, ...] | None = None
    primary: str | None = None


def plan_rescoring(
    store: Store, wanted: Wanted, catalogue: Catalogue
) -> tuple[list[Rescoring], tuple[LeftOut, ...]]:
    """Plan all complete trials of a store.

    Returns:
        The plan, and the trials whose records are damaged.

    Raises:
        UsageError: A metric or option is wrong, or needs more than label maps.
        StoreError: There is no complete trial.
    """
    _check(wanted)
    records, damaged = _read(store)
    if not records:
        told = "".join(f"\n{item.reason}" for item in damaged)
        raise StoreError(f"there is no complete trial in {store.root}; name a folder that a run wrote.{told}")
    planned = [_plan(folder, record, store, wanted, catalogue) for folder, record in records]
    # What was itself scored anew comes of its own source.
    return sorted((item for item in planned if item.record.rescored_from is None), key=_place), damaged


def _read(store: Store) -> tuple[list[tuple[TrialFolder, Record]], tuple[LeftOut, ...]]:
    """Read all complete records, and say which cannot be read."""
    records: list[tuple[TrialFolder, Record]] = []
    damaged: list[LeftOut] = []
    for folder in store.trials():
        try:
            record = load_record(folder)
            check_place(record, folder)
        except EmsegError as error:
            damaged.append(LeftOut(trial=printable(folder.path.name), reason=str(error)))
        else:
            is_tested = record.status == "complete" and record.spec.purpose == "compare"
            records += [(folder, record)] if is_tested else []
    return records, tuple(damaged)


def rescore(item: Rescoring, catalogue: Catalogue, cache: Path) -> Record:
    """Score one trial anew and write it beside the old one, its record last.

    Args:
        item: Which trial, and how.
        catalogue: What the plugins offer.
        cache: Folder of converted data.

    Raises:
        StoreError: The trial kept no label maps, or they are damaged.
        DataError: The data is not there any more, or has changed.
        TrialError: A metric fails.
    """
    target = TrialFolder(item.job.folder)
    with keeping(target.path, KEPT):
        target.path.mkdir(parents=True, exist_ok=True)
    with locked(target.lock):
        scores = kept_scores(item.source, item.job.spec, catalogue, cache)
        return _write(item, target, scores)


def changed_metrics(old: Sequence[MetricSpec], new: Sequence[MetricSpec]) -> Iterator[str]:
    """Say which metrics now have another version or code than those that a trial was scored with."""
    before = {metric.name: metric for metric in old}
    for metric in new:
        known = before.get(metric.name)
        if known is None:
            continue
        if known.version != metric.version:
            yield f"{metric.name}: version {known.version} then, {metric.version} now"
        elif known.provider != metric.provider:
            yield f"{metric.name}: version {metric.version} then and now, other code"


def _place(item: Rescoring) -> tuple[str, str, int]:
    """Where a trial stands among others, for people."""
    spec = item.job.spec
    return spec.dataset.label, spec.model.label, spec.seed


def _check(wanted: Wanted) -> None:
    if wanted.primary and wanted.metrics and wanted.primary not in wanted.metrics:
        raise UsageError(
            f"got --primary {wanted.primary}, expected one of --metrics: {', '.join(wanted.metrics)}."
        )


def _plan(
    folder: TrialFolder, record: Record, store: Store, wanted: Wanted, catalogue: Catalogue
) -> Rescoring:
    old = record.spec
    names = wanted.metrics or tuple(metric.name for metric in old.metrics)
    metrics = tuple(plan_metric(name, catalogue) for name in names)
    _check_needs(metrics, old, catalogue)
    primary = wanted.primary or (old.protocol.primary if old.protocol.primary in names else names[0])
    if primary not in names:
        raise UsageError(f"got --primary {primary}, expected one of the metrics: {', '.join(names)}.")
    protocol = replace(
        old.protocol, metrics=tuple(metric.name for metric in metrics), primary=primary, decoder=""
    )
    notes = dict.fromkeys((*old.notes, *object_notes(metrics, old.dataset), NOTE))
    spec = replace(old, protocol=protocol, metrics=metrics, notes=tuple(notes), decoder="")
    name = fingerprint(spec)
    return Rescoring(folder, record, Job(fingerprint=name, spec=spec, folder=store.trial(name).path))


def _check_needs(metrics: Sequence[MetricSpec], spec: TrialSpec, catalogue: Catalogue) -> None:
    objects = [metric.name for metric in metrics if metric.of_objects]
    if spec.decoder and objects:
        raise UsageError(
            f"the metric {objects[0]} compares objects, which of {spec.model.label} on {spec.dataset.label} "
            f"{spec.decoder} found, and trials keep label maps alone; run it with the metric instead."
        )
    for metric in metrics:
        if "probabilities" in find_metric(metric.name, catalogue).card.needs:
            raise UsageError(
                f"the metric {metric.name} needs probabilities, and trials keep label maps alone "
                f"({spec.model.label} on {spec.dataset.label}); run it with the metric, or leave that out."
            )


def _write(item: Rescoring, target: TrialFolder, scores: KeptScores) -> Record:
    """Write everything, the record last; what the scores do not change is linked, or copied.

    Raises:
        StoreError: It cannot be written.
    """
    with keeping(target.path, KEPT):
        return _written(item, target, scores)


def _written(item: Rescoring, target: TrialFolder, scores: KeptScores) -> Record:
    write_whole(target.spec, to_json(plain(item.job.spec)))
    scores.cases.to_parquet(target.cases, index=False)
    scores.sanity.to_parquet(target.sanity, index=False)
    gone = {name for name in left_behind(item.source) if not (item.source.path / name).exists()}
    write_left_behind(target, gone)
    weights = () if WEIGHTS in gone else ("weights",)
    bins = ("reliability",) if item.source.reliability.exists() else ()  # an older version kept none
    for name in ("curve", "environment", *weights, *bins):
        _share(getattr(item.source, name), getattr(target, name))
    for name in ("predictions", "previews"):
        for path in getattr(item.source, name).iterdir():
            _share(path, getattr(target, name) / path.name)
    record = replace(
        item.record,
        fingerprint=item.job.fingerprint,
        spec=item.job.spec,
        finished=now(),
        rescored_from=item.record.fingerprint,
        files=hash_files(target),
    )
    write_record(target, record)
    return record


def _share(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)
