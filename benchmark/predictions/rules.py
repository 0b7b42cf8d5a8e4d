"""How scores of label maps become one number, for each protocol and for images and volumes."""

from __future__ import annotations

from dataclasses import dataclass

from ..contracts.errors import UnknownNameError
from ..contracts.settings import ScoringProtocol
from ..experiments.presets import protocols
from ..experiments.volume_protocol import volume_protocol

IMAGE, VOLUME = 2, 3
"""Numbers of axes."""
ALL = "all"
"""Every protocol, side by side."""


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
    return [
        rule_for(name, axes)
        for name, each in protocols().items()
        if axes == IMAGE or each.volumes != "refused"
    ]


def rule_for(name: str, axes: int) -> Rule:
    """Give the rule of a protocol for images (2 axes) or volumes (3).

    Raises:
        UsageError: There is no such protocol, or it has no rule for volumes.
    """
    protocol = find_protocol(name)
    if axes == VOLUME:
        protocol = volume_protocol(protocol)
    return Rule(
        name,
        protocol.metrics,
        protocol.primary,
        protocol.skips_undefined,
        words=_words(protocol, "images" if axes == IMAGE else "volumes"),
    )


def find_protocol(name: str, *others: str) -> ScoringProtocol:
    """Look up a protocol.

    Raises:
        UnknownNameError: There is none of this name; the message knows `others` that the asker takes too.
    """
    known = protocols()
    if name not in known:
        raise UnknownNameError("protocol", name, [*known, *others])
    return known[name]


def _words(protocol: ScoringProtocol, unit: str) -> str:
    if not protocol.skips_undefined:
        return (
            "per volume the mean over classes, then the mean over volumes; a class that is in neither "
            "truth nor prediction of a volume makes both undefined"
        )
    where = " where it applies" if protocol.volumes == "alike" else ""
    return f"per class the mean over {unit}{where}, then the mean over classes{where}"
