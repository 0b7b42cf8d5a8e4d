"""How All Mitochondria is divided: it trains on sections cut into patches, and sections stay whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Final

from ...benchmark.contracts.data import Split
from ...benchmark.contracts.published import ConvertedVolume
from ..collection.division import Division, Piece, division_of, in_order
from ..collection.splits import cut_blocks, default_gap
from ..idle_options import refuse_idle
from . import guay, kasthuri_pp, lucchi_pp
from .cem500k_split import SPLIT
from .cutting import Blocks, as_published, by_group, cut_list
from .options import OfficialOptions
from .rules import Rules
from .splitting import OfficialSplits, of_part

BENCHMARKS: Final = ("perez-mito", "kasthuri-pp", "lucchi-pp", "guay", "urocell")
"""With whose names those of volumes begin."""
SLICED: Final = ("guay", "urocell")
"""Those that come as volumes: test volumes, and training slices of which CEM500K forgot the last."""
PADDING: Final = ((kasthuri_pp.PADDING, 0),)
"""CEM500K read what is ignored here as background, but in Guay's test volume."""

GAPS: Final[Mapping[str, int]] = {
    "kasthuri-pp": default_gap(kasthuri_pp.RULES.voxel_size_nm),
    "lucchi-pp": default_gap(lucchi_pp.RULES.voxel_size_nm),
    "guay": default_gap(guay.RULES.voxel_size_nm),
}
"""Sections between train and val of the benchmarks that train on one volume."""


def section_name(volume: str, axis: int, index: int) -> str:
    """Name a section of a training volume: ``guay-train-z0007``."""
    return f"{volume}-{'zyx'[axis]}{index:04}"


def _by_sections(
    volumes: Sequence[ConvertedVolume],
    options: OfficialOptions,
    rules: Rules,  # noqa: ARG001 - given to every division
) -> Division[ConvertedVolume]:
    """Let the end of each training part validate: its last volumes, or the last sections of its only one."""
    blocks: Blocks = []
    for name, sections in groupby(of_part(volumes, "train"), _benchmark):
        units, gap = by_group(sections), 0
        if len(units) == 1:
            units = [[section] for section in units[0]]
            gap = GAPS[name] if options.gap == -1 else options.gap
        blocks += cut_list(units, partial(cut_blocks, shares={"val": options.val_share}, gap=gap))
    rule = (
        f"train and test as published; val the last {options.val_share:g} of each benchmark's training "
        "volumes, or of its sections where it trains on one volume"
    )
    return division_of(in_order(blocks + as_published("test", of_part(volumes, "test"))), _cases, rule)


def _as_published(
    volumes: Sequence[ConvertedVolume],
    options: OfficialOptions,
    rules: Rules,  # noqa: ARG001 - given to every division
) -> Division[ConvertedVolume]:
    """Divide as CEM500K did: without last slices, and as background what is ignored here."""
    refuse_idle(options, ("val_share", "gap"), f"split={SPLIT} is as it was published")
    train, left_out = _part_last(of_part(volumes, "train"))
    blocks = as_published("train", train) + as_published("val", left_out)
    return division_of(
        blocks + as_published("test", of_part(volumes, "test")),
        _read_as_published,
        "as CEM500K divided it (Conrad & Narayan 2021), without last slices",
        (
            "The val split is patches of the last slices, left out. The published work took the last "
            "training state; so do not choose one by val.",
        ),
    )


def _cases(split: Split, block: Piece[ConvertedVolume]) -> Iterator[Piece[ConvertedVolume]]:
    sliced = split != "test" or _benchmark(block.volume) not in SLICED
    return block.cases("slices" if sliced else "volumes")


def _read_as_published(split: Split, block: Piece[ConvertedVolume]) -> Iterator[Piece[ConvertedVolume]]:
    padded = split != "test" or _benchmark(block.volume) == "kasthuri-pp"
    return _cases(split, replace(block, relabel=PADDING if padded else ()))


def _part_last(sections: Iterable[ConvertedVolume]) -> tuple[list[ConvertedVolume], list[ConvertedVolume]]:
    """Part the sections that CEM500K trained on from the last of each volume and axis that it sliced."""
    used: list[ConvertedVolume] = []
    last: list[ConvertedVolume] = []
    for _, series in groupby(sections, _series):
        *first, end = series
        used += first
        (last if _benchmark(end) in SLICED else used).append(end)
    return used, last


def _benchmark(volume: ConvertedVolume) -> str:
    """Return which of the five a volume is from."""
    return next(name for name in BENCHMARKS if volume.name.startswith(f"{name}-"))


def _series(volume: ConvertedVolume) -> str:
    """Name the volume and axis that a section is from: ``guay-train-z``."""
    return volume.name[:-4]


SPLITS: Final = OfficialSplits({"official": _by_sections, SPLIT: _as_published})
