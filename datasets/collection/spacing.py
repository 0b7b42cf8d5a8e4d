"""How many sections to leave out between blocks of a stack whose sections are of unknown thickness.

Sections are shrunk, freed from slow changes of brightness, and correlated.  As many are left out as it takes
until those on either side correlate at most `BEYOND` more than sections that lie far apart.  Measured: 8 and
6 sections in two stacks of a FIB-SEM (10 nm each), 3 in VNC (50 nm) and 6 in CDeep3M (40 nm).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ...benchmark.files.hashing import sha256_of
from ...benchmark.files.seen import made_once

if TYPE_CHECKING:
    from ...benchmark.images.pixels import Array
    from ..folder.options import FolderOptions
    from ..volume.options import VolumeOptions

VERSION: Final = 1
"""Raised whenever the same sections would give other correlations."""
BEYOND: Final = 0.05
RUNS: Final = 3
RUN: Final = 32
READ_BYTES: Final = 1 << 29
"""So many runs of so many sections are read, evenly spread, but not many more bytes than this."""
SHORTEST_RUN: Final = 4
SIDE: Final = 256
"""Sections are shrunk to about this many pixels a side."""
AT_MOST: Final = 8
"""No more than this part of a stack is left out in one place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Sections in their order."""

    depth: int
    section_bytes: int
    key: Any
    """Plain data that changes whenever a section does."""
    read: Callable[[range], Iterable[Array]]
    """Gives (H, W) sections that follow each other."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much sections correlate."""

    near: tuple[float, ...]
    """At distances of 1, 2, ... sections, means over pairs."""
    far: float
    """Of sections that lie far apart."""

    @property
    def distance(self) -> int:
        """The least distance, sections, at which they are as good as far apart; or the longest measured."""
        enough = (number for number, value in enumerate(self.near, 1) if value <= self.far + BEYOND)
        return next(enough, len(self.near))


def likeness(stack: Stack, cache: Path) -> Likeness:
    """Correlate sections of a stack, or remember what came out.

    Raises:
        DataError: A section cannot be read.
    """
    note = cache / "datasets" / "spacing" / f"{sha256_of([stack.depth, stack.key])[:32]}.json"
    return made_once(note, VERSION, lambda: _correlate(stack), asdict, _rebuild)


def _rebuild(known: dict[str, Any]) -> Likeness:
    return Likeness(tuple(map(float, known["near"])), float(known["far"]))


def largest_gap(depth: int, training_share: float, gaps: int) -> int:
    """Return how many sections may be left out at most: half of what would train, and not `AT_MOST`-ths.

    Args:
        depth: Of the shortest stack, sections.
        training_share: What is left to train on without gaps.
        gaps: How many there are.
    """
    return max(1, min(depth // AT_MOST, int(depth * training_share / 2 / gaps)))


def settle_gap(
    stacks: Sequence[Stack], options: FolderOptions | VolumeOptions, cache: Path, *, said: bool
) -> tuple[int, tuple[str, ...]]:
    """Return the gap that the similarity of sections asks for, and a note on why.

    Args:
        stacks: Those that are cut.
        options: How.
        cache: The cache folder.
        said: Whether their owner says what tests.

    Raises:
        DataError: A section cannot be read.
    """
    depth = min((stack.depth for stack in stacks), default=0)
    most = largest_gap(depth, *_room(options, said=said))
    if most == 1:
        return 1, ()
    found = max((likeness(stack, cache) for stack in stacks), key=lambda one: one.distance)
    gap = max(1, min(found.distance - 1, most))
    return gap, (gap_note(found, gap),)


def _room(options: FolderOptions | VolumeOptions, *, said: bool) -> tuple[float, int]:
    """Return the share of sections that would train without gaps, and how many gaps there are."""
    if said:
        return 1 - options.val_share, 1
    if options.folds:
        return 1 - options.val_share - 1 / options.folds, 3
    return 1 - options.val_share - options.test_share, 2


def gap_note(found: Likeness, gap: int) -> str:
    """Say why so many sections are left out."""
    asked = max(1, found.distance - 1)
    capped = f", which asks for {asked}, were the stack long enough" if gap < asked else ""
    return (
        f"The thickness of sections is not known; {gap} are left out between blocks by how alike they are"
        f"{capped}: neighbours correlate by {found.near[0]:.2f}, sections {gap + 1} apart by "
        f"{found.near[min(gap, len(found.near) - 1)]:.2f}, far ones by {found.far:.2f}. voxel_size_nm or the "
        "option gap settle it."
    )


def _correlate(stack: Stack) -> Likeness:
    import numpy as np

    places = [z for run in _runs(stack) for z in run]
    plain = [_plain(section) for run in _runs(stack) for section in stack.read(run)]
    if len({len(row) for row in plain}) > 1:
        return Likeness((0.0,), 0.0)  # images of different sizes are no neighbours
    rows = np.stack(plain)
    table = rows @ rows.T
    at = np.array(places)
    distances = at[None, :] - at[:, None]
    longest = max(len(run) for run in _runs(stack)) - 1
    near = [float(table[distances == distance].mean()) for distance in range(1, longest + 1)]
    return Likeness(tuple(near), float(table[distances >= max(1, stack.depth // 2)].mean()))


def _runs(stack: Stack) -> list[range]:
    """Choose all sections of a short stack, and runs at its ends and in the middle of a long one."""
    length = max(SHORTEST_RUN, min(RUN, READ_BYTES // max(1, stack.section_bytes) // RUNS))
    if stack.depth <= RUNS * length:
        return [range(stack.depth)]
    starts = (round(number * (stack.depth - length) / (RUNS - 1)) for number in range(RUNS))
    return [range(start, start + length) for start in starts]


def _plain(section: Array) -> Array:
    """Return a section, shrunk and without slow changes of brightness, as a row of length 1."""
    import numpy as np
    from scipy import ndimage

    factor = max(1, round(max(section.shape) / SIDE))
    height, width = (max(1, side // factor) for side in section.shape)
    cut = section[: height * factor, : width * factor]
    blocks = cut.reshape(height, cut.shape[0] // height, width, cut.shape[1] // width)
    small = np.nan_to_num(blocks.mean(axis=(1, 3), dtype=np.float64))
    row = (small - ndimage.gaussian_filter(small, 8)).ravel()
    row -= row.mean()
    return np.asarray(row / (np.linalg.norm(row) or 1.0))
