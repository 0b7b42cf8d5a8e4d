"""What a published dataset's own rules say of training on it and scoring it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...benchmark.contracts.data import Axes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a dataset is trained on and scored; most of it goes into the manifest as it is."""

    class_names: tuple[str, ...]
    """By label value, background first."""
    voxel_size_nm: tuple[float, ...] | None
    """(z, y, x), or (y, x) of images, in nm; None: not known."""
    ignore_value: int | None = None
    ignore_rule: str = "no pixel is ignored"
    """Which pixels do not count, in words."""
    axes: Axes = "stack"
    """How volumes are segmented."""
    train_axes: tuple[int, ...] = (0,)
    """Along which axes training slices are cut: 0 z, 1 y, 2 x."""
    scored: Literal["slices", "volumes"] = "slices"
    """What a test case is, or some of them; val is always scored in slices."""
    scored_classes: tuple[int, ...] | None = None
    mask_by_truth: bool = False
    notes: tuple[str, ...] = ()
    """What a reader of scores must know, whatever the split."""
