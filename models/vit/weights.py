"""Weights for ``vit-seg``: published encoders, and files of the same network or of an encoder.

Importing this module imports neither torch nor timm, for planning uses it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ...benchmark.contracts.basics import OptionValue
from ...benchmark.contracts.errors import UsageError, WeightsUnavailableError
from ...benchmark.weights.weight_info import read_info
from .. import hub
from ..encoder_loading import fit_image_filters
from ..weight_files import load_matching, local_file, read_state_dict
from . import formats
from .encoders import DEFAULT, PublishedEncoder, init_of, published

if TYPE_CHECKING:
    from torch import Tensor, nn

    from .network import VitSeg

CLASSIFIER = "classifier."
EM_NATIVE = {"em-dino": "vit_large_patch14_dinov2"}
"""Initialisations that are imported from a file alone, by the name of the library, and their encoders."""


class VitFile:
    """Weights of the same network, or of its encoder alone, in a file that the user names."""

    def obtain(self, options: Mapping[str, OptionValue], location: str | None) -> Path:
        """Give the named file.

        Raises:
            WeightsError: There is no such file.
        """
        return local_file(location, "vit-seg")

    def load(self, model: nn.Module, path: Path) -> str:
        """Load everything; what the file lacks, or has for other classes, stays random.

        Raises:
            WeightsError: The file does not fit the model, or is not a weight file.
        """
        network = cast("VitSeg", model)
        info = read_info(path)
        state = read_state_dict(path) if info else {}
        if info is None or all(name.startswith(formats.ENCODER) for name in state):
            return _load_encoder(network, formats.encoder_in(path, network.encoder_name), path)
        own = {name: value.shape for name, value in model.state_dict().items() if name.startswith(CLASSIFIER)}
        given = {name: value.shape for name, value in state.items() if name.startswith(CLASSIFIER)}
        if own == given and info.num_logits is not None:
            return f"{path.name}: all {load_matching(model, state, path, lambda _: False)} tensors loaded"
        loaded = load_matching(model, state, path, lambda name: name.startswith(CLASSIFIER))
        return f"{path.name}: {loaded} of {len(state)} tensors loaded; classifier random"


class FoundationWeights(VitFile):
    """An encoder as a foundation model publishes it: imported, or from the Hugging Face hub.

    Args:
        init: Name of the initialisation.
    """

    def __init__(self, init: str) -> None:
        self._init = init

    def obtain(self, options: Mapping[str, OptionValue], location: str | None) -> Path:
        """Give the file of the encoder that the model's options choose.

        Raises:
            UsageError: There is none of this kind for that encoder.
            WeightsUnavailableError: It is not on this machine and the hub is out of reach.
            WeightsError: It is in the library, but changed since it was imported.
        """
        from ...benchmark.weights.library import Library

        encoder = str(options.get("encoder", DEFAULT))
        files = self._files(encoder)
        library = Library.here()
        for name in files:
            if (imported := library.find(name)) is not None:
                return imported
        bring = f"with a copy of the file, run 'emseg-bench weights import FILE --as {files[0]}'"
        if self._init in EM_NATIVE:
            raise WeightsUnavailableError(
                f"the weights {files[0]} are not on this machine, and no address to fetch them from is "
                f"known; {bring}"
            )
        return hub.obtain(hub.HubFile(repository=f"timm/{files[0]}", revision="main"), instead=bring)

    def _files(self, encoder: str) -> Sequence[str]:
        """Name the files of this kind, the one to prefer first."""
        if self._init in EM_NATIVE:
            if encoder == EM_NATIVE[self._init]:
                return [self._init]
            raise self._none(encoder, f"it is {EM_NATIVE[self._init]}")
        known = [file for file in published() if file.architecture == encoder]
        if found := [file.name for file in known if file.init == self._init]:
            return found
        files = [*known, *_by_timm(encoder)]
        if found := [file.name for file in files if init_of(encoder, file.tag) == self._init]:
            return found
        inits = dict.fromkeys(f"@{init}" for file in files if (init := init_of(encoder, file.tag)))
        raise self._none(encoder, f"it has {', '.join(inits)}" if inits else "timm publishes none for it")

    def _none(self, encoder: str, why: str) -> UsageError:
        others = dict.fromkeys(file.architecture for file in published() if file.init == self._init)
        takes = f"; @{self._init} goes with encoder={', '.join(others)}" if others else ""
        return UsageError(f"there are no @{self._init} weights for the encoder {encoder!r}: {why}{takes}.")


file = VitFile()


def _by_timm(encoder: str) -> Sequence[PublishedEncoder]:
    """Ask timm for the files that it publishes for an encoder, its own choice first; imports torch (3 s)."""
    import timm

    names = timm.list_pretrained(f"{encoder}.*")
    preferred = timm.get_pretrained_cfg(encoder) if timm.is_model(encoder) else None
    if preferred is not None:
        names.sort(key=lambda name: name != f"{encoder}.{preferred.tag}")
    found = ((name, timm.get_pretrained_cfg(name)) for name in names)
    return [
        PublishedEncoder(encoder, config.tag)
        for name, config in found
        if config is not None and config.hf_hub_id == f"timm/{name}" and not config.hf_hub_filename
    ]


def _load_encoder(network: VitSeg, state: Mapping[str, Tensor], path: Path) -> str:
    """Load a whole encoder under timm's names; blocks that the network does not build are left out.

    Raises:
        WeightsError: Its filters cannot be adapted to the image.
    """
    encoder = network.encoder.model
    expected = encoder.state_dict()
    kept = {name: value for name, value in state.items() if name in expected}
    fitted, trained_on = fit_image_filters(kept, expected, network.channels)
    loaded = load_matching(encoder, fitted, path, lambda _: False)
    adapted = f", adapted from {trained_on} to {network.channels} channels" if trained_on else ""
    return f"{path.name}: encoder {network.encoder_name} loaded ({loaded} tensors{adapted}); head random"
