"""Options of the dataset ``volume``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Lt

from ...benchmark.contracts.basics import STRICT


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeOptions:
    """What a volume's file does not say of itself, and how it is divided."""

    __pydantic_config__ = STRICT

    labels: str = "auto"
    """File of the labels, from beside the volume or from here, or ``:/NAME`` within the volume's own file;
    auto: as dataset.yaml lists them."""
    axes: str = "auto"
    """A letter per stored axis, such as xyz; auto: as dataset.yaml or the file says, or else zyx."""
    voxel_size: Annotated[float, Gt(0)] | str = "auto"
    """nm: 8, or z, y and x as in 30x8x8; auto: as dataset.yaml or the file says."""
    level: Annotated[int, Ge(0)] = 0
    """Of an OME-Zarr image; 0 is the finest."""
    range: str = "auto"
    """Values that become 0 and 1, as in -2000..4000; auto: as dataset.yaml says, or else 8 and 16 bit
    unsigned as they are, and of others the 0.1 and 99.9 percentiles of the training sections."""
    ignore_value: int | str = "auto"
    """Value of labels that neither train nor score, -1 too; auto: as dataset.yaml says, or none."""
    background: int | str = "auto"
    """Value of labels that is no class and no object; auto: as dataset.yaml says, or 0."""
    classes: str = "auto"
    """Names by label value, as in background+mitochondria or 0:background+255:mitochondria; auto: as
    dataset.yaml says, or class1, class2, ..."""
    instances: Literal["auto", "none", "binary", "boundary"] = "auto"
    """What is made of labels that are numbers of objects: object (binary), or object and boundary; none:
    labels are classes; auto: as dataset.yaml says, or none."""
    positions: Literal["auto", "compare", "ignore"] = "auto"
    """Whether labels are brought onto the image by where both files say that they lie; ignore: voxel by
    voxel, as they are stored; auto: as dataset.yaml says, or compare."""
    scored: Literal["slices", "volumes"] = "slices"
    """Whether sections are validated and tested one by one, or blocks of them as volumes."""
    val_share: Annotated[float, Gt(0), Lt(1)] = 0.2
    """Share of the sections, or of the groups, that validates."""
    test_share: Annotated[float, Gt(0), Lt(1)] = 0.2
    """Share of the sections, or of the groups, that tests."""
    gap: Annotated[int, Ge(-1)] = -1
    """Sections between two blocks that belong to no split; -1: 50 nm, at least one, or, where the
    thickness is not known, as many as make sections as unlike as far ones, at most an eighth."""
    order: Annotated[int, Ge(0)] = 0
    """In which order the blocks stand: 0 is train, val, test; 6 orders in all.  Of groups: which of them."""
    folds: Annotated[int, Ge(0)] = 0
    """Folds of a cross-validation, in which every section is tested once; 0: none."""
    fold: Annotated[int, Ge(0)] = 0
    """Which fold tests, from 0."""
