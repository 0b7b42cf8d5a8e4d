"""What must hold for volumes before they are looked at: from their headers alone."""

from __future__ import annotations

from collections.abc import Sequence

from ...benchmark.contracts.errors import DataError
from ...benchmark.files.wording import listed
from ...benchmark.images.volumes.volume import Volume
from ..folder.checks import MIN_SIDE


def check_shapes(image: Volume, labels: Volume) -> None:
    """Refuse labels of another shape than their image, and sections too small to train on.

    Raises:
        DataError: They are.
    """
    if image.shape != labels.shape:
        raise DataError(
            f"{image.source} is {_sides(image)} and {labels.source} is {_sides(labels)} (z, y, x); labels "
            "need one voxel per voxel of the image. Are the axes right? The option axes, or axes and "
            "labels_axes in dataset.yaml, say them."
        )
    if min(image.shape[1:]) < MIN_SIDE:
        raise DataError(
            f"{image.source} is {_sides(image)} (z, y, x); sections need {MIN_SIDE} px or more a side."
        )


def check_voxel_sizes(image: Volume, labels: Volume) -> None:
    """Refuse labels whose file says that their voxels are of another size.

    Raises:
        DataError: They are, by more than 1 %.
    """
    one, other = image.voxel_size_nm, labels.voxel_size_nm
    if not one or not other:
        return
    if any(abs(side - own) > 0.01 * own for side, own in zip(other, one, strict=True)):
        raise DataError(
            f"{image.source} has voxels of {_nm(one)} and {labels.source} of {_nm(other)} (z, y, x), as both "
            "files say: they are not of the same resolution. If one of them is wrong, say what is right: the "
            "option voxel_size, or voxel_size_nm in dataset.yaml; positions=ignore takes voxels as stored."
        )


def _nm(size: tuple[float, float, float]) -> str:
    return f"{' x '.join(f'{side:g}' for side in size)} nm"


def _sides(volume: Volume) -> str:
    return " x ".join(map(str, volume.shape))


def common_voxel_size(volumes: Sequence[Volume]) -> tuple[float, ...] | None:
    """Return the voxel size of all volumes; None: at least one does not say.

    Raises:
        DataError: They differ by more than 1 %.
    """
    sizes = {volume.source: volume.voxel_size_nm for volume in volumes}
    known = [size for size in sizes.values() if size]
    for size in known:
        if any(abs(side - first) > 0.01 * first for side, first in zip(size, known[0], strict=True)):
            raise DataError(
                "volumes have different voxel sizes: "
                f"{listed(f'{name} {size}' for name, size in sizes.items())} nm. Resample them, make a "
                "dataset of each, or, if a file is wrong, say voxel_size_nm in dataset.yaml."
            )
    return known[0] if len(known) == len(sizes) else None
