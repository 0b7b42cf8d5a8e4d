"""Cards of the built-in pre-training methods."""

from __future__ import annotations

from ..benchmark.contracts.cards import PretrainingCard
from ..benchmark.contracts.hookspecs import hookimpl
from .options import MoCoOptions, ReconstructionOptions
from .recipes import MOCOV2, RECONSTRUCTION

RECONSTRUCTION_CARD = PretrainingCard(
    name="reconstruction",
    description="give the clean image back from one with noise, blur, holes and changed contrast (RETINA)",
    factory="emseg_bench.pretraining.reconstruction:create",
    options=ReconstructionOptions,
    recipes=RECONSTRUCTION,
    citation="Xing, Xie & Bader 2025, PLoS Comput Biol 21(5):e1013115, doi:10.1371/journal.pcbi.1013115",
)

MOCOV2_CARD = PretrainingCard(
    name="mocov2",
    description="know an image again among many by another view of it: momentum contrast, version 2",
    factory="emseg_bench.pretraining.mocov2:create",
    options=MoCoOptions,
    recipes=MOCOV2,
    needs_encoder=True,
    citation=(
        "He et al. 2020, CVPR, arXiv:1911.05722; Chen et al. 2020, arXiv:2003.04297; for EM images: "
        "Conrad & Narayan 2021, eLife 10:e65894, doi:10.7554/eLife.65894"
    ),
)


@hookimpl
def emseg_pretraining_methods() -> tuple[PretrainingCard, ...]:
    """Offer ``reconstruction`` and ``mocov2``."""
    return RECONSTRUCTION_CARD, MOCOV2_CARD
