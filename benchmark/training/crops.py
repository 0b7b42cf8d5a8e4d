"""The training crops of a trial: each draw's image is read, cut and changed by a generator of its own."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from torch.utils.data import Dataset as TorchDataset

from ..contracts.data import Augmentation, TrainingCrop
from ..contracts.errors import TrialError
from .decoded import DecodedImages
from .foreground import ForegroundRows
from .object_numbers import NumberObjects
from .sampler import CROP_STREAM, Draw, random_stream


class TrainingCrops(TorchDataset[TrainingCrop]):
    """Gives the crop of a `Draw`.

    Args:
        images: What is trained on.
        foreground: Where they have which class.
        augmentation: Cuts and changes.
        seed: The trial's seed.
        number_objects: Makes the numbers of true objects (H, W) of a crop; None: they are not wanted.
    """

    def __init__(
        self,
        images: DecodedImages,
        foreground: ForegroundRows,
        augmentation: Augmentation,
        seed: int,
        number_objects: NumberObjects | None = None,
    ) -> None:
        self._images, self._foreground = images, foreground
        self._augmentation, self._seed = augmentation, seed
        self._number = number_objects

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, draw: Draw) -> TrainingCrop:
        """Make the crop of one draw: the same every time, in whichever process.

        Raises:
            TrialError: True objects are wanted and known, and the augmentation lost them.
        """
        rng = random_stream(self._seed, CROP_STREAM, draw.number)
        sample = self._images.read(draw.image)
        foreground = partial(self._foreground.choose, draw.image, sample.labels)
        crop = self._augmentation(sample, foreground, rng)
        if self._number is None:
            return crop
        if sample.instances is not None and crop.instances is None:
            raise TrialError(
                "the augmentation gives crops without true objects, which the model learns from; take "
                "another: --set recipe.augmentation=emseg-v1."
            )
        return replace(crop, instances=self._number(crop.labels, crop.instances))
