"""How a protocol scores volumes, where that is not how it scores images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..contracts.data import Case
from ..contracts.errors import UsageError
from ..contracts.settings import ScoringProtocol
from .presets import PROTOCOLS

PUBLISHED = ("retina-2025", "cem500k-2021")
"""RETINA's evaluation of volumes follows CEM500K's: IoU without epsilon, per volume the mean over classes,
then the mean over volumes; a class that is in neither truth nor prediction makes both undefined."""
MATCHED = "-perez"
"""Ends the names of protocols that match objects."""


def any_volume(cases: Sequence[Case]) -> bool:
    """Tell whether a case is a volume."""
    return any(case.depth is not None for case in cases)


def only_volumes(cases: Sequence[Case]) -> bool:
    """Tell whether all cases are volumes."""
    return all(case.depth is not None for case in cases)


def volume_protocol(protocol: ScoringProtocol) -> ScoringProtocol:
    """Give the protocol that volumes are scored by: the same, unless it was published with a rule for them.

    Metrics that somebody chose instead of the protocol's own are kept.

    Raises:
        UsageError: It was published for images only.
    """
    preset = PROTOCOLS.get(protocol.name)
    if preset is None or protocol.name.removesuffix(MATCHED) not in PUBLISHED:
        return protocol
    if protocol.name.endswith(MATCHED):
        raise UsageError(
            f"{protocol.name} matches objects, which is published for images only; score volumes with "
            f"{protocol.name.removesuffix(MATCHED)}."
        )
    published = replace(protocol, skips_undefined=False)
    if (protocol.metrics, protocol.primary) != (preset.metrics, preset.primary):
        return published
    return replace(published, metrics=("iou", "iou-eps"), primary="iou")
