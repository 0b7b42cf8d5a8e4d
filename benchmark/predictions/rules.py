"""How scores of label maps become one number, for each protocol and for images and volumes."""

from __future__ import annotations

from dataclasses import dataclass

from ..contracts import ScoringProtocol
from ..errors import UnknownNameError, UsageError
from ..presets import PROTOCOLS

IMAGE, VOLUME = 2, 3
"""Numbers of axes."""


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


def rule_for(name: str, axes: int) -> Rule:
    """Give the rule of a protocol for images (2 axes) or volumes (3).

    Raises:
        UsageError: There is no such protocol, or it has no rule for volumes.
    """
    protocol = find_protocol(name)
    published = name.startswith("retina-2025")
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


def find_protocol(name: str) -> ScoringProtocol:
    """Look up a protocol.

    Raises:
        UnknownNameError: There is none of this name.
    """
    if name not in PROTOCOLS:
        raise UnknownNameError("protocol", name, PROTOCOLS)
    return PROTOCOLS[name]


def _published_volumes(name: str) -> Rule:
    if name != "retina-2025":
        raise UsageError(
            f"{name} matches objects, which is published for images only; score volumes with retina-2025."
        )
    return Rule(
        name,
        ("iou", "iou-eps"),
        "iou",
        skips_undefined=False,
        words="per volume the mean over classes, then the mean over volumes; a class that is in neither "
        "truth nor prediction of a volume makes both undefined",
    )
