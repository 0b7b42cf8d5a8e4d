"""Cards of the built-in pre-training methods."""

from __future__ import annotations

from ..benchmark.contracts import PretrainingCard
from ..benchmark.hookspecs import hookimpl
from .options import ReconstructionOptions
from .recipes import RECONSTRUCTION

RECONSTRUCTION_CARD = PretrainingCard(
    name="reconstruction",
    description="give the clean image back from one with noise, blur, holes and changed contrast (RETINA)",
    factory="emseg_bench.pretraining.reconstruction:create",
    options=ReconstructionOptions,
    recipes=RECONSTRUCTION,
    citation="Xing, Xie & Bader 2025, PLoS Comput Biol 21(5):e1013115, doi:10.1371/journal.pcbi.1013115",
)


@hookimpl
def emseg_pretraining_methods() -> tuple[PretrainingCard, ...]:
    """Offer ``reconstruction``."""
    return (RECONSTRUCTION_CARD,)
