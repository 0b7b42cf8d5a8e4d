"""Recipes and protocols that have a name."""

from __future__ import annotations

from dataclasses import replace

from ..contracts.settings import Augmentation, Recipe, ScoringProtocol
from .presets_retina import RETINA_RECIPES

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(name="smoke", iterations=4, batch_size=2, crop=64, validations=1, validation_cases=1),
        Recipe(
            name="quick",
            iterations=60,
            batch_size=8,
            crop=96,
            learning_rate=2e-3,
            validations=3,
            validation_cases=4,
        ),
        Recipe(
            name="standard",
            iterations=10_000,
            batch_size=16,
            crop=256,
            learning_rate=1e-3,
            augmentation=Augmentation(affine=0.5, noise=0.05, blur=0.2),
            validations=20,
        ),
        *RETINA_RECIPES,
    )
}
"""smoke: seconds, for tests.  quick: a minute or two on a laptop's CPU.  standard: for a GPU."""

RETINA_2025 = ScoringProtocol(
    name="retina-2025",
    window=224,
    overlap=0.5,
    blending="constant",
    padding="zero",
    slice_overlap=0.7,
    metrics=("iou-eps", "iou"),
    primary="iou-eps",
)
CEM500K_2021 = ScoringProtocol(
    name="cem500k-2021", window="whole-resized", metrics=("iou-eps", "iou"), primary="iou-eps"
)


def _with_matched_objects(protocol: ScoringProtocol) -> ScoringProtocol:
    return replace(
        protocol,
        name=f"{protocol.name}-perez",
        metrics=("iou-matched", *protocol.metrics),
        primary="iou-matched",
    )


PROTOCOLS: dict[str, ScoringProtocol] = {
    protocol.name: protocol
    for protocol in (
        ScoringProtocol(name="emseg-v1"),
        RETINA_2025,
        _with_matched_objects(RETINA_2025),
        CEM500K_2021,
        _with_matched_objects(CEM500K_2021),
    )
}
"""emseg-v1: ours.  retina-2025 and cem500k-2021: as published with RETINA (Xing, Xie & Bader 2025, doi
10.1371/journal.pcbi.1013115) and CEM500K (Conrad & Narayan 2021, doi 10.7554/eLife.65894).  With ``-perez``:
with objects matched, as both did for the partly labelled Perez data."""

DEFAULT_RECIPE, DEFAULT_PROTOCOL = "quick", "emseg-v1"
