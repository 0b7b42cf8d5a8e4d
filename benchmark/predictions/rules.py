"""How scores of label maps become one number, for each protocol and for images and volumes."""

from __future__ import annotations

from dataclasses import dataclass

from ..contracts import ScoringProtocol
from ..errors import UnknownNameError, UsageError
from ..presets import PROTOCOLS

IMAGE, VOLUME = 2, 3
"""Numbers of axes."""
ALL = "all"
"""Every protocol, side by side."""
PUBLISHED = ("retina-2025", "cem500k-2021")
"""These treat an empty class as published; RETINA's evaluation follows CEM500K's in all but the windows."""
MATCHED = "-perez"
"""Ends the names of protocols that match objects."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is computed, and how it is averaged."""

    protocol: str
    metrics: tuple[str, ...]
    primary: str
    skips_undefined: bool
    """Whether cases and classes in which a metric is not applicable are left out of its means; otherwise
    one of them makes the mean undefined."""
    words: str
    """The rule for the primary metric."""


def rules_for(name: str, axes: int) -> list[Rule]:
    """Give the rule of a protocol, or of all that have one for images (2 axes) or volumes (3).

    Raises:
        UsageError: There is no such protocol, or it has no rule for volumes.
    """
    if name != ALL:
        return [rule_for(name, axes)]
    return [rule_for(each, axes) for each in PROTOCOLS if axes == IMAGE or not each.endswith(MATCHED)]


def rule_for(name: str, axes: int) -> Rule:
    """Give the rule of a protocol for images (2 axes) or volumes (3).

    Raises:
        UsageError: There is no such protocol, or it has no rule for volumes.
    """
    protocol = find_protocol(name)
    published = name.removesuffix(MATCHED) in PUBLISHED
    if axes == VOLUME and published:
        return _published_volumes(name)
    unit = "images" if axes == IMAGE else "volumes"
    where = "" if published else " where it applies"
    return Rule(
        name,
        protocol.metrics,
        protocol.primary,
        skips_undefined=True,
        words=f"per class the mean over {unit}{where}, then the mean over classes{where}",
    )


def find_protocol(name: str, *others: str) -> ScoringProtocol:
    """Look up a protocol.

    Raises:
        UnknownNameError: There is none of this name; the message knows `others` that the asker takes too.
    """
    if name not in PROTOCOLS:
        raise UnknownNameError("protocol", name, [*PROTOCOLS, *others])
    return PROTOCOLS[name]


def _published_volumes(name: str) -> Rule:
    if name.endswith(MATCHED):
        raise UsageError(
            f"{name} matches objects, which is published for images only; score volumes with "
            f"{name.removesuffix(MATCHED)}."
        )
    return Rule(
        name,
        ("iou", "iou-eps"),
        "iou",
        skips_undefined=False,
        words="per volume the mean over classes, then the mean over volumes; a class that is in neither "
        "truth nor prediction of a volume makes both undefined",
    )
