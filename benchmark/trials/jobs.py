"""A trial's folder before it is run: ``trial.json`` is all that it takes to run it wherever it is seen."""

from __future__ import annotations

from pathlib import Path

from ..contracts.errors import StoreError, UsageError
from ..contracts.records import TrialSpec
from ..contracts.running import Job
from ..files.hashing import fingerprint
from ..files.regular import shown
from ..files.store import MOST_RECORD_BYTES, TrialFolder, to_json, write_whole
from ..files.texts import read_json
from ..files.validation import plain, validate


def write_job(job: Job) -> Job:
    """Write down what is to be run, and give it back."""
    write_whole(TrialFolder(job.folder).spec, to_json(plain(job.spec)))
    return job


def read_job(path: Path) -> Job:
    """Read what is to be run in a folder.

    Raises:
        StoreError: It says so nowhere, or what it says is damaged or another trial's.
    """
    folder = TrialFolder(path.absolute())
    remedy = "Run the command again that planned it."
    if not folder.spec.exists():
        raise StoreError(
            f"got {shown(path)}, expected the folder of a trial, in which 'emseg-bench run' has written "
            f"{folder.spec.name}."
        )
    try:
        spec = validate(
            TrialSpec, read_json(folder.own(folder.spec), StoreError, MOST_RECORD_BYTES), shown(folder.spec)
        )
    except (StoreError, UsageError) as error:
        raise StoreError(f"{error} {remedy}") from error
    name = fingerprint(spec)
    if not folder.is_place_of(name):
        raise StoreError(f"{shown(folder.spec)} says what the trial {name[:12]} is, another one. {remedy}")
    return Job(fingerprint=name, spec=spec, folder=folder.path)
