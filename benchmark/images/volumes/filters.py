"""Filters of HDF5, by the numbers under which they are registered; most come as plugins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Final

import h5py
from h5py import h5z

from ...contracts.errors import DataError

KNOWN: Final[Mapping[int, str]] = {
    305: "LZO", 307: "bzip2", 32000: "LZF", 32001: "Blosc", 32004: "LZ4", 32008: "bitshuffle", 32013: "ZFP",
    32015: "Zstandard", 32017: "SZ", 32018: "FCIDECOMP", 32024: "SZ3", 32026: "Blosc2", 32027: "B3D",
    32028: "SPERR", 32030: "FFMPEG",
}  # fmt: skip

PACKERS_BY_NUMBER: Final[Mapping[int, str]] = {
    1: "zlib", 4: "szip", 307: "bz2", 32000: "lzf", 32001: "blosc", 32004: "lz4-big", 32008: "bitshuffle",
    32015: "zstd", 32026: "blosc2",
}  # fmt: skip
"""What `files.packed` knows each as."""
ZFP: Final = 32013
COUNTED: Final = (5, 6, ZFP)
"""Filters that are told how many values they make: n-bit, scale-offset, ZFP."""
_KEEP_SIZE: Final = (2, 3)
"""Shuffle and checksum."""


def filters_of(data: h5py.Dataset) -> Iterator[tuple[int, Sequence[int]]]:
    """Give the number and the settings of each filter."""
    pipeline = data.id.get_create_plist()
    for place in range(pipeline.get_nfilters()):
        number, _, settings, _ = pipeline.get_filter(place)
        yield number, settings


def check_filters(data: h5py.Dataset, source: str) -> None:
    """Refuse filters of which nothing says how much they make; get those that `hdf5plugin` adds.

    Raises:
        DataError: There is one that is refused.
    """
    bounded = {*PACKERS_BY_NUMBER, *COUNTED, *_KEEP_SIZE}
    if unbounded := [number for number, _ in filters_of(data) if number not in bounded]:
        raise DataError(
            f"{source} is packed with {_named(unbounded)}, and nothing says how much that unpacks to, so it "
            "is not read; save it with gzip, Blosc or Zstandard."
        )
    if missing_filters(data):
        with suppress(ImportError):  # then the one who reads says what is missing
            import_module("hdf5plugin")


def missing_filters(data: h5py.Dataset) -> str:
    """Return the filters of a dataset that are not to be had here; empty: none."""
    return _named([number for number, _ in filters_of(data) if not h5z.filter_avail(number)])


def values_made(number: int, settings: Sequence[int]) -> int:
    """Return how many values one of `COUNTED` makes of a chunk; 0: it does not say.

    ZFP's own header is in the settings: 32 bits, two of type, two of the number of axes, 48 of the sides.
    """
    if number != ZFP:
        return settings[2] if len(settings) > 2 else 0
    header = sum(part << 32 * place for place, part in enumerate(settings[1:])) >> 34
    axes, sides, bits = header & 3, header >> 2, 48 // ((header & 3) + 1)
    made = 1
    for axis in range(axes + 1):
        made *= (sides >> axis * bits & (1 << bits) - 1) + 1
    return made


def _named(numbers: Sequence[int]) -> str:
    return " and ".join(f"{KNOWN.get(number, 'a filter')} (HDF5 filter {number})" for number in numbers)
