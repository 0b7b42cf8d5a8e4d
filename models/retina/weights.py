"""Weights for RETINA's TransUNet: the published pre-training, and any file of the same network.

As published for fine-tuning, the stem, the embeddings and the transformer encoder start from the
file, while the decoder and the head start at random.  Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ...benchmark.contracts.basics import OptionValue
from ...benchmark.contracts.errors import WeightsError
from ...benchmark.weights.reading import check_finite, describe_content, kind_of, read_content
from ..published_weights import FromLibrary
from ..weight_files import load_matching, local_file, read_state_dict
from . import imagenet
from .sizes import POSITIONS, check_sizes, infer_sizes

if TYPE_CHECKING:
    from torch import Tensor, nn

LEFT_RANDOM = ("decoder", "segmentation_head", "FinalDecoder")
"""Parts of names that fine-tuning does not take over."""
NOT_WEIGHTS = ("run_id",)
"""Upstream's training may leave this beside the weights."""


class RetinaFile:
    """A file that the user names: published pre-trained or fine-tuned weights, or this project's own.

    Args:
        model: Name of the model that starts from it, for messages.
    """

    def __init__(self, model: str = "retina") -> None:
        self._model = model

    def obtain(self, options: Mapping[str, OptionValue], location: str | None) -> Path:
        """Give the named file.

        Raises:
            WeightsError: There is no such file.
        """
        return local_file(location, self._model)

    def load(self, model: nn.Module, path: Path) -> str:
        """Load stem, embeddings and transformer encoder; decoder and head stay random.

        Raises:
            WeightsError: The file does not fit the model, or is not a weight file of RETINA.
        """
        return load_pretrained(model, path)


class PublishedWeights(FromLibrary, RetinaFile):
    """Weights that somebody published, from the library of imported ones."""


cem500k_reconstruction = PublishedWeights("retina", "cem500k-reconstruction")
imagenet21k = PublishedWeights("retina", "imagenet21k")
file = RetinaFile()


def read_state(path: Path) -> dict[str, Tensor]:
    """Read weights under RETINA's names: a ``state_dict``, safetensors, or the ImageNet-21k archive.

    Raises:
        WeightsError: The file is damaged, or holds anything but finite tensors by name.
    """
    if kind_of(path) != "numpy":
        return read_state_dict(path, ignored=NOT_WEIGHTS)
    arrays = cast("dict[str, Any]", read_content(path))
    if not imagenet.is_archive(arrays):
        raise WeightsError(
            f"{path} is not the ImageNet-21k archive {imagenet.FILE_NAME}: "
            f"it holds {describe_content(arrays)}"
        )
    state = imagenet.convert(arrays)
    check_finite(state, path)
    return state


def load_pretrained(model: nn.Module, path: Path) -> str:
    """Load everything but decoder and head into a `TransUNet`; return one line that says so.

    Position embeddings of another grid are interpolated.

    Raises:
        WeightsError: The file does not fit the model, or is not a weight file of RETINA.
    """
    return load_state(model, read_state(path), path)


def load_state(model: nn.Module, state: Mapping[str, Tensor], path: Path) -> str:
    """Load everything but decoder and head, as `load_pretrained`, from tensors by published name.

    Args:
        model: A `TransUNet`; changed only if everything fits.
        state: The tensors.
        path: Where they came from, for the messages.

    Raises:
        WeightsError: They do not fit the model, or are not RETINA's.
    """
    from .network import TransUNet
    from .transformer import resize_positions

    if not isinstance(model, TransUNet):
        raise TypeError(f"expected RETINA's TransUNet, got {type(model).__name__}")
    found = infer_sizes(state, path)
    check_sizes(found, model.config, path)
    grid = model.config.grid
    fitted = {**state, POSITIONS: resize_positions(state[POSITIONS], grid, grid)}
    loaded = load_matching(model, fitted, path, leave_out=_is_left_random)
    resized = f" resized to {grid}x{grid}" if found.grid != grid else ""
    return (
        f"{path.name}: stem, embeddings and encoder loaded ({loaded} of {len(state)} tensors; "
        f"{found}{resized}); decoder and head random"
    )


def load_archive(model: nn.Module, arrays: imagenet.Arrays) -> str:
    """Load the ImageNet-21k archive, already in memory, as `load_pretrained` loads its file.

    Raises:
        WeightsError: It does not fit the model.
    """
    path, state = Path(imagenet.FILE_NAME), imagenet.convert(arrays)
    check_finite(state, path)
    return load_state(model, state, path)


def _is_left_random(name: str) -> bool:
    return any(part in name for part in LEFT_RANDOM)
