"""Weight files, written whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..files.leftovers import unfinished_folder
from ..files.store import give_usual_mode
from .weight_info import WeightsInfo, to_metadata

if TYPE_CHECKING:
    from torch import Tensor


def write_weights(weights: Mapping[str, Tensor], path: Path, info: WeightsInfo) -> None:
    """Write weights as safetensors, with what they say about themselves.

    They are written in a folder of their own, since safetensors begins a file beside the one that it is asked
    for, by whose name nobody could tell whose it is after a kill.
    """
    from safetensors.torch import save_file

    with unfinished_folder(path.parent) as place:
        file = place / path.name
        save_file({name: value.contiguous() for name, value in weights.items()}, file, to_metadata(info))
        give_usual_mode(file)
        file.replace(path)
