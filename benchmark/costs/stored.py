"""Speeds from stored trials of the same model, size and device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from ..contracts.data import Manifest
from ..contracts.errors import StoreError
from ..contracts.records import Profile, Record, TrialSpec
from ..files.store import Store, read_record
from ..trials.records import load_record
from .schema import Source, Speed, span_of
from .work import scoring_key, speed_key, work_of

ENOUGH: Final = 20
"""Stored trials that one speed is made of, the newest."""
Run: TypeAlias = tuple[Record, Profile]


def stored_speeds(
    wanted: Mapping[str, TrialSpec], manifests: Mapping[str, Manifest], store: Store, device: str | None
) -> dict[str, Speed]:
    """Find out how fast trials are that are like planned ones.

    Args:
        wanted: One trial of each kind.
        manifests: Of their datasets, by hash.
        store: What ran before; what is damaged in it counts for nothing here.
        device: Name of the CPU or GPU that they will run on; None: a GPU that nobody has seen yet.
    """
    same: dict[tuple[str, str], list[Run]] = {}
    alike: dict[str, list[Run]] = {}
    for record, profile in _complete(store, {spec.model.name for spec in wanted.values()}):
        if profile.device == device or (device is None and profile.memory_kind == "CUDA"):
            key = speed_key(record.spec)
            same.setdefault((key, scoring_key(record.spec)), []).append((record, profile))
            alike.setdefault(key, []).append((record, profile))
    found: dict[str, Speed] = {}
    for name, spec in wanted.items():
        key = speed_key(spec)
        if runs := same.get((key, scoring_key(spec))):
            found[name] = _speed(_newest(runs), "stored", manifests[spec.dataset.manifest_sha256])
        elif runs := alike.get(key):
            found[name] = _speed(_newest(runs), "other data", None)
    return found


def _newest(runs: Sequence[Run]) -> Sequence[Run]:
    return sorted(runs, key=lambda run: run[0].finished)[-ENOUGH:]


def _complete(store: Store, models: set[str]) -> Iterator[Run]:
    """Read complete trials of some models that were trained here, not scored anew."""
    for folder in store.trials() if store.root.is_dir() else ():
        try:
            data = read_record(folder)
            if data["status"] == "complete" and data["spec"]["model"]["name"] in models:
                record = load_record(folder)
                if record.profile and record.rescored_from is None:
                    yield record, record.profile
        except (StoreError, KeyError, TypeError):
            continue


def _speed(runs: Sequence[Run], source: Source, manifest: Manifest | None) -> Speed:
    """Sum trials up; of other data than the manifest's only the network's own pace is known."""
    paces = [_paces(record, profile, manifest) for record, profile in runs]
    return Speed(
        source=source,
        seen=len(runs),
        step=span_of(profile.train_seconds / record.spec.recipe.iterations for record, profile in runs),
        validation=span_of(validation for validation, _ in paces),
        test=span_of(test for _, test in paces),
        beside=span_of(_beside(record, profile) for record, profile in runs),
        memory=span_of(profile.peak_memory_mib for _, profile in runs),
        memory_kind=runs[0][1].memory_kind,
        device=runs[0][1].device,
    )


def _paces(record: Record, profile: Profile, manifest: Manifest | None) -> tuple[float, float]:
    """Return seconds per pixel of windows, of validation and of the test; or of the network alone."""
    pace = 1 / (profile.throughput_images_per_s * profile.input_shape[2] * profile.input_shape[3])
    if manifest is None:
        return pace, pace
    work = work_of(record.spec, manifest)
    return (
        profile.validation_seconds / work.validation_px if work.validation_px else pace,
        profile.test_seconds / work.test_px if work.test_px else pace,
    )


def _beside(record: Record, profile: Profile) -> float:
    """Return the seconds that no part of a trial counts; of a resumed one nobody knows the whole."""
    whole = (datetime.fromisoformat(record.finished) - datetime.fromisoformat(record.started)).total_seconds()
    return max(0.0, whole - profile.train_seconds - profile.validation_seconds - profile.test_seconds)
