"""What emseg-bench calls; it imports no torch, so that listing models stays quick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge
from emseg_bench import hookimpl
from emseg_bench.plugin import SCRATCH, Initialisation, ModelCard


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionUNetOptions:
    """Options: ``attention-unet[width=16]``."""

    width: Annotated[int, Ge(1)] = 32
    """Channels at full resolution; each of the four coarser levels has twice as many as the one above."""


@hookimpl
def emseg_models() -> list[ModelCard]:
    """Offer the Attention U-Net."""
    return [
        ModelCard(
            name="attention-unet",
            family="cnn",
            description="U-Net whose skip connections pass through attention gates",
            factory="emseg_attention_unet.network:AttentionUNet",
            options=AttentionUNetOptions,
            initialisations=(
                SCRATCH,
                Initialisation(
                    name="file",
                    description="weights of the same network: attention-unet@file:PATH",
                    source="emseg_attention_unet.weights:from_file",
                ),
            ),
            size_divisor=16,
            parameters=8_891_844,
            citation="Oktay et al. 2018, MIDL, arXiv:1804.03999",
            licence="MIT",
        )
    ]
