"""The weights that a trial keeps: all of a network's, or what training changed of what can be had again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from torch import Tensor, nn

from ..contracts.data import Manifest
from ..contracts.errors import EmsegError
from ..contracts.records import TrialSpec
from ..experiments.regimes import ALL
from ..plugins.loading import load_plugins
from ..training.validation import weights_of
from ..weights.differences import difference
from ..weights.low_rank import Factors
from ..weights.weight_info import WeightsInfo, WeightsStart
from ..weights.writing import write_weights
from .parts import build_network, seed_everything

A_FILE: Final = "file"
"""The initialisation by a path, which means nothing on another machine."""


def write_trained(
    network: nn.Module,
    factors: Mapping[str, Factors],
    spec: TrialSpec,
    manifest: Manifest,
    path: Path,
    info: WeightsInfo,
) -> None:
    """Write a trained network's weights.

    Where not all of it trained, and its initialisation gives the starting file again, that is the difference.

    Args:
        network: Trained, and merged with its adapters.
        factors: What these have added, by the names of weights.
        spec: Of the trial.
        manifest: Of its data.
        path: Of the file.
        info: What it says of itself.
    """
    weights, model = weights_of(network), spec.model
    begun = None if model.train == ALL or model.init == A_FILE else _begun(spec, manifest)
    if begun is None:
        write_weights(weights, path, info)
        return
    start, sha256 = Path(model.weights_path or ""), model.weights_sha256 or ""
    there = {name: Factors(one.down.cpu(), one.up.cpu(), one.scale) for name, one in factors.items()}
    kept, adapted = difference(weights, begun, there)
    scale = next(iter(there.values())).scale if adapted else 1.0
    told = WeightsStart(init=model.init, file=start.name, sha256=sha256, adapted=adapted, scale=scale)
    write_weights(kept, path, replace(info, start=told))


def _begun(spec: TrialSpec, manifest: Manifest) -> dict[str, Tensor] | None:
    """Build the network anew with what it started from, and other random numbers where that fills nothing.

    Returns:
        Its state; None: it started from random numbers, or from a file that has gone or changed since.
    """
    if spec.model.weights_path is None:
        return None
    seed_everything((spec.seed + 1) % 2**32)
    catalogue = load_plugins().catalogue
    try:
        network, _ = build_network(spec, catalogue, manifest.channels, manifest.num_logits)
    except EmsegError:
        return None
    return weights_of(network)
