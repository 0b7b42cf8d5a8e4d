"""How often a class is where it is said to be probable: pixels of images, counted by bins of probability."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from torch import Tensor

from ..contracts.data import Case, Manifest
from .aggregation import BACKGROUND
from .calibration import BINS, Binned, binned
from .labels import to_probabilities
from .scoring import scored_classes

_PIXELS: Final = 1 << 20
"""So many have their probabilities in memory at once."""


class ReliabilityRow(NamedTuple):
    """The pixels of a case whose probability of a class lies in one bin; there is no row without a pixel."""

    case: str
    class_index: int
    bin: int
    """From 0: probabilities from bin / `BINS` on."""
    pixels: int
    """px, ignored ones left out."""
    probability_sum: float
    """Of the class, over these pixels."""
    true_pixels: int
    """Those that are of the class, px."""


COLUMNS: Final = ReliabilityRow._fields


def reliability(
    case: Case, truth: np.ndarray[Any, Any], logits: Tensor, manifest: Manifest
) -> list[ReliabilityRow]:
    """Count an image's pixels by the probability of each scored class but the background.

    Args:
        case: The image.
        truth: (H, W) uint8 label values.
        logits: (K, H, W) float, as `to_probabilities` takes them.
        manifest: Of the case's dataset; says which classes are scored and which pixels are ignored.
    """
    classes = [label for label in scored_classes(manifest) if label != BACKGROUND]
    rows = max(1, _PIXELS // truth.shape[1])
    found = {label: Binned.empty(BINS) for label in classes}
    for top in range(0, truth.shape[0], rows):
        true = truth[top : top + rows]
        known = true != manifest.ignore_value if manifest.ignore_value is not None else np.s_[:]
        probabilities = to_probabilities(logits[:, top : top + rows])
        for label in classes:
            found[label] += binned(probabilities[label][known].ravel(), true[known].ravel() == label, BINS)
    return [row for label, bins in found.items() for row in _rows(case, label, bins)]


def to_reliability(rows: Iterable[ReliabilityRow]) -> pd.DataFrame:
    """Make the table; its column types do not depend on the rows."""
    whole = dict.fromkeys(("class_index", "bin", "pixels", "true_pixels"), "int64")
    frame = pd.DataFrame(list(rows), columns=list(COLUMNS))
    return frame.astype({"case": "str", **whole, "probability_sum": "float64"})


def _rows(case: Case, label: int, bins: Binned) -> Iterator[ReliabilityRow]:
    for place in np.flatnonzero(bins.pixels).tolist():
        yield ReliabilityRow(
            case=case.id,
            class_index=label,
            bin=place,
            pixels=int(bins.pixels[place]),
            probability_sum=float(bins.probability_sum[place]),
            true_pixels=int(bins.true_pixels[place]),
        )
