"""The ImageNet-21k archive of the hybrid ViT-B/16 as weights of RETINA's network.

After Dosovitskiy et al. 2021 (arXiv:2010.11929).  The archive comes from JAX: convolutions are
(height, width, in, out), dense layers (in, out) with the attention heads as an axis of their own, and
the class token's position stands first.  Names are turned into ours by rule; what has no place in
RETINA's network (class token, classifier) is left aside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any

from ...benchmark.contracts.errors import WeightsError

if TYPE_CHECKING:
    from torch import Tensor

Arrays = Mapping[str, Any]
"""NumPy arrays by name."""

FILE_NAME = "R50+ViT-B_16.npz"
"""What the archive is called where it is published."""

POSITIONS = "Transformer/posembed_input/pos_embedding"
PATCHES = "embedding/kernel"
_STEM = "transformer.embeddings.hybrid_model."
_LAYER = "transformer.encoder.layer."

_RULES = (
    (r"conv_root/kernel", _STEM + "root.conv.weight"),
    (r"gn_root/(\w+)", _STEM + r"root.gn.\1"),
    (r"block(\d+)/unit(\d+)/conv_proj/kernel", _STEM + r"body.block\1.unit\2.downsample.weight"),
    (r"block(\d+)/unit(\d+)/conv(\d)/kernel", _STEM + r"body.block\1.unit\2.conv\3.weight"),
    (r"block(\d+)/unit(\d+)/(gn\d|gn_proj)/(\w+)", _STEM + r"body.block\1.unit\2.\3.\4"),
    (r"embedding/(\w+)", r"transformer.embeddings.patch_embeddings.\1"),
    (r"Transformer/posembed_input/pos_embedding", "transformer.embeddings.position_embeddings"),
    (r"Transformer/encoder_norm/(\w+)", r"transformer.encoder.encoder_norm.\1"),
    (
        r"Transformer/encoderblock_(\d+)/MultiHeadDotProductAttention_1/(query|key|value|out)/(\w+)",
        _LAYER + r"\1.attn.\2.\3",
    ),
    (r"Transformer/encoderblock_(\d+)/MlpBlock_3/Dense_0/(\w+)", _LAYER + r"\1.ffn.fc1.\2"),
    (r"Transformer/encoderblock_(\d+)/MlpBlock_3/Dense_1/(\w+)", _LAYER + r"\1.ffn.fc2.\2"),
    (r"Transformer/encoderblock_(\d+)/LayerNorm_0/(\w+)", _LAYER + r"\1.attention_norm.\2"),
    (r"Transformer/encoderblock_(\d+)/LayerNorm_2/(\w+)", _LAYER + r"\1.ffn_norm.\2"),
)
"""The archive's names and ours; ``kernel`` and ``scale`` are called ``weight`` here."""


def is_archive(arrays: Arrays) -> bool:
    """Tell the hybrid ViT's archive from others by its names."""
    return {"conv_root/kernel", PATCHES, POSITIONS} <= arrays.keys()


def our_name(name: str) -> str | None:
    """Turn a name of the archive into RETINA's; None for what RETINA's network does not have."""
    for pattern, ours in _RULES:
        if match := re.fullmatch(pattern, name):
            return re.sub(r"\.(kernel|scale)$", ".weight", match.expand(ours))
    return None


def convert(arrays: Arrays) -> dict[str, Tensor]:
    """Turn the archive into tensors under RETINA's names, of whatever sizes it has.

    Position embeddings keep the archive's grid, (1, g * g, hidden).

    Raises:
        WeightsError: An array has an unexpected number of axes, or holds no numbers.
    """
    named = {ours: (name, array) for name, array in arrays.items() if (ours := our_name(name))}
    return {ours: _tensor(name, array) for ours, (name, array) in named.items()}


def _tensor(name: str, array: Any) -> Tensor:
    import numpy as np
    import torch

    if array.dtype.kind != "f":
        raise WeightsError(f"the archive's {name} holds {array.dtype}, expected floating-point numbers")
    try:
        turned = _turn(name, array)
    except (ValueError, IndexError) as error:
        raise WeightsError(f"the archive's {name} has the unexpected shape {array.shape}") from error
    return torch.from_numpy(np.ascontiguousarray(turned, dtype=np.float32))


def _turn(name: str, array: Any) -> Any:
    """Bring an array into PyTorch's layout.

    Raises:
        ValueError, IndexError: It has not the axes that its name lets expect.
    """
    if name == POSITIONS:
        return array[:, 1:]
    if not name.endswith("/kernel"):
        return array.reshape(-1)
    if not name.startswith("Transformer/"):
        return array.transpose(3, 2, 0, 1)
    inputs = array.shape[0] if not name.endswith("/out/kernel") else prod(array.shape[:-1])
    return array.reshape(inputs, -1).T
