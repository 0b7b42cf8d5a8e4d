"""Sanity scores, worked out once for all trials of the same cases and metrics, whatever their models."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from ..contracts.data import Dataset, Metric
from ..contracts.errors import EmsegError
from ..contracts.records import TrialSpec
from ..evaluation.sanity import sanity_scores
from ..files.disk import what_failed
from ..files.hashing import engine_sha256, sha256_of
from ..files.locks import locked
from ..files.store import whole_file
from .result_tables import SANITY, read_table


def shared_sanity(
    spec: TrialSpec, dataset: Dataset, metrics: Mapping[str, Metric], cache: Path
) -> pd.DataFrame:
    """Give the sanity scores of a trial's test cases, from the cache if another trial has needed them.

    Args:
        spec: Says which data and metrics these are.
        dataset: Reads the labels.
        metrics: Those of `spec`.
        cache: Folder of converted data.

    Returns:
        The table of `sanity_scores`.

    Raises:
        DataError: A case cannot be read any more.
    """
    path = cache / "sanity" / f"{_identity(spec)}.parquet"
    with ExitStack() as held:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(locked(path.with_suffix(".lock")))
        except OSError as error:
            _tell(f"{path.parent} cannot be used ({what_failed(error)}): no trial shares these scores")
        known = _read(path)
        if known is None:
            known = sanity_scores(dataset, dataset.manifest.split("test"), metrics)
            _keep(known, path)
    return known


def _keep(scores: pd.DataFrame, path: Path) -> None:
    """Write a table for other trials; a cache that takes no more costs time, not the trial."""
    try:
        with whole_file(path) as file:
            scores.to_parquet(file, index=False)
    except OSError as error:
        _tell(f"{path} cannot be written ({what_failed(error)}): the next trial works it out anew")


def _tell(text: str) -> None:
    """Say something in the trial's log."""
    with suppress(OSError):
        sys.stderr.write(f"{text}\n")


def _identity(spec: TrialSpec) -> str:
    """Name all that the scores depend on, the order of rows included."""
    data = [spec.dataset.manifest_sha256, asdict(spec.dataset.provider)]
    return sha256_of([data, [asdict(metric) for metric in spec.metrics], engine_sha256()])


def _read(path: Path) -> pd.DataFrame | None:
    """Read a table; one that is missing or damaged is worked out anew."""
    try:
        return read_table(path, SANITY)
    except EmsegError:
        return None
