"""The training crops of a trial: each draw's image is read, cut and changed by a generator of its own."""

from __future__ import annotations

from functools import partial

from torch.utils.data import Dataset as TorchDataset

from ..contracts.data import Augmentation, TrainingCrop
from .decoded import DecodedImages
from .foreground import ForegroundRows
from .sampler import CROP_STREAM, Draw, random_stream


class TrainingCrops(TorchDataset[TrainingCrop]):
    """Gives the crop of a `Draw`.

    Args:
        images: What is trained on.
        foreground: Where they have which class.
        augmentation: Cuts and changes.
        seed: The trial's seed.
    """

    def __init__(
        self, images: DecodedImages, foreground: ForegroundRows, augmentation: Augmentation, seed: int
    ) -> None:
        self._images, self._foreground = images, foreground
        self._augmentation, self._seed = augmentation, seed

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, draw: Draw) -> TrainingCrop:
        """Make the crop of one draw: the same every time, in whichever process."""
        rng = random_stream(self._seed, CROP_STREAM, draw.number)
        sample = self._images.read(draw.image)
        foreground = partial(self._foreground.choose, draw.image, sample.labels)
        return self._augmentation(sample, foreground, rng)
