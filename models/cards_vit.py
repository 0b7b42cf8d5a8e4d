"""The card of the foundation models' encoders."""

from __future__ import annotations

from ..benchmark.contracts.cards import SCRATCH, ModelCard
from ..benchmark.contracts.searching import Choice
from .vit.options import VitSegOptions
from .vit.published import INITIALISATIONS, MODEL

VIT_SEG = ModelCard(
    name=MODEL,
    family="transformer",
    description="a foundation model's encoder (DINOv2, DINOv3, SAM, SAM 2, MAE, EVA) with a light head",
    factory="emseg_bench.models.vit.network:create",
    options=VitSegOptions,
    search_space={"head": Choice(choices=("linear", "conv", "fpn", "dpt"))},
    initialisations=(SCRATCH, *INITIALISATIONS),
    size_divisor="emseg_bench.models.vit.options:size_divisor",
    parameters=21_876_705,
    encoder="encoder",
    backbone=("encoder.",),
    citation=(
        "Dosovitskiy et al. 2021, ICLR, arXiv:2010.11929; Oquab et al. 2024, TMLR, arXiv:2304.07193; "
        "heads: Zheng et al. 2021, CVPR, arXiv:2012.15840; Kirillov et al. 2019, CVPR, arXiv:1901.02446; "
        "Ranftl et al. 2021, ICCV, arXiv:2103.13413; implementation: Wightman 2019, timm, "
        "doi:10.5281/zenodo.4414861"
    ),
    licence="MIT; Apache-2.0; weights: see 'emseg-bench weights list'",
)
