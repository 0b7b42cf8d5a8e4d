"""From a trial's specification to what its names stand for: data, network with weights, metrics."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ..contracts.cards import DecoderCard
from ..contracts.data import Dataset, Metric, Normalisation, PostProcessing
from ..contracts.errors import EmsegError, TrialError, WeightsError
from ..contracts.records import TrialSpec
from ..contracts.settings import ScoringProtocol
from ..evaluation.inference import inference_batch
from ..evaluation.placing import crop_side, window_side
from ..evaluation.segmenter import Segmenter
from ..experiments.decoder_planning import find_decoder
from ..experiments.making_metrics import make_metrics
from ..experiments.methods import Method, Methods, find_methods, find_steps, make_steps
from ..experiments.opening import reopen_dataset
from ..files.hashing import sha256_of_file
from ..images.normalisation import settle_normalisation
from ..plugins.lazy import resolve
from ..plugins.loading import load_plugins
from ..plugins.registry import Catalogue
from ..plugins.strangers import RAISED, describe_error
from ..training.freezing import freeze
from ..weights.reading import shorten
from .checked_dataset import CheckedDataset
from .neighbouring import WithNeighbours


@dataclass(frozen=True, slots=True)
class Parts:
    """What the specification's names stand for."""

    dataset: Dataset
    network: nn.Module
    initialisation: str
    normalisation: Normalisation
    metrics: Mapping[str, Metric]
    methods: Methods
    steps: tuple[PostProcessing, ...]
    """Of post-processing."""
    decoder: Method[DecoderCard] | None = None
    """What finds predicted objects; None: they are connected components, or no metric asks for them."""


def load_parts(spec: TrialSpec, cache: Path) -> Parts:
    """Open the data, build the network with its weights, make the metrics.

    Raises:
        DataError: The data changed since the trial was planned.
        WeightsError: The weights changed, or do not fit.
        TrialError: The model's factory failed, or has no such part to freeze.
    """
    catalogue = load_plugins().catalogue
    dataset: Dataset = CheckedDataset(reopen_dataset(spec.dataset, catalogue, cache))
    if spec.model.context:
        dataset = WithNeighbours(dataset, spec.model.context)
    metrics = make_metrics(spec.metrics, catalogue)
    network, initialisation = build_network(
        spec, catalogue, dataset.manifest.channels, dataset.manifest.num_logits
    )
    if spec.model.weights_path is not None:
        freeze(network, spec.recipe.freeze)
    normalisation = settle_normalisation(spec.recipe, spec.model, dataset.manifest)
    methods = find_methods(spec.recipe, catalogue, spec.methods)
    steps = make_steps(find_steps(spec.protocol, catalogue, spec.methods))
    decoder = find_decoder(spec.decoder, catalogue, spec.methods) if spec.decoder else None
    return Parts(dataset, network, initialisation, normalisation, metrics, methods, steps, decoder)


def segmenter_of(
    parts: Parts,
    spec: TrialSpec,
    network: nn.Module,
    protocol: ScoringProtocol,
    device: str,
    on_windows: Callable[[int], None] = lambda _: None,
) -> Segmenter:
    """Make what segments the cases of a trial.

    Args:
        parts: Of the trial.
        spec: Says windows.
        network: On `device`.
        protocol: The trial's, or what validation makes of it.
        device: ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        on_windows: Hears how many windows have gone through the network.
    """
    divisor = spec.model.size_divisor
    return Segmenter(
        model=network,
        normalisation=parts.normalisation,
        protocol=protocol,
        window=window_side(spec.protocol, crop_side(spec.recipe, divisor), divisor),
        size_divisor=divisor,
        device=device,
        batch_size=inference_batch(device),
        num_logits=parts.dataset.manifest.num_logits,
        num_extra=len(spec.model.extra_outputs),
        context=spec.model.context,
        steps=parts.steps,
        on_windows=on_windows,
    )


def build_network(
    spec: TrialSpec, catalogue: Catalogue, channels: int, num_logits: int
) -> tuple[nn.Module, str]:
    """Build the model and load its weights; return it with one line that says what was loaded."""
    offer = catalogue.find(catalogue.models, spec.model.name, spec.model.provider.distribution)
    factory = resolve(offer.card.factory, offer)
    wanted = (
        f"the model {spec.model.label} could not be built for {channels} channels and {num_logits} outputs"
    )
    try:
        network = factory(channels, num_logits, **spec.model.options)
    except EmsegError:
        raise
    except RAISED as error:
        raise TrialError(f"{wanted}: {describe_error(error)}") from error
    if not isinstance(network, nn.Module):
        raise TrialError(f"{wanted}: its factory returned {type(network).__name__}, expected an nn.Module")
    init = offer.card.initialisation(spec.model.init)
    if init is None or init.source is None or spec.model.weights_path is None:
        return network, "random weights from the seed"
    path = Path(spec.model.weights_path)
    if sha256_of_file(path) != spec.model.weights_sha256:
        raise WeightsError(
            f"the weight file {path} changed since this trial was planned; run the command again."
        )
    try:
        loaded: str = resolve(init.source, offer).load(network, path)
    except EmsegError:
        raise
    except RAISED as error:
        raise WeightsError(
            f"the weights {path} cannot be loaded into {spec.model.label}: {describe_error(error)}"
        ) from error
    _check_finite(network, path)
    return network, loaded


def _check_finite(network: nn.Module, path: Path) -> None:
    """Refuse weights that no training can go on from, whatever read them.

    Raises:
        WeightsError: A tensor of the network holds NaN or infinity.
    """
    broken = [name for name, tensor in network.state_dict().items() if not torch.isfinite(tensor).all()]
    if broken:
        raise WeightsError(f"{path} holds NaN or infinite values, which are now in {shorten(broken)}.")


def seed_everything(seed: int) -> None:
    """Seed every generator that a model may draw its weights from."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - for models that use it
    torch.manual_seed(seed)
