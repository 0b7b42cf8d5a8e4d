"""Versions of the libraries whose code makes numbers: they stand beside a result, not in its name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import metadata
from typing import Final

from ..contracts.records import TrialSpec
from .registry import OWN

NUMBER_MAKERS: Final = (
    "torch",
    "torchvision",
    "timm",
    "segmentation-models-pytorch",
    "dynamic-network-architectures",
    "mmengine",
    "numpy",
    "scipy",
    "scikit-image",
    "pillow",
    "imagehash",
    "tifffile",
    "SimpleITK",
)
"""Networks, training, metrics, and readers of pixels; a later patch of pandas changes no score."""


def libraries_of(spec: TrialSpec) -> dict[str, str]:
    """Give the versions that are installed here of what a trial's numbers may depend on.

    That is `NUMBER_MAKERS`, and what the plugins require that provide its model, data and metrics.
    """
    providers = (spec.model.provider, spec.dataset.provider, *(metric.provider for metric in spec.metrics))
    foreign = {provider.distribution for provider in providers} - {OWN}
    ways = ["peft"] if spec.model.train.startswith("lora") else []
    names = [*NUMBER_MAKERS, *ways, *(required for name in sorted(foreign) for required in _requires(name))]
    return {name: version for name in names if name != OWN and (version := _version(name))}


def _requires(distribution: str) -> Iterable[str]:
    try:
        lines = metadata.requires(distribution) or ()
    except metadata.PackageNotFoundError:
        return ()
    return [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in lines if "extra ==" not in line]


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
