"""The kinds of weight file that hold a ResNet: checkpoints, larger networks, or a ``state_dict`` alone.

Either becomes the encoder of smp's U-Net, whose ResNets have torchvision's names behind ``encoder.``
and no classifier.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..benchmark.contracts.cards import FoundWeights
from ..benchmark.contracts.data import Normalisation
from ..benchmark.contracts.errors import WeightsError
from ..benchmark.weights.reading import check_finite, read_content
from .weight_files import differences, tensors_by_name

if TYPE_CHECKING:
    from torch import Tensor

ENCODER = "encoder."
_BEHIND = ("fc.", "projection_head.", "prototypes.")
"""How names of classifiers begin, and of what SwAV trains on top of the encoder."""
_PANOPTIC = "semantic_decoder."
"""How names begin in empanada's Panoptic-DeepLab, MitoNet's network, beside ``encoder.``"""
QUERY = re.compile(r"(module\.)?encoder_q\.")
"""Before the names of the network that MoCo trains; the other one follows it."""
COUNTER = "num_batches_tracked"
"""BatchNorm's own count, which files written before 2018 lack."""

_STEM = {"conv1.weight", "bn1.weight", "layer1.0.conv1.weight"}
_DEPTHS: Mapping[tuple[tuple[int, ...], bool], str] = {
    ((2, 2, 2, 2), False): "resnet18",
    ((3, 4, 6, 3), False): "resnet34",
    ((3, 4, 6, 3), True): "resnet50",
    ((3, 4, 23, 3), True): "resnet101",
    ((3, 8, 36, 3), True): "resnet152",
}
"""Blocks per stage, and whether a block has three convolutions."""


def moco(path: Path) -> FoundWeights | None:
    """Recognise a checkpoint of MoCo (He et al. 2020) that pre-trained a ResNet.

    CEM500K's checkpoint also says its normalisation, as ``norms``.

    Raises:
        WeightsError: It is one, but incomplete or with NaN; or the file is damaged.
    """
    content = read_content(path)
    inner = content.get("state_dict") if isinstance(content, Mapping) else None
    if not isinstance(inner, Mapping):
        return None
    trained = {str(name): value for name, value in inner.items() if QUERY.match(str(name))}
    state = tensors_by_name({QUERY.sub("", name, count=1): value for name, value in trained.items()})
    if state is None or "conv1.weight" not in state:
        return None
    return _encoder(state, path, "MoCo checkpoint", _norms(content, path))


def swav(path: Path) -> FoundWeights | None:
    """Recognise a checkpoint of SwAV (Caron et al. 2020) that pre-trained a ResNet, whole or cut down to it.

    CEM1.5M's checkpoint also says its normalisation, as ``norms``.

    Raises:
        WeightsError: It is one, but incomplete or with NaN; or the file is damaged.
    """
    content = read_content(path)
    state = tensors_by_name(content.get("state_dict")) if isinstance(content, Mapping) else None
    if state is None or not state.keys() >= _STEM:
        return None
    return _encoder(state, path, "SwAV checkpoint", _norms(content, path))


def panoptic(path: Path) -> FoundWeights | None:
    """Recognise empanada's Panoptic-DeepLab, MitoNet's network (Conrad & Narayan 2023), and take its encoder.

    Raises:
        WeightsError: It is one, but incomplete or with NaN; or the file is damaged.
    """
    content = read_content(path)
    inner = content.get("state_dict", content) if isinstance(content, Mapping) else None
    state = tensors_by_name(inner)
    if state is None or not any(name.startswith(_PANOPTIC) for name in state):
        return None
    encoder = {name.removeprefix(ENCODER): value for name, value in state.items() if name.startswith(ENCODER)}
    if not encoder.keys() >= _STEM:
        return None
    return _encoder(encoder, path, "encoder in a Panoptic-DeepLab", _norms(content, path))


def resnet(path: Path) -> FoundWeights | None:
    """Recognise a ResNet's ``state_dict``, as torchvision or smp writes it, with or without classifier.

    Raises:
        WeightsError: It is one, but incomplete or with NaN; or the file is damaged.
    """
    state = tensors_by_name(read_content(path))
    if state is not None and all(name.startswith(ENCODER) for name in state):
        state = {name.removeprefix(ENCODER): value for name, value in state.items()}
    if state is None or not state.keys() >= _STEM:
        return None
    return _encoder(state, path, "encoder", None)


def _encoder(
    state: Mapping[str, Tensor], path: Path, what: str, normalisation: Normalisation | None
) -> FoundWeights:
    kept = {name: value for name, value in state.items() if not name.startswith(_BEHIND)}
    name, channels = _name_of(kept, path), int(kept["conv1.weight"].shape[1])
    complete = _check_complete(kept, name, channels, path)
    check_finite(complete, path)
    return FoundWeights(
        kind=f"{what} of a {name} for images of {channels} channel{'s' if channels > 1 else ''}",
        options={"encoder": name},
        channels=channels,
        normalisation=normalisation,
        state={ENCODER + key: value for key, value in complete.items()},
    )


def _name_of(state: Mapping[str, Tensor], path: Path) -> str:
    blocks = [{m[1] for key in state if (m := re.match(rf"layer{i}\.(\d+)\.", key))} for i in (1, 2, 3, 4)]
    depth = tuple(len(stage) for stage in blocks)
    name = _DEPTHS.get((depth, "layer1.0.conv3.weight" in state))
    if name is None or state["conv1.weight"].ndim != 4:
        raise WeightsError(f"{path} holds a ResNet of {depth} blocks per stage, expected a ResNet-18 to -152")
    return name


def _check_complete(state: Mapping[str, Tensor], name: str, channels: int, path: Path) -> dict[str, Tensor]:
    """Compare all names and shapes with smp's encoder; put in BatchNorm's counts where they are missing."""
    import torch
    from segmentation_models_pytorch.encoders import get_encoder

    with torch.device("meta"):
        expected: dict[str, Any] = get_encoder(name, in_channels=channels, weights=None).state_dict()
    counts = {key: torch.tensor(0) for key in expected.keys() - state.keys() if key.endswith(COUNTER)}
    complete = {**state, **counts}
    if problems := differences(complete, expected):
        raise WeightsError(f"{path} looks like a {name}, but is not whole: {'; '.join(problems)}")
    return complete


def _norms(content: object, path: Path) -> Normalisation | None:
    """Read ``norms``: mean and standard deviation, each a number or a list of them."""
    norms = content.get("norms") if isinstance(content, Mapping) else None
    if norms is None:
        return None
    try:
        mean, std = (tuple(map(float, n)) if isinstance(n, list | tuple) else (float(n),) for n in norms)
    except (TypeError, ValueError) as error:
        raise WeightsError(
            f"{path}: expected its norms to be a mean and a deviation, got {norms!r}"
        ) from error
    return Normalisation(mean=mean, std=std)
