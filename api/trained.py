"""A trained model as a network that segments arrays, as ``emseg-bench predict`` segments files."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from ..benchmark.contracts.data import GreyRange
from ..benchmark.contracts.errors import DataError, UsageError
from ..benchmark.evaluation.working import InMemory
from ..benchmark.files.cache import cache_folder
from ..benchmark.images.intensity import to_pixels
from ..benchmark.images.normalise import to_input
from ..benchmark.images.spread import spread
from ..benchmark.plugins.loading import installed_plugins
from ..benchmark.predictions.asked import Asked
from ..benchmark.predictions.choosing import choose_seeds, choose_trial
from ..benchmark.predictions.ensemble import Ensemble, combined
from ..benchmark.predictions.greys import SECTIONS, Seen, misfits, settle_greys, thinned
from ..benchmark.predictions.images import checked
from ..benchmark.predictions.inference_settings import InferenceSettings
from ..benchmark.predictions.network import (
    check_neighbours,
    find_weights,
    settle_normalisation,
    settle_protocol,
    settle_window,
)
from ..benchmark.predictions.pixel_sizes import NEAR, side_of
from ..benchmark.predictions.segmenting import segment_image
from ..benchmark.predictions.volume_pieces import VolumePieces
from ..benchmark.profiling.hardware import choose_device
from ..benchmark.profiling.precision import resolve_precision

Array: TypeAlias = np.ndarray[Any, Any]

logger = logging.getLogger("emseg_bench")

HERE: Final = Path("the array")
"""In the place of a file's name."""


class TrainedModel(nn.Module):
    """One network, or several that segment together, with all that their use needs; `load_model` makes it.

    Args:
        setting: How it segments.
    """

    def __init__(self, setting: InferenceSettings) -> None:
        super().__init__()
        self._setting = setting
        self._ensemble = setting.ensemble(setting.device)
        self.networks = nn.ModuleList(member.model for member in self._ensemble.members)
        """From normalised windows to logits, and what may follow them; the probabilities of several are
        averaged."""
        self.voxel_size_nm: tuple[float, ...] | None = setting.weights.info.voxel_size_nm
        """Of the images that it was trained on, (y, x) or (z, y, x); None: not known."""
        self.class_names: tuple[str, ...] = setting.weights.info.class_names
        """By label; see `label_values`."""
        self.label_values: tuple[int, ...] = tuple(
            range(len(self.class_names)) if setting.values is None else setting.values.tolist()
        )
        """What `segment` gives for each class."""
        self.eval()

    def forward(self, pixels: Tensor) -> Tensor:
        """Give the logits (N, K, H, W) of pixels, normalised here.

        Args:
            pixels: (N, C, H, W) float32 between 0 and 1, or uint8; sides as the model takes them.
        """
        normalisation = self._setting.normalisation
        inputs = to_input(pixels, normalisation.mean, normalisation.std)
        count = self._setting.weights.num_logits  # what follows them is not averaged
        each = [network(inputs)[:, :count] for network in self.networks]
        return torch.stack([combined(logits) for logits in zip(*each, strict=True)])

    def segment(
        self,
        array: Array,
        *,
        voxel_size_nm: Sequence[float] | None = None,
        grey_range: tuple[float, float] | None = None,
        rescale: bool = False,
    ) -> Array:
        """Segment an image or a volume of any size, as ``predict`` does: by windows, normalised.

        What does not fit the training images is told by the logger ``emseg_bench``.

        Args:
            array: As it is stored: (H, W); (Z, Y, X), which is a volume; or (H, W, C) where the model takes
                several channels.
            voxel_size_nm: (y, x) or (z, y, x), to be held against that of the training images.
            grey_range: Values that are 0 and 1.  None: those of training.
            rescale: Whether pixels are brought to the size of those of training within each slice, and the
                probabilities back.

        Returns:
            (H, W) or (Z, Y, X) label values, of an unsigned integer type.

        Raises:
            DataError: The array does not fit the model, or holds values that are no numbers.
            UsageError: Nobody says which of its values are 0 and 1, or, to rescale, how large pixels are.
            TrialError: A network's output is wrong.
        """
        values = checked(self._fitting(np.asarray(array)), HERE)
        setting = self._for(voxel_size_nm, values, rescale=rescale)
        pixels = to_pixels(values, self._grey(values, grey_range))
        ensemble = self._on_its_device(setting.scales(None if voxel_size_nm is None else (*voxel_size_nm,)))
        if values.ndim == 3 and self._channels == 1:
            pieces = VolumePieces(pixels, setting, Asked(), InMemory(), cache_folder())
            return pieces.run([ensemble])["labels"][:]
        check_neighbours(setting.weights, images=True)
        planes = pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0)
        return segment_image(ensemble, np.ascontiguousarray(planes), setting, Asked())["labels"]

    def _on_its_device(self, scales: Mapping[str, float]) -> Ensemble:
        """Give the networks where the module was moved to."""
        device = next(self.parameters()).device
        members = zip(self._ensemble.members, self.networks, strict=True)
        return Ensemble(tuple(replace(one, model=network, device=device) for one, network in members), scales)

    @property
    def _channels(self) -> int:
        return self._setting.channels

    def _fitting(self, array: Array) -> Array:
        """Check an array's type and shape."""
        if array.dtype.kind not in "uif":
            raise DataError(f"got an array of {array.dtype}, expected whole numbers or floats.")
        several = self._channels > 1
        fits = array.ndim == 3 and array.shape[-1] == self._channels if several else array.ndim in (2, 3)
        if not fits or 0 in array.shape:
            expected = f"(H, W, {self._channels})" if several else "(H, W), or (Z, Y, X) of a volume"
            raise DataError(f"got an array of the shape {array.shape}, expected {expected}.")
        return array

    def _grey(self, values: Array, given: tuple[float, float] | None) -> GreyRange:
        if given is not None and not given[0] < given[1]:
            raise UsageError(f"got grey_range {given}, expected (low, high) with low < high.")
        kind, info = str(values.dtype.newbyteorder("=").name), self._setting.weights.info
        asked = None if given is None else GreyRange(low=given[0], high=given[1])
        some = thinned(self._planes(values))
        seen = Seen(source=HERE, sides=values.shape, kind=kind, values=some, voxel_size_nm=None)
        greys, notes = settle_greys([seen], info.grey_range, asked)
        unfit = misfits([seen], greys, self._setting.normalisation) if info.grey_range else ()
        for note in (*notes, *unfit):
            logger.warning(note)
        return greys[kind]

    def _planes(self, values: Array) -> list[Array]:
        """Give what is looked at: channels of an image, some sections of a volume."""
        if values.ndim == 2:
            return [values]
        if self._channels > 1:
            return [*np.moveaxis(values, -1, 0)]
        return [values[z] for z in spread(range(len(values)), SECTIONS)]

    def _for(self, size: Sequence[float] | None, values: Array, *, rescale: bool) -> InferenceSettings:
        """Settle how an array is segmented; say where its pixels are of another size than in training."""
        trained, axes = self.voxel_size_nm, values.ndim if self._channels == 1 else 2
        if size is not None and (len(size) != axes or not all(0 < side < math.inf for side in size)):
            raise UsageError(
                f"got voxel_size_nm {tuple(size)}, expected {axes} lengths in nm, more than 0 each."
            )
        if rescale:
            if trained is None:
                raise UsageError(
                    "rescale=True needs the size of the pixels of training, and the weights do not say it; "
                    "set model.voxel_size_nm."
                )
            if size is None:
                raise UsageError("rescale=True needs the size of the array's pixels; give voxel_size_nm.")
            return replace(self._setting, rescaled_to_nm=side_of(trained))
        if (
            size is not None
            and trained
            and any(
                not 1 / NEAR <= own / other <= NEAR
                for own, other in zip(size[-2:], trained[-2:], strict=True)
            )
        ):
            logger.warning(
                "the pixels are %s nm (y, x), and those of training were %s nm: objects look larger or "
                "smaller; rescale=True brings them to that size.",
                " x ".join(f"{side:g}" for side in size[-2:]),
                " x ".join(f"{side:g}" for side in trained[-2:]),
            )
        return self._setting


def load_model(
    place: str | Path,
    *,
    seeds: Literal["all"] | None = None,
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16"] | None = None,
    protocol: str | None = None,
) -> TrainedModel:
    """Load a trained model.

    Args:
        place: A model of a results folder by its name (``results:unet``, the seed with the best validation
            score, or ``results:unet/3``), a trial's ``weights.safetensors``, or the name of imported weights.
        seeds: ``all``: the seeds of a results folder's model together, whose probabilities are averaged.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        precision: None: as the trial was scored.
        protocol: How to segment.  None: as the trial was scored, or ``emseg-v1``.

    Raises:
        UsageError: No model is called so, or `seeds`, `protocol`, `device` or `precision` is wrong.
        WeightsError: The weights are not there, or are damaged.
    """
    if precision not in (None, "auto", "fp32", "bf16"):
        raise UsageError(f"got precision {precision!r}, expected 'auto', 'fp32' or 'bf16'.")
    catalogue = installed_plugins().catalogue
    weights, *others = (find_weights(path, catalogue) for path in _paths(place, seeds))
    info, chosen, where = weights.info, settle_protocol(weights.info, protocol), choose_device(device)
    how = info.segmenting
    setting = InferenceSettings(
        weights=weights,
        others=tuple(others),
        protocol=chosen,
        normalisation=settle_normalisation(info, None, None),
        window=settle_window(info, chosen, weights.size_divisor),
        axes=how.axes if how else "stack",
        device=where,
        precision=resolve_precision(precision or (how.precision if how else "auto"), where),
        greys={},
    )
    return TrainedModel(setting)


def _paths(place: str | Path, seeds: Literal["all"] | None) -> list[str]:
    """Say which weights are meant."""
    is_file = isinstance(place, Path) or Path(place).expanduser().is_file()
    named = not is_file and ":" in str(place)
    if seeds not in (None, "all") or (seeds and not named):
        raise UsageError(
            f"got seeds={seeds!r}, expected 'all' with a model of a results folder, as in results:unet; one "
            "seed is results:unet/3."
        )
    if not named:
        return [str(place)]
    chosen = choose_seeds(str(place)) if seeds else (choose_trial(str(place)),)
    return [str(one.weights) for one in chosen]
