"""Drafts a ``dataset.yaml`` for images and masks."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...benchmark.files.wording import counted, listed
from ...benchmark.images.pixels import decode_image, read_bytes
from ..collection.labels import MAX_UNNAMED, refuse_blurred
from ..collection.objects import background_of, look_like_objects
from ..description import FILE_NAME
from ..fetching.subjects import expression_for, folder_expression, folders_of, subjects_of
from ..folder.checks import check_not_swapped
from ..folder.index import index_folder
from ..folder.layout import Layout, Pair, find_layout
from .draft import Draft, class_lines, noted, object_lines
from .pixel_sizes import pixel_size_line

NEIGHBOURS = 8
"""So many pairs of neighbouring images are compared."""
SIDE = 64
MUCH_ALIKE = 0.15
"""How much more neighbouring sections of a volume correlate than images that are far apart; measured on
VNC (50 nm) 0.35, and single images 0."""


def draft_folder(root: Path, cache: Path) -> Draft:
    """Look at a folder of images and masks.

    Raises:
        DataError: It is none.
    """
    layout = find_layout(root)
    index = index_folder(layout, cache)
    check_not_swapped(root, index)
    masks = [mask.counts for mask in index.masks.values()]
    values = sorted({value for mask in masks for value in mask})
    refuse_blurred(root, values)
    none = background_of(values)
    pieces = [mask.pieces for mask in index.masks.values()]
    objects = len(values) > MAX_UNNAMED or look_like_objects(pieces, {none}, sections=False)
    lines, decided, doubts = object_lines(none) if objects else class_lines(masks)
    size_line, size_doubts = pixel_size_line(root, [pair.image for pair in layout.pairs()])
    volume, why = _is_volume(root, layout)
    group_lines, group_words = _groups(layout)
    return Draft(
        place=root / FILE_NAME,
        kind="folder",
        root=root,
        lines=(
            f"# {counted(len(layout.pairs()), 'image')} with masks; described by emseg-bench data init",
            *lines,
            size_line,
            noted(f"volume: {str(volume).lower()}", why),
            *group_lines,
        ),
        decided=(_describe(layout), *decided, f"volume: {str(volume).lower()}, since {why}", *group_words),
        to_check=(*doubts, *size_doubts),
    )


def _groups(layout: Layout) -> tuple[list[str], list[str]]:
    """Return a line on subjects, where all names tell one, and what was decided."""
    names = [pair.stem for pair in layout.pairs()]
    expression = expression_for(names)
    subjects = dict.fromkeys(subjects_of(names).values())
    words = "subjects by their names"
    if expression is None:
        expression, subjects = folder_expression(names), dict.fromkeys(folders_of(names).values())
        words = "a folder per subject"
    if expression is None or len(subjects) == len(names):
        return [], []
    words = f"{words}: {listed(subjects)}"
    line = f"groups: {json.dumps(expression)}"
    if "" in layout.parts and len(subjects) < 3:
        return [f"# {noted(line, f'{words}; fewer than three cannot be divided whole')}"], []
    return [noted(line, words)], [f"groups: {counted(len(subjects), 'subject')}, which are never divided"]


def _describe(layout: Layout) -> str:
    if "" in layout.parts:
        first = layout.pairs()[0]
        folders = dict.fromkeys(
            f"{path.partition('/')[0]}/" for path in (first.image, first.mask) if "/" in path
        )
        where = " and ".join(folders) or "one folder"
        return f"{counted(len(layout.parts['']), 'pair')} in {where}; emseg-bench divides them"
    words = ", ".join(f"{part} {len(pairs)}" for part, pairs in layout.parts.items())
    return f"pairs are divided already: {words}"


def _is_volume(root: Path, layout: Layout) -> tuple[bool, str]:
    """Tell whether images are slices, and why that seems so."""
    rows = [row for pairs in layout.parts.values() for row in _rows(pairs)]
    if not rows:
        return False, "names are not numbered one after another"
    longest = max(rows, key=len)
    gain = _likeness(root, longest)
    if gain > MUCH_ALIKE:
        return True, "images are numbered, and neighbours look alike"
    return False, "images are numbered, but neighbours do not look alike"


def _rows(pairs: Sequence[Pair]) -> list[list[Pair]]:
    """Return runs of pairs whose names differ in their last number alone, counting up by one."""
    rows: list[list[Pair]] = []
    before: tuple[str, int] | None = None
    for pair in pairs:
        match = re.fullmatch(r"(.*?)([0-9]+)([^0-9]*)", pair.stem)
        here = (match[1] + "#" + match[3], int(match[2])) if match else None
        if here and before and here == (before[0], before[1] + 1):
            rows[-1].append(pair)
        else:
            rows.append([pair])
        before = here
    return [row for row in rows if len(row) > 2]


def _likeness(root: Path, row: Sequence[Pair]) -> float:
    """Return how much more neighbours correlate than images half a row apart."""
    chosen = range(0, len(row) - 1, max(1, (len(row) - 1) // NEIGHBOURS))
    half = max(2, len(row) // 2)
    thumbs = {
        place: _thumbnail(root, row[place]) for at in chosen for place in (at, at + 1, (at + half) % len(row))
    }
    near = [_correlation(thumbs[at], thumbs[at + 1]) for at in chosen]
    far = [_correlation(thumbs[at], thumbs[(at + half) % len(row)]) for at in chosen]
    return float(np.mean(near) - np.mean(far))


def _thumbnail(root: Path, pair: Pair) -> np.ndarray:
    from PIL import Image

    pixels = decode_image(read_bytes(root / pair.image), pair.image).pixels.mean(axis=-1, dtype=np.float32)
    return np.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX), np.float64)


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])
