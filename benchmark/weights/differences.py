"""Weight files that hold only what training changed.

The rest is what the network started from: a file that whoever published it gives again.  It is obtained and
loaded anew where such a file is read, and the difference is put into it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..contracts.basics import OptionValue
from ..contracts.cards import WeightSource
from ..contracts.errors import WeightsError, WeightsUnavailableError
from ..files.file_hashes import sha256_of_large_file
from ..files.regular import shown
from .low_rank import Factors, merged_weight
from .weight_info import WeightsInfo, WeightsStart

if TYPE_CHECKING:
    from torch import Tensor

CLOSE: Final = 1e-5
"""In multiples of a weight's largest value: another device adds otherwise."""


def difference(
    trained: Mapping[str, Tensor], begun: Mapping[str, Tensor], factors: Mapping[str, Factors]
) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Find what has to be kept of a network.

    Args:
        trained: Its state, on the CPU.
        begun: That of another one that starts from the same file: what no file fills is drawn anew in it.
        factors: What adapters have added, by the names of weights.

    Returns:
        Tensors to keep, and the names of weights of which they hold the factors.
    """
    import torch

    kept, adapted = dict[str, "Tensor"](), list[str]()
    for name, value in trained.items():
        base = begun[name]
        if torch.equal(value, base):
            continue
        found = factors.get(name)
        if found is not None and _is_close(merged_weight(base, found), value):
            kept |= dict(zip(_places(name), (found.down, found.up), strict=True))
            adapted.append(name)
        else:
            kept[name] = value
    return kept, tuple(adapted)


def completed(
    stored: Mapping[str, Tensor], info: WeightsInfo, start: WeightsStart, path: Path
) -> dict[str, Tensor]:
    """Give the whole state of a network of which a file holds the difference alone.

    Args:
        stored: What the file holds.
        info: What it says of itself.
        start: What of that says where the network started.
        path: The file, for messages.

    Raises:
        WeightsError: The starting file is not here, or is another one; or the difference is none of the
            model's.
        UnknownNameError: The model is not installed.
        PluginError: The model cannot be built.
    """
    state, left = _begun(info, start, path), dict(stored)
    for name in start.adapted:
        down, up = (left.pop(place, None) for place in _places(name))
        if down is None or up is None or name not in state:
            raise _unfit(path, info, name)
        added = Factors(down, up, start.scale)
        if not added.fits(state[name]):
            raise _unfit(path, info, name)
        state[name] = merged_weight(state[name], added)
    for name, value in left.items():
        if name not in state or state[name].shape != value.shape:
            raise _unfit(path, info, name)
        state[name] = value
    return state


def _begun(info: WeightsInfo, start: WeightsStart, path: Path) -> dict[str, Tensor]:
    """Build the network and load what it started from; give its state."""
    import torch

    from ..plugins.asked import complete_options
    from ..plugins.lazy import resolve
    from ..plugins.loading import load_plugins
    from ..plugins.strangers import blaming

    catalogue = load_plugins().catalogue
    offer = catalogue.find(catalogue.models, info.model, info.distribution)
    options = complete_options(offer.card, info.options)
    init = offer.card.initialisation(start.init)
    if init is None or init.source is None:
        raise WeightsError(
            f"{shown(path)} holds only what training changed of {info.model}@{start.init}, and the model has "
            "no such weights to start from any more; use the version of it that wrote the file."
        )
    with torch.random.fork_rng(devices=[]), blaming(offer, "building it with what it started from"):
        source: WeightSource = resolve(init.source, offer)
        found = _obtained(source, options, info, start, path)
        network = resolve(offer.card.factory, offer)(info.channels, info.num_logits or 1, **options)
        source.load(network, found)
    return dict(network.state_dict())


def _obtained(
    source: WeightSource,
    options: Mapping[str, OptionValue],
    info: WeightsInfo,
    start: WeightsStart,
    path: Path,
) -> Path:
    """Get the starting file.

    Raises:
        WeightsError: It is not here, or is another one.
    """
    what = (
        f"{shown(path)} holds only what training changed of {info.model}@{start.init}, which started from "
        f"{start.file} (SHA-256 {start.sha256})"
    )
    try:
        found = source.obtain(options, None)
    except WeightsUnavailableError as error:
        raise WeightsUnavailableError(f"{what}. That file is needed, too: {error}") from error
    if (sha256 := sha256_of_large_file(found, WeightsError)) != start.sha256:
        raise WeightsError(
            f"{what}; what is here in its place, {shown(found)}, has {sha256}. Bring that file here, or make "
            "the weights whole where they were trained, by 'emseg-bench weights import'."
        )
    return found


def _places(name: str) -> tuple[str, str]:
    """Name the two factors of what is added to a weight, as peft does."""
    layer = name.removesuffix(".weight")
    return f"{layer}.lora_A.weight", f"{layer}.lora_B.weight"


def _is_close(one: Tensor, other: Tensor) -> bool:
    return bool((one - other).abs().max() <= CLOSE * other.abs().max())


def _unfit(path: Path, info: WeightsInfo, name: str) -> WeightsError:
    return WeightsError(
        f"{shown(path)} holds what training changed of {info.model}, but its {name} is none of that network "
        "as it is installed. It is damaged, or was written for another version of the model."
    )
