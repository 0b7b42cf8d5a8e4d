"""What trials are called, wherever people read of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contracts.records import TrialSpec
from ..experiments.label_fraction import describe_fraction

if TYPE_CHECKING:
    from .standing import Named


def trial_name(spec: TrialSpec | Named) -> str:
    """Name a trial for people: ``unet@scratch on cells with 10 % of the labels, seed 0``."""
    return f"{model_and_data(spec)}, seed {spec.seed}"


def model_and_data(spec: TrialSpec | Named) -> str:
    """Name what a trial and its other seeds have in common."""
    return f"{spec.model.label} on {data_name(spec)}"


def data_name(spec: TrialSpec | Named) -> str:
    """Name a trial's dataset and its share of labels."""
    return " with ".join(filter(None, [spec.dataset.label, describe_fraction(spec.label_fraction)]))
