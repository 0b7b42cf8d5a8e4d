"""Trackers: programs that draw loss and learning rate while a pre-training goes on, through mmengine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...benchmark.contracts.errors import UnknownNameError
from ...benchmark.trials import tracking

if TYPE_CHECKING:
    from mmengine.visualization import Visualizer

BACKENDS = {"tensorboard": "TensorboardVisBackend"}
"""mmengine's name of each."""


def check_tracker(name: str) -> None:
    """Check that a tracker can be used.

    Raises:
        UnknownNameError: There is no such tracker.
        UsageError: Its package is not installed.
    """
    if name not in BACKENDS:
        raise UnknownNameError("tracker", name, BACKENDS)
    tracking.check_tracker(name)


def open_tracker(name: str, folder: Path) -> Visualizer:
    """Open a tracker that writes to a folder."""
    from mmengine.visualization import Visualizer

    backend = {"type": BACKENDS[name], "save_dir": str(folder)}
    return Visualizer(name=f"emseg-bench-{folder}", vis_backends=[backend], save_dir=str(folder))
