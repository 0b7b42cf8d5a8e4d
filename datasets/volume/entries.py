"""From a reference to the volumes that are meant: a file with its labels, or those of a ``dataset.yaml``."""

from __future__ import annotations

import os
import re
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...benchmark.contracts.data import Split
from ...benchmark.contracts.errors import DataError, UsageError
from ...benchmark.files.regular import check_regular
from ...benchmark.files.wording import listed
from ...benchmark.images.volumes.opening import Wanted, is_volume_file, is_zarr, split_location
from ...benchmark.plugins.references import escaped
from ..collection.naming import name_groups, name_splits, named_subjects
from ..described import recall_description
from ..description import FILE_NAME, OF_FOLDERS, Description, VolumeEntry, is_described, refuse_keys
from ..value_options import AUTO
from .options import VolumeOptions
from .wishes import override


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A volume with its labels, not opened yet."""

    name: str
    image: str
    labels: str
    split: Split | None
    group: str | None
    wanted: Wanted
    labels_wanted: Wanted
    """Without a level: the one that fits the image's."""
    in_space: bool
    """Whether positions are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """All that is said about a dataset: by options first, and else by its ``dataset.yaml``."""

    root: Path
    by_options: bool
    """Whether there is no ``dataset.yaml``."""
    description: Description
    entries: tuple[Entry, ...]


def gather(location: str, options: VolumeOptions, cache: Path) -> Told:
    """Put together what a reference and a ``dataset.yaml`` say.

    Raises:
        DataError: There is no such place, or its description makes no sense.
        UsageError: An option is not written as it must be, or does nothing here.
    """
    path, inside = split_location(location)
    if path.name == FILE_NAME:
        return _described(path, options, cache)
    if inside or not path.is_dir() or is_volume_file(path):
        return _single(location, options)
    if not is_described(path):
        raise DataError(
            f"{path} is a folder without {FILE_NAME}, which lists its volumes; this writes one: "
            f"{shlex.join(['emseg-bench', 'data', 'init', str(path)])}\nFor one volume write volume:FILE "
            "with the option labels."
        )
    return _described(path / FILE_NAME, options, cache)


def _single(location: str, options: VolumeOptions) -> Told:
    path, inside = split_location(location)
    labels = _own_labels(location, path, inside) if options.labels == AUTO else options.labels
    description = override(Description(), options)
    wanted = Wanted(
        axes=description.axes, voxel_size_nm=description.voxel_size_nm, level=options.level or None
    )
    entry = Entry(
        name=_name_of(location),
        image=location,
        labels=_labels_of(path, labels),
        split=None,
        group=None,
        wanted=wanted,
        labels_wanted=replace(wanted, level=None, as_labels=True),
        in_space=description.positions != "ignore",
    )
    return Told(root=path, by_options=True, description=description, entries=(entry,))


def _own_labels(location: str, path: Path, inside: str) -> str:
    """Return the labels that an OME-Zarr image has, if it has one kind of them.

    Raises:
        UsageError: It has none, or several.
    """
    known = []
    if is_zarr(path):
        from ...benchmark.images.volumes import zarrs

        known = zarrs.labels_of(path, inside)
    if len(known) == 1:
        return f":{known[0]}"
    there = f" The image has several: {', '.join(f'labels=:{name}' for name in known)}." if known else ""
    raise UsageError(
        f"volume:{location} needs labels: {shlex.quote(f'volume[labels=FILE]:{escaped(location)}')}, or "
        f"labels=:/NAME within the same file.{there}"
    )


def _labels_of(path: Path, labels: str) -> str:
    """Return where the labels are: in the same file, or in one that is given from beside it or from here."""
    if labels.startswith(":"):
        return f"{path}{labels}"
    beside = str(path.parent / labels)
    return beside if split_location(beside)[0].exists() else labels


def _described(path: Path, options: VolumeOptions, cache: Path) -> Told:
    check_regular(path)
    description = recall_description(path, cache)
    refuse_keys(path, description, OF_FOLDERS, f"folder:{path.parent}")
    if description.volumes is None:
        raise DataError(
            f"{path} lists no volumes; write, for example, volumes: "
            f"[{{image: a.tif, labels: a_labels.tif}}]. Of images and masks, folder:{path.parent} makes a "
            "dataset."
        )
    if options.labels != AUTO:
        raise UsageError(f"the option labels does nothing here: {path} names the labels. Leave it out.")
    _refuse_idle(path, description.volumes, options)
    description = override(description, options)
    names = _names(path, description.volumes or ())
    entries = [
        _entry(path.parent, name, entry, description, options)
        for name, entry in zip(names, description.volumes or (), strict=True)
    ]
    sorted_out = _sorted_out(path, description, entries)
    _refuse_twice(path, sorted_out)
    return Told(root=path.parent, by_options=False, description=description, entries=tuple(sorted_out))


def _refuse_twice(path: Path, entries: Sequence[Entry]) -> None:
    """Refuse an image or labels that stand in two volumes, unless these are of one group.

    Raises:
        DataError: One does, or an image has the same labels twice.
    """
    seen: dict[tuple[str, str], Entry] = {}
    both: dict[tuple[str, ...], Entry] = {}
    for entry in entries:
        places = _real(entry.image), _real(entry.labels)
        if places[0] == places[1]:
            raise DataError(f"{path}: {entry.name} names {entry.image} as image and as labels.")
        first = both.setdefault(places, entry)
        if first is not entry:
            raise DataError(f"{path}: {first.name} and {entry.name} are the same image with the same labels.")
        for kind, place in zip(("image", "labels"), places, strict=True):
            other = seen.setdefault((kind, place), entry)
            if other is not entry and (entry.group is None or entry.group != other.group):
                raise DataError(
                    f"{path}: {other.name} and {entry.name} name the same {kind}, {getattr(entry, kind)}. Is "
                    "one a slip? If they do belong to both, give the two volumes one group, which is never "
                    "divided among splits."
                )


def _real(location: str) -> str:
    """Return where a location leads to, links resolved."""
    file, inside = split_location(location)
    return f"{os.path.realpath(file)}:{inside}"


def _entry(
    root: Path, name: str, entry: VolumeEntry, description: Description, options: VolumeOptions
) -> Entry:
    level = (options.level or None) if entry.level is None else entry.level
    size = entry.voxel_size_nm or description.voxel_size_nm
    axes = entry.axes or description.axes
    return Entry(
        name=name,
        image=str(root / entry.image),
        labels=str(root / entry.labels),
        split=entry.split,
        group=entry.group,
        wanted=Wanted(axes=axes, voxel_size_nm=_three(name, size), level=level),
        labels_wanted=Wanted(axes=entry.labels_axes or axes, as_labels=True),
        in_space=description.positions != "ignore",
    )


def _three(name: str, size: tuple[float, ...] | None) -> tuple[float, ...] | None:
    if size and len(size) == 2:
        raise DataError(
            f"{FILE_NAME}: voxel_size_nm of {name} has 2 numbers, {listed(size)}; a volume needs z, y and x."
        )
    return size


def _sorted_out(path: Path, description: Description, entries: Sequence[Entry]) -> list[Entry]:
    """Add what the keys ``groups`` and ``splits`` say to what the volumes say themselves."""
    names = [entry.name for entry in entries]
    sorted_out = list(entries)
    if description.groups:
        if any(entry.group for entry in entries):
            raise DataError(f"{path}: groups are named twice: by volumes and by the key groups.")
        groups = name_groups(path, description.groups, names)
        sorted_out = [replace(entry, group=groups[entry.name]) for entry in sorted_out]
    elif not any(entry.group for entry in entries):
        divided = bool(description.splits) or any(entry.split for entry in entries)
        files = [os.path.relpath(split_location(entry.image)[0], path.parent) for entry in entries]
        subjects = named_subjects(files, divided=divided)
        sorted_out = [
            replace(entry, group=subjects.get(file)) for entry, file in zip(entries, files, strict=True)
        ]
    if description.splits:
        if any(entry.split for entry in entries):
            raise DataError(f"{path}: splits are named twice: by volumes and by the key splits.")
        splits = name_splits(path, description.splits, names)
        sorted_out = [replace(entry, split=splits[entry.name]) for entry in sorted_out]
    return sorted_out


def _names(path: Path, volumes: Sequence[VolumeEntry]) -> list[str]:
    names = [entry.name or _name_of(entry.image) for entry in volumes]
    twice = [name for name, number in Counter(names).items() if number > 1]
    if twice:
        raise DataError(f"{path}: several volumes are called {listed(twice)}; give each a name of its own.")
    return names


def _name_of(location: str) -> str:
    """Return ``cells`` for ``/data/cells.ome.tif``, ``cells-raw`` for ``cells.h5:/raw``."""
    path, inside = split_location(location)
    stem = re.sub(r"(\.ome)?\.[A-Za-z0-9]+(\.gz)?$", "", path.name) or path.name
    return "-".join([stem, *filter(None, inside.split("/"))])


def _refuse_idle(path: Path, volumes: Sequence[VolumeEntry], options: VolumeOptions) -> None:
    """Refuse options that every volume has its own word for."""
    for option, key in (("axes", "axes"), ("voxel_size", "voxel_size_nm"), ("level", "level")):
        given = getattr(options, option) not in (AUTO, 0)
        if given and all(getattr(entry, key) is not None for entry in volumes):
            raise UsageError(f"the option {option} does nothing here: every volume of {path} says its own.")
