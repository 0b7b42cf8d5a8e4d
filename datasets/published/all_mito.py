"""All Mitochondria: CEM500K's benchmark over five others, made of their arrays and of nothing else.

It trains on patches of 256 x 256 px from all training sections, so that a set of few large sections weighs no
less than one of many small ones.  What to know of it:

- Patches overlap where a side is no multiple of 256, so that all are of full size; a side shorter than 256
  stays as it is.  Patches in which less than 5 % of the pixels are not black, padding that is, are left out.
- Every training section becomes a volume of its patches, named after what it comes from.
- UroCell is cut along all three axes, the others along z.
- Kasthuri++'s padding is ignored, and so is what nobody annotated in Guay, which comes to the same as the
  published masking of predictions by the truth.
- Test cases are the five test parts: sections of Perez, Lucchi++ and Kasthuri++, volumes of Guay and UroCell.
- The published score is the mean of five scores that are made by different rules: for Perez objects are
  matched, and UroCell is segmented along three axes.  A trial has one rule: here no objects are matched,
  volumes are segmented along z, and the mean is over cases.  The names of cases begin with their benchmark's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ...benchmark.contracts.published import ConversionWriter, SourceFiles
from .adapter import published_card
from .all_mito_splits import SPLITS, section_name
from .rules import Rules

if TYPE_CHECKING:
    from ...benchmark.images.pixels import Array

PATCH: Final = 256
"""Side of a patch, px."""
LEAST_TISSUE: Final = 0.05
"""Share of a patch's pixels that must not be black."""
IGNORED: Final = 255


@dataclass(frozen=True, slots=True)
class _Source:
    """What is taken from a benchmark."""

    labels: Mapping[int, int]
    """What its labels become; those that are not named become background."""
    axes: tuple[int, ...] = (0,)
    """Along which its training volumes are cut."""

    def relabel(self, section: Array) -> Array:
        """Give the labels of a section, (H, W) uint8, as they are here."""
        import numpy as np

        table = np.zeros(256, np.uint8)
        for there, here in self.labels.items():
            table[there] = here
        relabelled: Array = table[section]
        return relabelled


SOURCES: Final[Mapping[str, _Source]] = {
    "perez-mito": _Source({1: 1}),
    "kasthuri-pp": _Source({1: 1, IGNORED: IGNORED}),
    "lucchi-pp": _Source({1: 1}),
    "guay": _Source({0: IGNORED, 2: 1}),
    "urocell": _Source({2: 1}, axes=(0, 1, 2)),
}


def convert(source: SourceFiles, writer: ConversionWriter) -> None:
    """Write the training sections as volumes of patches, and the test parts as they are.

    Raises:
        DataError: One of the five is not on this machine.
    """
    from .arrays import open_array
    from .reading import relabel

    for name, taken in SOURCES.items():
        for volume in source.dataset(name).volumes:
            if volume.labels is None:
                continue
            image, labels = (open_array(path) for path in (volume.image, volume.labels))
            if volume.part == "test":
                writer.add("test", f"{name}-{volume.name}", image, relabel(labels, taken.relabel))
            elif volume.part == "train":
                for axis in taken.axes:
                    _write_sections(writer, f"{name}-{volume.name}", axis, image, labels, taken)


def patch_starts(side: int, patch: int) -> list[int]:
    """Return where patches begin along a side, spread evenly so that the last one ends with it."""
    number = -(-side // patch)
    overlap = number * patch - side
    return [k * patch - k * overlap // max(1, number - 1) for k in range(number)]


def cut_patches(section: Array, patch: int) -> list[Array]:
    """Cut a section (H, W) into views of patches, row by row; see `patch_starts`."""
    tops, lefts = (patch_starts(side, patch) for side in section.shape)
    return [section[top : top + patch, left : left + patch] for top in tops for left in lefts]


def _write_sections(
    writer: ConversionWriter, name: str, axis: int, image: Array, labels: Array, taken: _Source
) -> None:
    """Write each section along an axis as a volume of those of its patches that show tissue."""
    import numpy as np

    planes = zip(np.moveaxis(image, axis, 0), np.moveaxis(labels, axis, 0), strict=True)
    for index, (section, mask) in enumerate(planes):
        pairs = zip(cut_patches(section, PATCH), cut_patches(taken.relabel(mask), PATCH), strict=True)
        kept = [pair for pair in pairs if np.count_nonzero(pair[0]) >= LEAST_TISSUE * pair[0].size]
        if kept:
            patches, masks = (np.stack(arrays) for arrays in zip(*kept, strict=True))
            writer.add("train", section_name(name, axis, index), patches, masks, group=name)


RULES = Rules(
    class_names=("background", "mitochondria"),
    voxel_size_nm=None,
    ignore_value=IGNORED,
    scored="volumes",  # of two of the five; see all_mito_splits
    ignore_rule="padding of Kasthuri++ and what is not annotated in Guay are neither trained on nor scored",
    notes=(
        "The published score is the mean of five benchmarks' scores, with objects matched in Perez and "
        "UroCell segmented along three axes; here no objects are matched, volumes are segmented along z, and "
        "the mean is over cases, whose names begin with their benchmark's.",
        "Voxels differ in size between the five, so no distance is in nm.",
    ),
)

ALL_MITO = published_card(
    "all-mito",
    RULES,
    SPLITS,
    description="mitochondria in five benchmarks at once: Perez, Kasthuri++, Lucchi++, Guay and UroCell",
    page="https://github.com/volume-em/cem-dataset",
    derived_from=tuple(SOURCES),
    convert=convert,
    used_in=(
        "CEM500K (Conrad & Narayan 2021): split=cem500k-2021. Mean of the five IoUs 0.770 (ImageNet, MoCo "
        "v2: 0.653).",
    ),
    citation="R. Conrad, K. Narayan, CEM500K, a large-scale heterogeneous unlabeled cellular electron "
    "microscopy image dataset for deep learning, eLife 10:e65894, 2021; and those of the five",
    licence="as those of the five",
)

CARDS = (ALL_MITO,)
