"""The kinds of weight file that hold RETINA's network, told by names and shapes alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ...benchmark.contracts.cards import FoundWeights
from ...benchmark.contracts.errors import WeightsError
from ...benchmark.weights.reading import check_finite, kind_of, read_content
from ..weight_files import differences, tensors_by_name
from . import imagenet
from .sizes import FIRST_MLP, POSITIONS, PROJECTION, PUBLISHED_WIDTHS, FoundSizes, infer_sizes
from .weights import NOT_WEIGHTS

if TYPE_CHECKING:
    from torch import Tensor

RECONSTRUCTION_HEAD = "FinalDecoder.conv1.weight"


def network(path: Path) -> FoundWeights | None:
    """Recognise a file of RETINA's pre-training (411 tensors) or fine-tuning (409).

    Raises:
        WeightsError: It is one, but of unknown sizes, incomplete, or with NaN; or the file is damaged.
    """
    state = tensors_by_name(read_content(path), NOT_WEIGHTS)
    if state is None or not {POSITIONS, PROJECTION, FIRST_MLP} <= state.keys():
        return None
    found = infer_sizes(state, path)
    pretraining = RECONSTRUCTION_HEAD in state
    _check_complete(state, found, pretraining, path)
    check_finite(state, path)
    return FoundWeights(
        kind=f"RETINA's {'pre-training' if pretraining else 'fine-tuned'} network, {found}",
        options={"hidden": found.hidden},
        num_logits=None if pretraining else found.num_classes,
        state=state,
    )


def imagenet21k(path: Path) -> FoundWeights | None:
    """Recognise the ImageNet-21k archive of the hybrid ViT-B/16.

    Raises:
        WeightsError: It is one, but incomplete or with NaN; or the file is damaged.
    """
    if kind_of(path) != "numpy":
        return None
    arrays = cast("dict[str, Any]", read_content(path))
    if not imagenet.is_archive(arrays):
        return None
    state = imagenet.convert(arrays)
    found = infer_sizes(state, path)
    _check_width(found, path)
    check_finite(state, path)
    return FoundWeights(
        kind=f"the ImageNet-21k archive {imagenet.FILE_NAME}, hidden {found.hidden}",
        options={"hidden": found.hidden},
        channels=3,
        state=state,
    )


def _check_width(found: FoundSizes, path: Path) -> None:
    if found.hidden not in PUBLISHED_WIDTHS:
        raise WeightsError(f"{path} holds a network of {found}; no variant of retina has these sizes")


def _check_complete(state: Mapping[str, Tensor], found: FoundSizes, pretraining: bool, path: Path) -> None:
    """Compare all names and shapes with those of the network of the same sizes."""
    import torch

    from .config import TransUNetConfig
    from .network import TransUNet

    _check_width(found, path)
    config = TransUNetConfig(
        hidden=found.hidden,
        grid=found.grid,
        num_classes=max(found.num_classes, 1),
        reconstruction=pretraining,
    )
    with torch.device("meta"):
        expected = TransUNet(config).state_dict()
    if problems := differences(state, expected):
        raise WeightsError(f"{path} looks like RETINA's network, but is not whole: {'; '.join(problems)}")
