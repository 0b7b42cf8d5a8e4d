"""Writing a results folder into one file that others can open, check and run again."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from ..contracts.errors import EmsegError, StoreError
from ..contracts.reporting import LeftOut, Trial
from ..experiments.writing import experiment_files
from ..files.clock import now
from ..files.disk import keeping
from ..files.file_hashes import sha256_of_large_file
from ..files.leftovers import replacing
from ..files.printable import printable
from ..files.regular import open_regular
from ..files.store import Store, TrialFolder, to_json
from ..files.validation import plain
from ..plugins.registry import Catalogue
from ..trials.board_order import as_text, board_order
from ..trials.boards import read_whole_trial
from ..trials.left_behind import LABELS, WEIGHTS, left_behind
from .bundles import LIST, TRIALS, BundledFile, BundleList
from .copying import CHUNK_BYTES, files_of, studies_of, study_of

_PRIVATE: Final = {"complete": ("log.txt", "events.jsonl"), "failed": ("events.jsonl",)}
"""What names machines and folders, by how a trial ended; a report shows the end of a failed one's log."""
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The date of every member: the same results make the same archive, but for `BundleList.written`."""
README: Final = """These are results of emseg-bench, trial by trial, with the hash of every file in {list}.

    emseg-bench verify {name}                  checks files, records and scores
    emseg-bench unbundle {name} --out results  makes a results folder of it
    emseg-bench report results                    makes its report

{experiments} says what was run: unpack it, put your own paths in, and run it again with

    emseg-bench run {first}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What of a trial goes into a bundle beside what its report needs."""

    labels: bool
    weights: bool

    def takes(self, name: str) -> bool:
        """Tell whether a file of a trial, by its path below the folder, goes along."""
        return (self.labels or not name.startswith(LABELS)) and (self.weights or name != WEIGHTS)

    @property
    def left_behind(self) -> tuple[str, ...]:
        """What does not go along, for people."""
        told = {"label maps": self.labels, "weights": self.weights}
        return tuple(name for name, goes in told.items() if not goes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundled:
    """A bundle on disk."""

    trials: int
    bytes: int
    left_out: tuple[LeftOut, ...]
    """Damaged trials."""


def bundle(
    store: Store, out: Path, choice: Choice, catalogue: Catalogue, on_trial: Callable[[], None]
) -> Bundled:
    """Write all trials of a results folder that have a record, and are as they wrote it, into one archive.

    Args:
        store: The results folder.
        out: The archive; there may be none at its place.
        choice: What goes along.
        catalogue: Says which options are defaults, for the experiments.
        on_trial: Called after each trial.

    Raises:
        StoreError: There is no whole trial, or the archive cannot be written.
    """
    if out.exists() or out.is_symlink():
        raise StoreError(f"{out} is there already; name another file with --out, or remove it.")
    trials, left_out = _whole_trials(store)
    if not trials:
        told = "".join(f"\n{item.reason}" for item in left_out)
        raise StoreError(f"nothing to bundle in {store.root}: name a folder that a run wrote.{told}")
    texts = _texts(trials, out.name, catalogue)
    texts |= studies_of(store, {study_of(trial.record) for trial in trials})
    if order := board_order(store):
        texts[store.boards.name] = as_text(order).encode()
    with keeping(out, "Nothing is left of the bundle: make room, or choose another place with --out."):
        out.parent.mkdir(parents=True, exist_ok=True)
        with replacing(out) as unfinished:
            _write(unfinished, trials, texts, choice, on_trial)
    return Bundled(trials=len(trials), bytes=out.stat().st_size, left_out=left_out)


def _whole_trials(store: Store) -> tuple[list[Trial], tuple[LeftOut, ...]]:
    """Read the trials that were tested; those that tuned have no scores for others to look at."""
    trials, left_out = list[Trial](), list[LeftOut]()
    for folder in store.trials():
        try:
            trial = read_whole_trial(folder, store)
        except EmsegError as error:
            left_out.append(LeftOut(trial=printable(folder.path.name), reason=str(error)))
        else:
            trials += [trial] if trial.record.spec.purpose == "compare" else []
    return trials, tuple(left_out)


def _texts(trials: Sequence[Trial], name: str, catalogue: Catalogue) -> dict[str, bytes]:
    """Write what goes along beside trials: how to open it, and how to run it again."""
    experiments = experiment_files([trial.record.spec for trial in trials], catalogue)
    readme = README.format(
        list=LIST, name=name, experiments=" or ".join(experiments), first=next(iter(experiments))
    )
    return {key: text.encode() for key, text in {"README.txt": readme, **experiments}.items()}


def _write(
    path: Path,
    trials: Sequence[Trial],
    texts: dict[str, bytes],
    choice: Choice,
    on_trial: Callable[[], None],
) -> None:
    members = [list(_members(trial, choice)) for trial in trials]
    listed = {name: _listed(source) for one in members for name, source in one}
    listed |= {name: _listed(text) for name, text in texts.items()}
    told = BundleList(
        written_by=f"emseg-bench {version('emseg-bench')}",
        written=now(),
        trials=len(trials),
        left_behind=choice.left_behind,
        files=listed,
    )
    with zipfile.ZipFile(path, "w", compression=zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        _add(archive, LIST, to_json(plain(told)).encode())
        for name, text in texts.items():
            _add(archive, name, text)
        for one in members:
            for name, source in one:
                _add(archive, name, source)
            on_trial()


def _members(trial: Trial, choice: Choice) -> Iterator[tuple[str, Path | bytes]]:
    """Give what goes along of a trial, by its name in the archive: a file's path, or a content."""
    folder = TrialFolder(trial.folder)
    place = f"{TRIALS}/{trial.record.fingerprint}"
    gone = set(left_behind(folder))
    for name, path in files_of(folder, trial.record):
        if name in (folder.left_behind.name, *_PRIVATE[trial.record.status]):
            continue
        if choice.takes(name):
            yield f"{place}/{name}", path
        else:
            gone.add(name)
    if gone:
        yield f"{place}/{folder.left_behind.name}", to_json(sorted(gone)).encode()


def _listed(source: Path | bytes) -> BundledFile:
    if isinstance(source, bytes):
        return BundledFile(sha256=hashlib.sha256(source).hexdigest(), bytes=len(source))
    return BundledFile(sha256=sha256_of_large_file(source, StoreError), bytes=source.stat().st_size)


def _add(archive: zipfile.ZipFile, name: str, source: Path | bytes) -> None:
    member = zipfile.ZipInfo(name, _EPOCH)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    if isinstance(source, bytes):
        archive.writestr(member, source)
        return
    with open_regular(source, StoreError) as file, archive.open(member, "w", force_zip64=True) as copy:
        shutil.copyfileobj(file, copy, CHUNK_BYTES)
