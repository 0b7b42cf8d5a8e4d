"""Objects in what was predicted of a case, found by a decoder, for metrics of objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from torch import Tensor

from ..contracts.data import Decoder, ExtraOutput, Manifest, Segmented
from ..contracts.errors import TrialError
from ..plugins.strangers import RAISED, describe_error
from .labels import to_probabilities

Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """What was predicted of a case."""

    labels: Array
    """(H, W) or (Z, Y, X) uint8."""
    logits: Tensor | None
    """(K, H, W) of an image; None of a volume."""
    extra: Array | None
    """(E, H, W) or (E, Z, Y, X) float, as decoders see it; None: no decoder asked for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFinder:
    """A decoder, and what it is given."""

    name: str
    """For messages."""
    decode: Decoder
    extra_outputs: tuple[ExtraOutput, ...] = ()
    """What the network gives behind its logits, where the decoder reads some of it."""
    needs_probabilities: bool = False

    def find(self, predicted: Predicted, manifest: Manifest) -> Array:
        """Give the numbers of the objects of a case, shaped like its labels, 0 for none.

        Args:
            predicted: Of the case.
            manifest: Of its dataset; says classes and voxel size.

        Raises:
            TrialError: The decoder fails, or gives something else than numbers of objects.
        """
        labels, sides = predicted.labels, manifest.voxel_size_nm
        wants = self.needs_probabilities and predicted.logits is not None
        segmented = Segmented(
            labels=_read_only(labels),
            probabilities=_probabilities(predicted.logits) if wants else None,
            classes=tuple(enumerate(manifest.class_names)),
            background=0,
            voxel_size_nm=sides[-labels.ndim :] if sides and len(sides) >= labels.ndim else None,
            extra=None if predicted.extra is None else _read_only(predicted.extra),
            extra_outputs=self.extra_outputs,
        )
        try:
            found = self.decode(segmented)
        except RAISED as error:
            raise TrialError(f"the decoder {self.name} failed with {describe_error(error)}") from error
        if fault := array_fault(found, labels.shape) or _class_fault(found, labels):
            raise TrialError(f"the decoder {self.name} gave {fault}.")
        return found


def array_fault(found: object, shape: tuple[int, ...]) -> str:
    """Say what is wrong with what a decoder gave for labels of a shape, and what was expected, or nothing."""
    if not isinstance(found, np.ndarray):
        return f"a {type(found).__name__}, expected an array of numbers of objects"
    if found.shape != shape:
        return f"an array {found.shape}, expected one of the labels' shape, {shape}"
    if not np.issubdtype(found.dtype, np.integer):
        return f"{found.dtype} values, expected numbers of objects of an integer type"
    if (least := int(found.min())) < 0:
        return f"the number {least}, expected 0 where there is no object, else numbers above 0"
    return ""


def _class_fault(found: Array, labels: Array) -> str:
    """Say which object lies not within one class, or nothing."""
    inside = found > 0
    own, numbers = np.unique(found[inside], return_inverse=True)
    label, values = labels[inside], np.zeros(len(own), labels.dtype)
    values[numbers] = label
    if bool((values[numbers] != label).any()) or not label.all():
        return "an object of several classes, or in the background, expected each within one class"
    return ""


def _probabilities(logits: Tensor | None) -> Array | None:
    return None if logits is None else _read_only(to_probabilities(logits).astype(np.float16))


def _read_only(values: Array) -> Array:
    view = values.view()
    view.flags.writeable = False
    return view
