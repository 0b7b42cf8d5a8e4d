"""The built-in models, gathered from their families' files."""

from __future__ import annotations

from ..benchmark.contracts.cards import ModelCard, WeightsCard
from ..benchmark.contracts.hookspecs import hookimpl
from .cards_instances import AFFINITY_UNET
from .cards_networks import NETWORKS
from .cards_retina import RETINA
from .cards_smp import SMP_MODELS
from .cards_vit import VIT_SEG
from .published_weights import PUBLISHED
from .vit.published import FOUNDATION_WEIGHTS


@hookimpl
def emseg_models() -> tuple[ModelCard, ...]:
    """Offer RETINA and the baselines that it is measured against."""
    return (
        RETINA,
        *SMP_MODELS,
        *NETWORKS,
        AFFINITY_UNET,
        VIT_SEG,
    )


@hookimpl
def emseg_weights() -> tuple[WeightsCard, ...]:
    """Offer the weight files that have been published for them."""
    return (*PUBLISHED, *FOUNDATION_WEIGHTS)
