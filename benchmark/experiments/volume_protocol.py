"""How a protocol scores volumes, where that is not how it scores images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..contracts.data import Case
from ..contracts.errors import UsageError
from ..contracts.settings import ScoringProtocol, VolumeRule
from .presets import DEFAULT_PROTOCOL, protocols


def any_volume(cases: Sequence[Case]) -> bool:
    """Tell whether a case is a volume."""
    return any(case.depth is not None for case in cases)


def only_volumes(cases: Sequence[Case]) -> bool:
    """Tell whether all cases are volumes."""
    return all(case.depth is not None for case in cases)


def volume_protocol(protocol: ScoringProtocol) -> ScoringProtocol:
    """Give the protocol that volumes are scored by: the same, unless it carries a rule for them.

    Raises:
        UsageError: It was published for images only.
    """
    rule = protocol.volumes
    if rule == "refused":
        raise UsageError(
            f"{protocol.name} is published for images only; score volumes with {_instead(protocol.name)}."
        )
    if not isinstance(rule, VolumeRule):
        return protocol
    settled = replace(protocol, volumes="alike", skips_undefined=rule.skips_undefined)
    return replace(settled, metrics=rule.metrics, primary=rule.primary) if rule.metrics else settled


def _instead(name: str) -> str:
    """Name the protocol that another one is a variant of, or else our own."""
    return next((each for each in protocols() if name.startswith(f"{each}-")), DEFAULT_PROTOCOL)


def with_own_metrics(protocol: ScoringProtocol, preset: ScoringProtocol) -> ScoringProtocol:
    """Keep metrics that somebody chose instead of the preset's, in volumes too."""
    chosen = (protocol.metrics, protocol.primary) != (preset.metrics, preset.primary)
    if not chosen or not isinstance(protocol.volumes, VolumeRule):
        return protocol
    return replace(protocol, volumes=replace(protocol.volumes, metrics=(), primary=""))
