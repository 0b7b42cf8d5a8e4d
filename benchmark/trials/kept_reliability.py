"""Reading what a trial kept of its probabilities: pixels of test images, counted by bins."""

from __future__ import annotations

from typing import Final

import pandas as pd

from ..contracts.errors import StoreError
from ..contracts.reporting import Trial
from ..evaluation.calibration import BINS
from ..files.regular import shown
from ..files.store import TrialFolder
from .result_tables import RELIABILITY, REMEDY, read_table

_ROUNDING: Final = 1e-4
"""Share of a bin's pixels that the sum of their probabilities may lie beside it by."""


def read_reliability(trial: Trial) -> pd.DataFrame | None:
    """Read a complete trial's table (`evaluation.reliability.ReliabilityRow`).

    Returns:
        Empty if all its test cases are volumes; None: an older version ran it, which kept none.

    Raises:
        StoreError: It is damaged, or holds what cannot have been counted.
    """
    folder = TrialFolder(trial.folder)
    path = folder.reliability
    if not path.is_symlink() and not path.exists():
        return None
    table = read_table(folder.own(path), RELIABILITY)
    mean = table["probability_sum"] / table["pixels"] * BINS - table["bin"]
    possible = (
        table["class_index"].between(1, len(trial.record.class_names) - 1)
        & table["bin"].between(0, BINS - 1)
        & (table["pixels"] > 0)
        & table["true_pixels"].between(0, table["pixels"])
        & mean.between(-_ROUNDING, 1 + _ROUNDING)
        & table["case"].notna()
    )
    if not possible.all() or table.duplicated(["case", "class_index", "bin"]).any():
        raise StoreError(
            f"{shown(path)} holds what cannot have been counted, expected a row for each case, class and bin "
            f"(0 to {BINS - 1}), no more true pixels than pixels, and probabilities of the bin. "
            f"{REMEDY}."
        )
    return table
