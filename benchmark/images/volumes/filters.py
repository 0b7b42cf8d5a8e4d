"""Filters of HDF5 that come as plugins, by the numbers under which they are registered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import h5py
from h5py import h5z

KNOWN: Final[Mapping[int, str]] = {
    305: "LZO", 307: "bzip2", 32000: "LZF", 32001: "Blosc", 32004: "LZ4", 32008: "bitshuffle", 32013: "ZFP",
    32015: "Zstandard", 32017: "SZ", 32018: "FCIDECOMP", 32024: "SZ3", 32026: "Blosc2", 32027: "B3D",
    32028: "SPERR", 32030: "FFMPEG",
}  # fmt: skip

PACKERS_BY_NUMBER: Final[Mapping[int, str]] = {
    1: "zlib", 4: "szip", 307: "bz2", 32000: "lzf", 32001: "blosc", 32004: "lz4-big", 32008: "bitshuffle",
    32015: "zstd",
}  # fmt: skip
"""What `files.packed` knows each as; others come as plugins that the user chose, and are not looked at."""


def missing_filters(data: h5py.Dataset) -> str:
    """Return the filters of a dataset that are not to be had here; empty: none."""
    pipeline = data.id.get_create_plist()
    numbers = [pipeline.get_filter(place)[0] for place in range(pipeline.get_nfilters())]
    lacking = [number for number in numbers if not h5z.filter_avail(number)]
    return " and ".join(f"{KNOWN.get(number, 'a filter')} (HDF5 filter {number})" for number in lacking)
