"""What an HDF5 file may lead to: its own values, and nothing else."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import h5py
import numpy as np

from ...contracts.errors import DataError
from ...files.inflate import MOST_GAIN
from ...files.limits import check_stored, limit_bytes
from ...files.packed import check_packed
from ...files.printable import printable
from ...files.regular import shown
from .filters import COUNTED, PACKERS_BY_NUMBER, check_filters, filters_of, values_made
from .found import Place, unreadable, values_bytes

_MOST_LINKS: Final = 32
_MOST_GAIN: Final = {"zlib": MOST_GAIN, "lzf": 88}
"""Bytes that they make of one at most; what packs further is always looked at."""


def follow(file: h5py.File, name: str, path: Path) -> object:
    """Return what is called so, links within the file followed; None: there is nothing.

    Raises:
        DataError: A link leads into another file, or links lead in a circle.
    """
    group: h5py.Group = file
    waiting, links = _parts(name), 0
    found: object = file
    while waiting:
        part = waiting.pop(0)
        if not isinstance(group, h5py.Group):
            return None
        link = group.get(part, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            raise DataError(
                f"{shown(path)}:{printable(name)} is a link into another file, "
                f"{shown(link.filename)}:{printable(link.path)}; nothing is read from there. Name that file "
                "itself, or copy the values."
            )
        if isinstance(link, h5py.SoftLink):
            links += 1
            if links > _MOST_LINKS:
                raise unreadable(path, f"its links behind {name!r} lead in a circle")
            if link.path.startswith("/"):
                group = file
            waiting = [*_parts(link.path), *waiting]
            continue
        found = group.get(part)
        if found is None:
            return None
        group = found
    return found


def datasets_below(file: h5py.File) -> Iterator[h5py.Dataset]:
    """Give every dataset of a file once; links are not followed.

    HDF5's own walk never ends in some damaged groups, which asking for their size finds out.

    Raises:
        RuntimeError: A group is damaged.
    """
    seen, waiting = set[int](), [h5py.Group(file.id)]
    while waiting:
        group = waiting.pop()
        for name in group if len(group) else ():
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                continue
            item = group[name]
            place = h5py.h5o.get_info(item.id).addr
            if place in seen:
                continue
            seen.add(place)
            if isinstance(item, h5py.Dataset):
                yield item
            elif isinstance(item, h5py.Group):
                waiting.append(item)


def _parts(name: str) -> list[str]:
    return [part for part in name.split("/") if part not in ("", ".")]


def check_dataset(data: h5py.Dataset, path: Path) -> None:
    """Refuse values that lie in other files or that nobody can bound, and giants of which little is stored.

    Raises:
        DataError: They do, or it is one.
    """
    name = f"{shown(path)}:{printable(data.name)}"
    if data.external:
        raise DataError(
            f"{name} keeps its values in another file, {shown(data.external[0][0])}; nothing is read from "
            "there. Copy the values into the file."
        )
    if data.is_virtual:
        for source in data.virtual_sources():
            if source.file_name != ".":
                raise DataError(
                    f"{name} is put together from other files, such as {shown(source.file_name)}; nothing is "
                    "read from there. Copy the values into one file (h5repack), or name those files."
                )
        return
    check_filters(data, name)
    if data.shape is not None:
        check_stored(values_bytes(name, data.shape, data.dtype), data.id.get_storage_size(), name)


def check_chunks(data: h5py.Dataset, place: Place, source: str) -> None:
    """Refuse chunks that unpack to far more than a chunk has, before HDF5 makes room for them.

    Raises:
        DataError: There is one in the box, or chunks are packed twice.
    """
    packer = _packer(data, source)
    if data.chunks is None or not packer:
        return
    expected = values_bytes(source, data.chunks, data.dtype)
    gain = _MOST_GAIN.get(packer)
    harmless = max(expected, limit_bytes() // 2)
    starts = (
        range(side.start - side.start % length, side.stop, length)
        for side, length in zip(place, data.chunks, strict=True)
    )
    for start in itertools.product(*starts):
        stored = data.id.get_chunk_info_by_coord(start)
        if stored.byte_offset is not None and (gain is None or stored.size * gain > harmless):
            _, packed = data.id.read_direct_chunk(start)
            check_packed(packer, packed, expected, source, "a chunk")


def _packer(data: h5py.Dataset, source: str) -> str:
    """Return what packs a dataset's chunks; empty: nothing, or what keeps to the chunk's size by itself."""
    filters = list(filters_of(data))
    packers = [PACKERS_BY_NUMBER[number] for number, _ in filters if number in PACKERS_BY_NUMBER]
    if len(packers) > 1:
        raise DataError(
            f"{source} is packed twice, by {' and '.join(packers)}, which no program does and which can fill "
            "the memory; save it with gzip alone."
        )
    for number, settings in filters:
        made = values_made(number, settings) if number in COUNTED else 0
        if made > np.prod(data.chunks, dtype=object):
            raise DataError(
                f"{source} has a filter that makes {made:,} values of a chunk of "
                f"{' x '.join(map(str, data.chunks))}; it is damaged, save or copy it again."
            )
    return packers[0] if packers else ""
