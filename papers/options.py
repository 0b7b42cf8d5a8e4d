"""The options of what papers published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from annotated_types import Ge, Gt, Le, Lt

from ..benchmark.contracts.basics import STRICT
from ..benchmark.contracts.errors import UsageError

SMALLEST_KERNEL: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ResizedCropOptions:
    """The random changes of CEM500K's and RETINA's published fine-tuning."""

    __pydantic_config__ = STRICT

    least_area: Annotated[float, Gt(0), Le(1)] = 0.08
    """Least share of the image that a crop shows."""
    largest_area: Annotated[float, Gt(0), Le(1)] = 1.0
    """Largest share of it."""
    least_aspect: Annotated[float, Ge(0.01), Le(100)] = 0.5
    """Least width / height of that part."""
    largest_aspect: Annotated[float, Ge(0.01), Le(100)] = 1.5
    """Largest width / height of it."""
    rotation: Annotated[float, Ge(0), Le(180)] = 180.0
    """Largest angle either way, degrees."""
    brightness: Annotated[float, Ge(0), Lt(1)] = 0.3
    """Largest change of brightness, as a share of the grey range."""
    contrast: Annotated[float, Ge(0), Lt(1)] = 0.3
    """Largest change of contrast, as a factor about 1."""
    least_noise: Annotated[float, Ge(0), Le(65_025)] = 0.0
    """Least variance of Gaussian noise on the 0-255 scale."""
    largest_noise: Annotated[float, Ge(0), Le(65_025)] = 0.0
    """Largest variance of it; 0: no noise."""
    blur_kernel: Annotated[int, Ge(0), Le(101)] = 0
    """Largest side of a Gaussian blur's kernel, px (3, 5, ... up to this); 0: no blur."""
    probability: Annotated[float, Ge(0), Le(1)] = 0.5
    """Of each of rotation, brightness with contrast, noise, blur and either flip."""

    def __post_init__(self) -> None:
        for what in ("area", "aspect", "noise"):
            least, largest = getattr(self, f"least_{what}"), getattr(self, f"largest_{what}")
            if least > largest:
                raise UsageError(
                    f"least_{what} of the augmentation: got {least:g}, expected no more than "
                    f"largest_{what}, {largest:g}."
                )
        if 0 < self.blur_kernel < SMALLEST_KERNEL:
            raise UsageError(
                f"blur_kernel of the augmentation: got {self.blur_kernel}, expected 0 for no blur, or at "
                f"least {SMALLEST_KERNEL} px."
            )
