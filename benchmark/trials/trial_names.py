"""What trials are called, wherever people read of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..contracts.records import Record, TrialSpec
from ..experiments.label_counts import describe_labels

if TYPE_CHECKING:
    from .standing import Named

FINGERPRINT_SHOWN: Final = 8
"""Digits that tell the trials of a results folder apart."""
PLAIN: Final = re.compile(r"[\w@=,.:;/\[\]+-]+", re.ASCII)


def trial_name(spec: TrialSpec | Named) -> str:
    """Name a trial for people: ``unet@scratch on cells with 3 of 20 labelled images, seed 0``."""
    tunes = ", tuning" if spec.purpose == "tune" else ""
    return f"{model_and_data(spec)}, seed {spec.seed}{tunes}"


def model_and_data(spec: TrialSpec | Named) -> str:
    """Name what a trial and its other seeds have in common."""
    return f"{spec.model.label} on {data_name(spec)}"


def data_name(spec: TrialSpec | Named) -> str:
    """Name a trial's dataset and its share of labels."""
    return " with ".join(
        filter(None, [spec.dataset.label, describe_labels(spec.label_fraction, spec.dataset.training_cases)])
    )


def model_name(record: Record) -> str:
    """Name a trained model of a results folder apart from others of its label, as `predict` takes it.

    A label that no shell or page would take for a name is left out.
    """
    label = record.spec.model.label
    return f"{label if PLAIN.fullmatch(label) else ''}#{record.fingerprint[:FINGERPRINT_SHOWN]}"
