"""The training crops of a trial: each draw's image is read, cut and changed by a generator of its own."""

from __future__ import annotations

from torch.utils.data import Dataset as TorchDataset

from ..contracts.settings import Recipe, ResizedCropAugmentation
from .batch import Crop
from .decoded import DecodedImages
from .foreground import ForegroundRows
from .resized_crops import cut_resized
from .sampler import CROP_STREAM, Draw, random_stream
from .window_crops import cut_window


class TrainingCrops(TorchDataset[Crop]):
    """Gives the crop of a `Draw`.

    Args:
        images: What is trained on.
        foreground: Where they have which class.
        recipe: Crop choice and augmentation.
        side: Side of the crops, px.
        seed: The trial's seed.
        ignore_value: Label of pixels that do not count.
    """

    def __init__(
        self,
        images: DecodedImages,
        foreground: ForegroundRows,
        recipe: Recipe,
        side: int,
        seed: int,
        ignore_value: int | None,
    ) -> None:
        self._images, self._foreground, self._recipe = images, foreground, recipe
        self._side, self._seed, self._ignore_value = side, seed, ignore_value

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, draw: Draw) -> Crop:
        """Make the crop of one draw: the same every time, in whichever process."""
        rng = random_stream(self._seed, CROP_STREAM, draw.number)
        sample, recipe, settings = self._images.read(draw.image), self._recipe, self._recipe.augmentation
        if isinstance(settings, ResizedCropAugmentation):
            image, labels = cut_resized(sample, recipe, settings, self._side, self._ignore_value, rng)
            return Crop(image.numpy(), labels.numpy(), None)
        return cut_window(draw.image, sample, self._foreground, recipe, settings, self._side, rng)
