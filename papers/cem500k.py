"""CEM500K's published scoring (Conrad & Narayan 2021, doi 10.7554/eLife.65894)."""

from __future__ import annotations

from dataclasses import replace

from ..benchmark.contracts.cards import ProtocolCard
from ..benchmark.contracts.settings import ScoringProtocol, VolumeRule

CITATION = "Conrad & Narayan 2021, eLife 10:e65894, doi:10.7554/eLife.65894"
MATCHED = "-perez"
"""Ends the names of protocols that match objects, as was done for the partly labelled Perez data."""

PROTOCOL = ScoringProtocol(
    name="cem500k-2021",
    window="whole-resized",
    metrics=("iou-eps", "iou"),
    primary="iou-eps",
    volumes=VolumeRule(metrics=("iou", "iou-eps"), primary="iou", skips_undefined=False),
)
"""Of volumes, IoU without epsilon: per volume the mean over classes, then the mean over volumes; a class
that is in neither truth nor prediction makes both undefined."""


def matched(protocol: ScoringProtocol, citation: str) -> ProtocolCard:
    """Give a protocol that matches objects first, which is published for images only."""
    matching = replace(
        protocol,
        name=f"{protocol.name}{MATCHED}",
        metrics=("iou-matched", *protocol.metrics),
        primary="iou-matched",
        volumes="refused",
    )
    return ProtocolCard(
        name=matching.name,
        description=f"{protocol.name} with objects matched, as for the Perez data; images only",
        protocol=matching,
        citation=citation,
    )


PROTOCOLS = (
    ProtocolCard(
        name=PROTOCOL.name, description="as published with CEM500K", protocol=PROTOCOL, citation=CITATION
    ),
    matched(PROTOCOL, CITATION),
)
