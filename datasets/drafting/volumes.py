"""Drafts a ``dataset.yaml`` for volumes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...benchmark.contracts.errors import DataError
from ...benchmark.files.wording import counted, listed
from ...benchmark.images.volumes.opening import Wanted, is_zarr, notes_of, open_volume
from ..collection.labels import MAX_UNNAMED
from ..collection.naming import named_subjects
from ..collection.objects import background_of, look_like_objects
from ..description import FILE_NAME
from ..volume.measure import measure_labels
from .arrays import Candidate, Match, Seen, find_candidates, match_up, refuse_none, split_of, turned
from .draft import Draft, class_lines, flow, noted, object_lines


def draft_volumes(path: Path, cache: Path) -> Draft:
    """Look at a file, or at the volumes in a folder; labels are read as a whole, images by their headers.

    Raises:
        DataError: There is no image with labels, or a file cannot be read.
    """
    root = path if path.is_dir() and not is_zarr(path) else path.parent
    seen = find_candidates(path, cache)
    matches, in_doubt = match_up(seen.volumes, root)
    refuse_none(path, seen, matches, in_doubt)
    alone = [match.image.location for match in matches if not match.labels]
    matches = [match for match in matches if match.labels]
    chosen = [_choose(match, cache) for match in matches]
    objects = any(values.classes is None for _, values in chosen)
    splits = [split_of(match.image.location, root) for match in matches]
    images = all(match.image.volume.shape[0] == 1 for match in matches)
    known = all(splits) and "train" in splits and len(set(splits)) > 1
    lines = [
        f"# {len(matches)} volume(s) with labels; described by emseg-bench data init",
        "volumes:",
        *_entries(
            root, matches, [labels for labels, _ in chosen], splits if known else [None] * len(matches)
        ),
    ]
    decided = [f"{_short(root, match.image)} has the labels {_short(root, labels)}"
               + (f", which fit its level {match.level}" if match.level else "")
               for match, (labels, _) in zip(matches, chosen, strict=True)]  # fmt: skip
    doubts = [*in_doubt, *(f"{os.path.relpath(one, root)} has no labels and is left out" for one in alone)]
    doubts += _left(root, seen, matches)
    doubts += _others(root, matches, [labels for labels, _ in chosen])
    more_lines, more_decided, more_doubts = _classes(objects, [values for _, values in chosen])
    size_lines, size_doubts = _voxel_sizes([match.image for match in matches])
    return Draft(
        place=root / FILE_NAME,
        kind="volume",
        root=root,
        lines=(*lines, *more_lines, *size_lines, *_intensity(matches)),
        decided=(*decided, *more_decided, _division(splits, known, images)),
        to_check=(*doubts, *more_doubts, *size_doubts, *_told(matches, [labels for labels, _ in chosen])),
    )


def _told(matches: Sequence[Match], labels: Sequence[Candidate]) -> list[str]:
    """Repeat what was noted when volumes were opened, such as sections that a file calls channels."""
    volumes = [match.image.volume for match in matches] + [one.volume for one in labels]
    few = [match.image.location for match in matches if match.image.axes]
    told = [f"{one} does not call its sections z, but there are as many of its labels" for one in few]
    return list(dict.fromkeys([*told, *(note.rstrip(".") for note in notes_of(volumes))]))


@dataclass(frozen=True, slots=True)
class _Values:
    """What labels hold."""

    classes: tuple[tuple[int, ...], ...] | None
    """Of each section; None: numbers of objects."""
    background: int = 0


def _choose(match: Match, cache: Path) -> tuple[Candidate, _Values]:
    """Return the labels to take and their values.

    Classes go before numbers of objects, where there are both.
    """
    looked = [(labels, _values(match, labels, cache)) for labels in match.labels]
    return min(looked, key=lambda one: one[1].classes is None)


def _values(match: Match, labels: Candidate, cache: Path) -> _Values:
    axes = turned(match.image.volume, labels.volume)
    wanted = Wanted(axes=axes, as_labels=True)
    volume = open_volume(labels.location, cache, wanted) if axes else labels.volume
    if volume.dtype.itemsize > 4 and volume.dtype.kind != "f":
        return _Values(None)
    try:
        facts = measure_labels(volume, "none", None, cache)
    except DataError:
        return _Values(None)
    values = sorted({value for section in facts for value in section.counts})
    none = background_of(values)
    pieces = [section.pieces for section in facts]
    objects = len(values) > MAX_UNNAMED or look_like_objects(pieces, {none}, sections=True)
    return _Values(None if objects else tuple(tuple(section.counts) for section in facts), none)


def _entries(
    root: Path, matches: Sequence[Match], labels: Sequence[Candidate], splits: Sequence[str | None]
) -> list[str]:
    images = [_short(root, match.image) for match in matches]
    subjects = named_subjects(images, divided=any(splits))
    return [
        "  - "
        + flow(
            {
                "image": _short(root, match.image),
                "labels": _short(root, own),
                "split": split,
                "group": subjects.get(_short(root, match.image)),
                "axes": match.image.axes or ("zyx" if turned(match.image.volume, own.volume) else None),
                "labels_axes": turned(match.image.volume, own.volume),
                "level": match.level,
                "name": _name(root, match, matches),
            }
        )
        for match, own, split in zip(matches, labels, splits, strict=True)
    ]


def _name(root: Path, match: Match, matches: Sequence[Match]) -> str | None:
    """Name volumes by their folders where file names are alike: ``train/a.tif`` and ``test/a.tif``."""
    names = [Path(one.image.location).name for one in matches]
    if len(set(names)) == len(names):
        return None
    return os.path.splitext(_short(root, match.image).replace(":", ""))[0].replace("/", "-")  # noqa: PTH122


def _short(root: Path, candidate: Candidate) -> str:
    return os.path.relpath(candidate.location, root)


def _others(root: Path, matches: Sequence[Match], chosen: Sequence[Candidate]) -> list[str]:
    return [
        f"{_short(root, match.image)} could have the labels {listed(_short(root, one) for one in others)}, "
        "too"
        for match, own in zip(matches, chosen, strict=True)
        if (others := [one for one in match.labels if one is not own])
    ]


def _left(root: Path, seen: Seen, matches: Sequence[Match]) -> list[str]:
    """Say what is there and was not taken, images without labels aside."""
    taken = {id(labels) for match in matches for labels in match.labels}
    alone = [one.location for one in seen.volumes if one.is_labels and id(one) not in taken]
    told = {
        "with labels of no image that was found": alone,
        "of a single section, which no volume is": seen.single,
        "not read, no volume by its name": seen.unread,
    }
    return [
        f"{counted(len(places), 'file')} {words}: {listed((os.path.relpath(one, root) for one in places), 5)}"
        for words, places in told.items()
        if places
    ]


def _classes(objects: bool, values: Sequence[_Values]) -> tuple[list[str], list[str], list[str]]:
    if objects:
        return object_lines(min(own.background for own in values))
    return class_lines([section for own in values for section in own.classes or ()])


def _voxel_sizes(images: Sequence[Candidate]) -> tuple[list[str], list[str]]:
    sizes = {image.volume.voxel_size_nm for image in images}
    if None not in sizes:
        words = listed(" x ".join(f"{side:g}" for side in size) for size in sizes if size)
        return [f"# voxel size: {words} nm (z, y, x), as the files say"], []
    unknown = noted("# voxel_size_nm: [30, 8, 8]", "nm (z, y, x); not every file says it")
    return [unknown], [
        "voxel_size_nm: not every file says it; distances in nm and the gap between splits need it"
    ]


def _intensity(matches: Sequence[Match]) -> list[str]:
    kinds = {str(match.image.volume.dtype.newbyteorder("=")) for match in matches}
    if kinds <= {"uint8", "uint16"} and len(kinds) == 1:
        return []
    why = f"{listed(sorted(kinds))}: what becomes 0 and 1; without, percentiles"
    return [noted("# intensity: [0, 1000]", why)]


def _division(splits: Sequence[str | None], known: bool, images: bool) -> str:
    if known:
        return f"splits are named by folders or files: {', '.join(str(split) for split in splits)}"
    if images:
        return "no split is named: images are divided in their order, in contiguous blocks"
    return "no split is named: every volume is cut into blocks along z, with a gap between them"
