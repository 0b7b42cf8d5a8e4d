"""What a user wants of an image or volume, beside and instead of the label map of the whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from ..contracts.errors import UsageError
from ..files.printable import brief

if TYPE_CHECKING:
    from ..contracts.cards import DecoderCard
    from ..experiments.methods import Method

Format: TypeAlias = Literal["png", "tiff", "ome-zarr", "hdf5"]
Kind: TypeAlias = Literal["labels", "probabilities", "uncertainty", "instances"]

SUFFIXES: Final[dict[Format, str]] = {"png": ".png", "tiff": ".tif", "ome-zarr": ".zarr", "hdf5": ".h5"}
_RANGE: Final = re.compile(r"(\d{0,12}):(\d{0,12})")
ROI_FORM: Final = "z0:z1,y0:y1,x0:x1 (of images y0:y1,x0:x1), as in 10:60,0:512,256:768"


@dataclass(frozen=True, slots=True)
class Box:
    """A part of an image (y, x) or volume (z, y, x)."""

    start: tuple[int, ...]
    sides: tuple[int, ...]

    @property
    def slices(self) -> tuple[slice, ...]:
        """As what cuts it out of an array."""
        return tuple(slice(a, a + n) for a, n in zip(self.start, self.sides, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be made."""

    format: Format | None = None
    """Of all files; None: PNG for the label maps of images, TIFF for all else."""
    probabilities: Literal["uint8", "float16"] | None = None
    uncertainty: Literal["entropy", "disagreement"] | None = None
    decoder: Method[DecoderCard] | None = None
    """What finds objects; None: they are not wanted."""
    overlays: bool = False
    roi: tuple[tuple[int | None, int | None], ...] = ()
    """By axis; empty: the whole."""

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What each image gives a file of, the label map first."""
        wanted: dict[Kind, bool] = {
            "labels": True,
            "probabilities": self.probabilities is not None,
            "uncertainty": self.uncertainty is not None,
            "instances": self.decoder is not None,
        }
        return tuple(kind for kind, asked in wanted.items() if asked)

    @property
    def decodes_probabilities(self) -> bool:
        """Whether the decoder is given probabilities."""
        return self.decoder is not None and "probabilities" in self.decoder.offer.card.needs

    def format_of(self, kind: Kind, *, volume: bool) -> Format:
        """Say in which format something is written."""
        return self.format or ("tiff" if volume or kind != "labels" else "png")

    def box(self, source: str, sides: Sequence[int]) -> Box:
        """Give the part of an image or volume that is segmented.

        Raises:
            UsageError: There is none such.
        """
        if not self.roi:
            return Box((0,) * len(sides), tuple(sides))
        if len(self.roi) != len(sides):
            raise UsageError(f"--roi has {len(self.roi)} ranges, and {source} has {len(sides)} axes.")
        ends = [(a or 0, n if b is None else b) for (a, b), n in zip(self.roi, sides, strict=True)]
        if any(a >= b or b > n for (a, b), n in zip(ends, sides, strict=True)):
            got = ",".join(f"{a}:{b}" for a, b in ends)
            whole = ",".join(f"0:{n}" for n in sides)
            raise UsageError(
                f"--roi {got} is not within {source}, which is {whole}; the second is not in it."
            )
        return Box(tuple(a for a, _ in ends), tuple(b - a for a, b in ends))


def read_roi(text: str | None) -> tuple[tuple[int | None, int | None], ...]:
    """Read ``--roi``; an end that is left out is that of the whole.

    Raises:
        UsageError: It has another form.
    """
    if text is None:
        return ()
    found = [_RANGE.fullmatch(part.strip()) for part in text.split(",")]
    if len(found) not in (2, 3) or not all(found):
        raise UsageError(f"got --roi {brief(text)}, expected {ROI_FORM}.")
    return tuple((_end(one[1]), _end(one[2])) for one in found if one)


def _end(digits: str) -> int | None:
    return int(digits) if digits else None


def check_asked(asked: Asked, *, members: int, axes: str, volumes: bool) -> None:
    """Refuse what cannot be made.

    Args:
        asked: What is wanted.
        members: Networks that segment together.
        axes: Along which volumes are cut.
        volumes: Whether there are any.

    Raises:
        UsageError: It is something such.
    """
    if asked.uncertainty == "disagreement" and members == 1:
        raise UsageError("--uncertainty disagreement compares seeds; name several with --seeds all.")
    if asked.uncertainty == "disagreement" and volumes and axes == "orthoplane":
        raise UsageError(
            "--uncertainty disagreement is for images and volumes cut along z; say --axes stack, or entropy."
        )
    if asked.probabilities == "float16" and asked.format in (None, "tiff", "png"):
        raise UsageError(
            "--probabilities float16 is for --format ome-zarr or hdf5: Fiji opens no TIFF of 16-bit floats. "
            "Say --probabilities uint8, or one of these."
        )
    if asked.format == "png" and (volumes or len(asked.kinds) > 1):
        raise UsageError("--format png is for label maps of images alone; choose tiff, ome-zarr or hdf5.")
