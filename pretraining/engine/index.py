"""Remembers what images a folder holds, so that only the first look at it walks it and opens files.

One Parquet file per folder in ``<cache>/pretraining/``, with one row per image.  It holds as long as no
folder's time of change differs: something was added, removed or renamed.  Then the folder is walked again,
and files that are new or have changed are opened.  (A file that is written over in place changes no folder:
remove the index to have it seen.)
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ...benchmark.contracts.data import GreyRange
from ...benchmark.contracts.errors import DataError
from ...benchmark.files.leftovers import replacing
from ...benchmark.files.locks import locked
from ...benchmark.files.parquet import read_parquet
from ...benchmark.files.printable import printable
from ...benchmark.files.texts import parse_json
from ...benchmark.files.wording import counted, listed
from ...benchmark.images.intensity import SAMPLED_IMAGES
from ...benchmark.images.pixels import read_bytes
from ...benchmark.images.spread import spread
from .grey import BYTES, kind_of, range_of, read_grey, stored_grey
from .walk import FileState, FolderListing, changed_at, walk

INDEX_VERSION = 3
"""Raised whenever the same file would give other facts."""

MANY = 2000
"""So many files are worth starting processes for."""

MOST_READERS = 32
"""Processes; up to two per core, for on a network drive most of the time is waiting."""

CHUNK = 512
"""Files between two reports of progress."""

SCHEMA = pa.schema(
    [
        ("path", pa.string()),
        ("state", pa.list_(pa.int64())),
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("kind", pa.string()),
        ("sum", pa.float64()),
        ("squares", pa.float64()),
        ("digest", pa.binary(16)),
        ("problem", pa.string()),
    ]
)
"""`kind`, `sum`, `squares` are of stored values, `digest` of the bytes; `problem` says why it is no use."""

Tell = Callable[[int, int], None]
"""Called with the files that have been opened, and how many there are to open."""

_DIRECTORIES, _OTHERS = b"directories", b"others"
"""In the table's metadata: when folders changed, and a sentence on what in them is no image."""
_FACTS = ("height", "width", "kind", "sum", "squares", "digest", "problem")


@dataclass(frozen=True, slots=True)
class ImageIndex:
    """The images of a folder that can be used."""

    root: Path
    table: pa.Table
    """Of `SCHEMA`, by path."""
    ranges: Mapping[str, GreyRange]
    """Which values become 0 and 255, by their type; bytes stay as they are."""
    unread: tuple[str, ...] = ()
    """What lies in the folder and is passed over, in sentences."""

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def path(self, number: int) -> Path:
        """Return where an image lies."""
        return self.root / str(self.table["path"][number])

    def read(self, number: int) -> np.ndarray[Any, Any]:
        """Read an image as (H, W) uint8.

        Raises:
            DataError: It has gone or changed.
        """
        return read_grey(self.path(number), self.ranges)

    @property
    def sides(self) -> np.ndarray[Any, Any]:
        """(N, 2) height and width, px."""
        return np.stack([self.table["height"].to_numpy(), self.table["width"].to_numpy()], axis=1)

    def statistics(self) -> tuple[float, float]:
        """Return mean and standard deviation of all pixels on the 0-1 scale; of bytes from exact sums."""
        parts = [self._sums(kind) for kind in self.table["kind"].unique().to_pylist()]
        count = sum(pixels for pixels, _, _ in parts)
        total = sum(value for _, value, _ in parts)
        squares = sum(square for _, _, square in parts)
        variance = (squares * count - total * total) / count**2
        return total / count / 255, variance**0.5 / 255

    def _sums(self, kind: str) -> tuple[int, float, float]:
        """Count the pixels of a type; sum them and their squares up, on the scale of bytes."""
        table = self.table.filter(pc.equal(self.table["kind"], kind))
        count = int((table["height"].to_numpy().astype(np.int64) * table["width"].to_numpy()).sum())
        if kind == BYTES:
            return count, sum(map(int, table["sum"].to_pylist())), sum(map(int, table["squares"].to_pylist()))
        grey = self.ranges[kind]
        total, squares = sum(table["sum"].to_pylist()), sum(table["squares"].to_pylist())
        scale = 255 / (grey.high - grey.low)
        squares = squares - 2 * grey.low * total + count * grey.low**2
        return count, (total - count * grey.low) * scale, squares * scale**2

    def sha256(self) -> str:
        """Hash what the images are: their names, in order, and their contents."""
        digest = hashlib.sha256()
        for name in ("path", "digest"):
            for value in self.table[name].to_pylist():
                digest.update(value.encode() if isinstance(value, str) else value)
                digest.update(b"\0")
        return digest.hexdigest()


def open_index(root: Path, cache: Path, tell: Tell, *, skip_unreadable: bool = False) -> ImageIndex:
    """Say which images a folder holds, from memory where that holds.

    Of several processes that ask at once, one looks and the others wait for what it finds.

    Args:
        root: The folder; images may lie at any depth.
        cache: The cache folder.
        tell: Hears how far it is.
        skip_unreadable: Leave out files that cannot be used, instead of stopping.

    Raises:
        DataError: There is no such folder, it holds no image, or one of its images cannot be used.
    """
    root = root.expanduser().resolve()
    if not root.is_dir():
        raise DataError(f"expected a folder of images at {root}, found {_what_is_at(root)}; check the path.")
    place = cache / "pretraining" / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:16]}.parquet"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with locked(place.with_suffix(".lock")):
            table = _recall_or_look(root, place, tell)
    except OSError as error:
        raise DataError(
            f"the index of the images cannot be kept at {place}: {error.strerror or error}; "
            "make the cache folder writable, or choose another with EMSEG_BENCH_CACHE."
        ) from error
    usable = _usable(table, root, skip_unreadable=skip_unreadable)
    return ImageIndex(root, usable, _ranges(usable, root), tuple(_unread(table, root)))


def _unread(table: pa.Table, root: Path) -> Iterator[str]:
    """Name what is passed over: files that are no images, and those that cannot be used."""
    if told := table.schema.metadata[_OTHERS].decode(errors="replace"):
        yield told
    left = table.filter(pc.is_valid(table["problem"]))["path"].to_pylist()
    if left:
        yield f"Left out of {root}, since they cannot be used: {listed(left, SHOWN)}."


def _ranges(table: pa.Table, root: Path) -> dict[str, GreyRange]:
    """Look at some images of each type but bytes, evenly spread."""
    found = {}
    for kind in table["kind"].unique().to_pylist():
        if kind != BYTES:
            paths = table.filter(pc.equal(table["kind"], kind))["path"].to_pylist()
            found[kind] = range_of([root / path for path in spread(paths, SAMPLED_IMAGES)])
    return found


def _what_is_at(path: Path) -> str:
    return "a file" if path.exists() else "nothing"


def _recall_or_look(root: Path, place: Path, tell: Tell) -> pa.Table:
    known = _load(place)
    if known is not None and _holds(known, root):
        return known
    found = walk(root)
    table = _describe(root, found, known, tell)
    number = counted(len(found.others), "entry", "entries")
    metadata = {
        "version": str(INDEX_VERSION),
        _DIRECTORIES: json.dumps(found.directories),
        _OTHERS: f"Not read in {root}: {number}, {listed(found.others, SHOWN)}." if found.others else "",
    }
    table = table.replace_schema_metadata(metadata)
    with replacing(place) as temporary:
        pq.write_table(table, temporary)
    return table


def _load(place: Path) -> pa.Table | None:
    """Read what is remembered; None if there is nothing, or it is damaged or of another version."""
    try:
        table = read_parquet(place, lambda file: file.schema_arrow.names)
    except DataError:
        return None
    metadata = table.schema.metadata or {}
    fits = metadata.get(b"version") == str(INDEX_VERSION).encode() and table.schema.equals(SCHEMA)
    return table if fits and {_DIRECTORIES, _OTHERS} <= metadata.keys() else None


def _holds(known: pa.Table, root: Path) -> bool:
    try:
        directories = parse_json(known.schema.metadata[_DIRECTORIES], "the index")
        if not isinstance(directories, dict):
            return False
        return all(changed_at(root / folder) == changed for folder, changed in directories.items())
    except DataError:
        return False


def _describe(root: Path, found: FolderListing, known: pa.Table | None, tell: Tell) -> pa.Table:
    """Give one row per file, opening those that are not known as they are."""
    rows = {row["path"]: row for row in known.to_pylist()} if known is not None else {}
    old = {path: FileState(path, row["state"]) for path, row in rows.items()}
    new = [file for file in found.files if old.get(file.path) != file]
    facts = {path: tuple(row[key] for key in _FACTS) for path, row in rows.items()}
    facts |= dict(zip((file.path for file in new), _open_all(root, new, tell), strict=True))
    columns = zip(*((file.path, file.state, *facts[file.path]) for file in found.files), strict=True)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=False)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA) if arrays else SCHEMA.empty_table()


def _open_all(root: Path, files: Sequence[FileState], tell: Tell) -> list[tuple[Any, ...]]:
    """Open files, many at a time if they are many; give their facts in order."""
    facts: list[tuple[Any, ...]] = []
    with _opening(root, [file.path for file in files]) as results:
        for result in results:
            facts.append(result)
            if len(facts) % CHUNK == 0 or len(facts) == len(files):
                tell(len(facts), len(files))
    return facts


@contextmanager
def _opening(root: Path, paths: Sequence[str]) -> Iterator[Iterator[tuple[Any, ...]]]:
    """Open a few files here, and many in processes: decoding holds Python's lock, so threads gain nothing."""
    task = partial(measure, root)
    if len(paths) < MANY:
        yield map(task, paths)
        return
    readers = min(MOST_READERS, 2 * (os.cpu_count() or 1))
    with ProcessPoolExecutor(readers, multiprocessing.get_context("spawn")) as pool:
        yield pool.map(task, paths, chunksize=CHUNK // 8)


def measure(root: Path, path: str) -> tuple[int, int, str, float, float, bytes, str | None]:
    """Open a file; give the last columns of `SCHEMA`, from the height on."""
    try:
        data = read_bytes(root / path)
        pixels = stored_grey(data, str(root / path))
    except DataError as error:
        return 0, 0, "", 0, 0, bytes(16), str(error)
    height, width = pixels.shape
    digest = hashlib.blake2b(data, digest_size=16).digest()
    return height, width, kind_of(pixels), *_summed(pixels), digest, None


def _summed(pixels: np.ndarray[Any, Any]) -> tuple[float, float]:
    """Return the sum of an image's values and of their squares; of bytes exact."""
    if pixels.dtype == np.uint8:
        counts, values = np.bincount(pixels.reshape(-1), minlength=256), np.arange(256)
        return int(counts @ values), int(counts @ values**2)
    wide = pixels.astype(np.float64)
    return float(wide.sum()), float((wide**2).sum())


SHOWN = 5
"""So many unusable files are named; the others are counted."""


def _usable(table: pa.Table, root: Path, *, skip_unreadable: bool) -> pa.Table:
    """Leave out the files that cannot be used, or raise an error that names some of them."""
    problems = table["problem"].drop_null().to_pylist()
    if problems and not skip_unreadable:
        rest = [f"- and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        lines = [f"- {printable(problem)}" for problem in problems[:SHOWN]]
        raise DataError(
            "\n".join([f"{len(problems)} of {len(table)} images cannot be used:", *lines, *rest])
            + "\nMend or remove them, or leave them out with --skip-unreadable."
        )
    usable = table.filter(table["problem"].is_null()) if problems else table
    if not len(usable):
        raise DataError(f"there is no image in {root}: expected PNG or TIFF files, at any depth.")
    return usable
