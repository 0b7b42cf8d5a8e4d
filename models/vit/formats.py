"""The kinds of weight file that hold a vision transformer or Hiera, as timm or their authors write it.

Every kind becomes timm's names.  What surrounds an encoder is left out: the decoders of SAM, the classifiers
and pre-training heads of others.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...benchmark.contracts.cards import FoundWeights
from ...benchmark.contracts.errors import WeightsError
from ...benchmark.weights.reading import check_finite, read_content
from ..weight_files import differences, tensors_by_name
from .encoders import KNOWN, Encoder

if TYPE_CHECKING:
    from torch import Tensor

ENCODER = "encoder.model."
"""Before the names of timm's encoder in our network."""
PATCHES = "patch_embed.proj.weight"
"""What reads the image; every encoder has it."""
_WRAPPERS = ("teacher", "model", "state_dict", "module")
"""Under which training scripts keep a network: DINO and DINOv2, MAE and SAM 2, others, EVA."""
_DEPTH = 3
"""Wrappers around one another, and the network in them."""
_PREFIXES = (ENCODER, "backbone.", "image_encoder.trunk.", "image_encoder.", "encoder.", "visual.", "")
"""Before the names of an encoder in a larger network; the first one that fits counts."""
_BIAS = ".qkv.bias"
"""Of queries, keys and values together; DINOv3's keys have none, whatever stands there."""
_CHUNKED = re.compile(r"^blocks\.\d+\.(\d+)\.")
"""DINOv2 trains its blocks in chunks, ``blocks.0.11.norm1``, numbered through."""
_ELSEWHERE = (
    *("head.", "fc_norm.", "lm_head.", "dino_head.", "ibot_head.", "head_dist.", "projection_head."),
    *("mask_token", "rope_embed.periods", "decoder_", "neck."),
)
"""How names begin that timm's encoder without a classifier has no place for."""


def recognise(path: Path) -> FoundWeights | None:
    """Recognise the weights of an encoder that is `KNOWN`.

    Raises:
        WeightsError: It looks like one, but is none that is known, or has NaN; or the file is damaged.
    """
    state = _encoder_state(read_content(path))
    if state is None:
        return None
    channels = int(state[PATCHES].shape[1])
    problems: dict[str, str] = {}
    for architecture in (name for name, facts in KNOWN.items() if _may_be(state, facts)):
        try:
            converted = _whole(state, architecture)
        except ValueError as error:
            problems[architecture] = str(error)
            continue
        check_finite(converted, path)
        return FoundWeights(
            kind=f"encoder {architecture} for images of {channels} channel{'s' if channels > 1 else ''}",
            options={"encoder": architecture},
            channels=channels,
            state={ENCODER + name: value for name, value in converted.items()},
        )
    if not problems:
        return None
    nearest = min(problems, key=lambda architecture: len(problems[architecture]))
    raise WeightsError(
        f"{path} looks like a vision transformer, but is none that is known here; compared with {nearest}: "
        f"{problems[nearest]}. If it is another encoder of timm's, name it: vit-seg[encoder=NAME]@file:PATH"
    )


def encoder_in(path: Path, architecture: str) -> dict[str, Tensor]:
    """Read a given encoder from a file of any kind that holds it, under timm's names.

    Raises:
        WeightsError: The file does not hold it, or is damaged.
    """
    content = read_content(path)
    state = _encoder_state(content)
    if state is None:
        raise WeightsError(
            f"{path} holds no vision transformer or Hiera: expected tensors by name with {PATCHES!r}, as "
            f"{architecture} has them"
        )
    try:
        converted = _whole(state, architecture)
    except ValueError as error:
        raise WeightsError(f"{path} does not fit the encoder {architecture!r}: {error}") from error
    check_finite(converted, path)
    return converted


def _encoder_state(content: object) -> dict[str, Tensor] | None:
    """Find the encoder in what a file holds, without prefixes; None where there is none."""
    for state in filter(None, map(tensors_by_name, _networks(content))):
        prefix = next((one for one in _PREFIXES if one + PATCHES in state), None)
        if prefix is not None and state[prefix + PATCHES].ndim == 4:
            names = {name.removeprefix(prefix): name for name in state if name.startswith(prefix)}
            return {_CHUNKED.sub(r"blocks.\1.", short): state[name] for short, name in names.items()}
    return None


def _networks(content: object) -> Iterator[object]:
    """Give what may be a network's tensors: what a training script wrapped it in is looked through."""
    for _ in range(_DEPTH):
        if not isinstance(content, Mapping):
            return
        yield content
        content = next((content[name] for name in _WRAPPERS if name in content), None)


def _may_be(state: Mapping[str, Tensor], facts: Encoder) -> bool:
    """Tell from patches and blocks whether a state may be an encoder, before that is built."""
    if facts.pyramid or "pos_embed_window" in state:
        return facts.pyramid and "pos_embed_window" in state
    blocks = {found[1] for name in state if (found := re.match(r"blocks\.(\d+)\.", name))}
    return (state[PATCHES].shape[-1], len(blocks)) == (facts.patch, facts.depth)


def _whole(state: Mapping[str, Tensor], architecture: str) -> dict[str, Tensor]:
    """Turn an encoder's original names and layouts into timm's, by timm's own rules.

    Position embeddings of another grid are interpolated to the encoder's.

    Raises:
        ValueError: It is another encoder, or not whole; says in what it differs.
    """
    model = _without_weights(architecture, int(state[PATCHES].shape[1]))
    expected: dict[str, Tensor] = dict(model.state_dict())
    rules = sys.modules[type(model).__module__].checkpoint_filter_fn
    try:
        with redirect_stdout(StringIO()):  # they print what they look for in vain
            converted = dict(rules({_of_sam(name): value for name, value in state.items()}, model))
    except (RuntimeError, KeyError, AttributeError, AssertionError) as error:
        raise ValueError(" ".join(str(error).split())[:200]) from error
    if _drops_biases(state, converted):
        raise ValueError("it has no biases of queries and values, and those of the file are not 0")
    for end in ("weight", "bias"):  # a classifier on the mean of all patches norms that in place of them
        if f"norm.{end}" in expected and f"fc_norm.{end}" in converted:
            converted.setdefault(f"norm.{end}", converted[f"fc_norm.{end}"])
    kept = {
        name: value
        for name, value in converted.items()
        if name in expected or not name.startswith(_ELSEWHERE)
    }
    if problems := differences(kept, expected):
        raise ValueError("; ".join(problems))
    return kept


def _drops_biases(state: Mapping[str, Tensor], converted: Mapping[str, Tensor]) -> bool:
    """Tell whether DINOv3's biases get lost, which timm's rules leave out where an encoder has none."""
    biases = {name: value for name, value in state.items() if name.endswith(_BIAS) and name not in converted}
    lost = [value for name, value in biases.items() if name.replace(_BIAS, ".q_bias") not in converted]
    thirds = [value.chunk(3) for value in lost]
    return any(bool(query.any()) or bool(value.any()) for query, _, value in thirds)


def _of_sam(name: str) -> str:
    """Rename the layers of Segment Anything's MLPs, which timm's rules tell by the prefix taken off here."""
    return name.replace(".mlp.lin", ".mlp.fc")


def _without_weights(architecture: str, channels: int) -> Any:
    """Build timm's encoder on no device, for its names and shapes."""
    import torch

    from .backbone import create

    with torch.device("meta"):
        return create(architecture, channels)
