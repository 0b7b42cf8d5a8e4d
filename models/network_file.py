"""Weights of a whole network from a file that the user names, for models without formats of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..benchmark.contracts.basics import OptionValue
from ..benchmark.contracts.cards import WeightsCard
from ..benchmark.weights.weight_info import read_info
from .published_weights import FromLibrary
from .weight_files import load_matching, local_file, read_state_dict

if TYPE_CHECKING:
    from torch import nn


class NetworkFile:
    """What a trial or a pre-training of the same model left behind.

    Args:
        model: Its name, for messages.
        head: What the names of its last layer begin with, which depends on the classes; empty: all of the
            network is taken from the file, or nothing.
    """

    def __init__(self, model: str, head: str = "") -> None:
        self._model, self._head = model, head

    def obtain(self, options: Mapping[str, OptionValue], location: str | None) -> Path:
        """Give the named file.

        Raises:
            WeightsError: There is no such file.
        """
        return local_file(location, self._model)

    def load(self, model: nn.Module, path: Path) -> str:
        """Load everything; a head for other classes, or one that was not trained to segment, stays random.

        Raises:
            WeightsError: The file does not fit the model, or is not a weight file.
        """
        state = read_state_dict(path)
        own = {name: value.shape for name, value in model.state_dict().items() if self._is_head(name)}
        given = {name: value.shape for name, value in state.items() if self._is_head(name)}
        info = read_info(path)
        if not self._head or (own == given and (info is None or info.num_logits is not None)):
            return f"{path.name}: all {load_matching(model, state, path, lambda _: False)} tensors loaded"
        loaded = load_matching(model, state, path, self._is_head)
        return f"{path.name}: {loaded} of {len(state)} tensors loaded; head random"

    def _is_head(self, name: str) -> bool:
        return bool(self._head) and name.startswith(self._head)


class PublishedNetwork(FromLibrary, NetworkFile):
    """Weights of the same network that its authors have published, from the library of imported ones.

    Args:
        model: Its name.
        init: Name of the initialisation.
        cards: Of everything that is published for it, as the hook `emseg_weights` returns them.
        head: See `NetworkFile`.
    """

    def __init__(self, model: str, init: str, cards: Collection[WeightsCard], head: str = "") -> None:
        FromLibrary.__init__(self, model, init, cards=cards)
        NetworkFile.__init__(self, model, head)


unet_classic = NetworkFile("unet-classic", "head.")
nnunet_resenc = NetworkFile("nnunet-resenc", "decoder.seg_layers.")
