"""Options of the dataset ``folder``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Lt

from ...benchmark.contracts.basics import STRICT


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderOptions:
    """How images that come without splits are divided; see `splits.divide`."""

    __pydantic_config__ = STRICT

    classes: str = "auto"
    """Names by mask value, as in background+mitochondria or 0:background+255:mitochondria; auto: as
    dataset.yaml says, or class1, class2, ..."""
    ignore_value: int | str = "auto"
    """Value of masks that neither trains nor scores, -1 too; auto: as dataset.yaml says, or none."""
    background: int | str = "auto"
    """Value of masks that is no class and no object; auto: as dataset.yaml says, or 0."""
    instances: Literal["auto", "none", "binary", "boundary"] = "auto"
    """What is made of masks that are numbers of objects: object (binary), or object and boundary; none:
    values are classes; auto: as dataset.yaml says, or none."""
    val_share: Annotated[float, Gt(0), Lt(1)] = 0.2
    """Share of the images that validates; at least one image."""
    test_share: Annotated[float, Gt(0), Lt(1)] = 0.2
    """Share of the images that tests; at least one image."""
    split_seed: Annotated[int, Ge(0)] = 0
    """In which order the blocks stand: 0 is train, val, test; 6 orders in all.  Of groups: which of them."""
    gap: Annotated[int, Ge(-1)] = -1
    """Images between two blocks that belong to no split; -1: 50 nm of slices of a volume or, where
    the thickness is not known, as many as make slices as unlike as far ones, at most an eighth; else 0."""
    folds: Annotated[int, Ge(0)] = 0
    """Folds of a cross-validation, in which every image is tested once; 0: none."""
    fold: Annotated[int, Ge(0)] = 0
    """Which fold tests, from 0."""
