"""Options of the dataset ``volume``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Lt

from ...benchmark.contracts import STRICT


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeOptions:
    """What a volume's file does not say of itself, and how it is divided."""

    __pydantic_config__ = STRICT

    labels: str = ""
    """File of the labels, or ``:/NAME`` within the volume's own file; where dataset.yaml lists volumes, that
    names them."""
    axes: str = ""
    """A letter per stored axis, such as xyz; empty: as the file says, or else zyx."""
    voxel_size: str = ""
    """nm: 8, or z, y and x as in 30x8x8; empty: as the file says."""
    level: Annotated[int, Ge(0)] = 0
    """Of an OME-Zarr image; 0 is the finest."""
    range: str = ""
    """Values that become 0 and 1, as in -2000..4000; empty: 8 and 16 bit unsigned are taken as they are, and
    of others the 0.1 and 99.9 percentiles of the training sections are taken."""
    ignore_value: Annotated[int, Ge(-1)] = -1
    """Value of labels that neither train nor score; -1: as dataset.yaml says, or none."""
    classes: str = ""
    """Names by label value, as in background+mitochondria or 0:background+255:mitochondria; empty: from
    dataset.yaml, or class1, class2, ..."""
    instances: Literal["", "no", "binary", "boundary"] = ""
    """Whether labels are numbers of objects, and what is made of them: object, or object and boundary;
    empty: as dataset.yaml says, or no."""
    scored: Literal["slices", "volumes"] = "slices"
    """Whether sections are validated and tested one by one, or blocks of them as volumes."""
    val_share: Annotated[float, Gt(0), Lt(1)] = 0.2
    """Share of the sections, or of the groups, that validates."""
    test_share: Annotated[float, Gt(0), Lt(1)] = 0.2
    """Share of the sections, or of the groups, that tests."""
    gap: Annotated[int, Ge(-1)] = -1
    """Sections between two blocks that belong to no split; -1: 50 nm, at least one."""
    order: Annotated[int, Ge(0)] = 0
    """In which order the blocks stand: 0 is train, val, test; 6 orders in all.  Of groups: which of them."""
    folds: Annotated[int, Ge(0)] = 0
    """Folds of a cross-validation, in which every section is tested once; 0: none."""
    fold: Annotated[int, Ge(0)] = 0
    """Which fold tests, from 0."""
