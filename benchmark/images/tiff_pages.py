"""What a page of a TIFF means: one rule for images, masks and stacks, however they are compressed.

Values are those that are *shown*, 0 being black: a page in which 0 is white is turned over, a palette is
looked up, and rows and columns stand as the orientation says.  In masks and labels a palette's index is the
label, and so is a value in which 0 is white, once it is turned over.  ImageJ alone writes "0 is white" for a
mere look (its inverting lookup table draws foreground of value 255 black): its labels stay as stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import tifffile

from ..contracts.errors import DataError
from ..files.decoding import decoding
from ..files.tiff_guard import check_page, check_single
from .orientation import TAG, Turn, turn_of

Array: TypeAlias = np.ndarray[Any, Any]
Page: TypeAlias = tifffile.TiffPage | tifffile.TiffFrame
Kind: TypeAlias = Literal["grey", "white", "palette", "colour"]
Alpha: TypeAlias = Literal["none", "multiplied", "plain"]

_KINDS: Final[dict[str, Kind]] = {
    "MINISBLACK": "grey", "MINISWHITE": "white", "PALETTE": "palette", "RGB": "colour", "YCBCR": "colour",
}  # fmt: skip
_JPEG: Final = (6, 7)
"""Compressions whose decoder makes RGB of YCbCr."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """How stored values become those that are meant."""

    kind: Kind
    bits: int
    """Of a stored sample."""
    spread: bool
    """Whether fewer than 8 bits are spread over 0 to 255, as in PNG."""
    turn: Turn
    alpha: Alpha
    """What the sample behind the colours is; multiplied: the colours were multiplied with it."""
    others: int
    """Samples behind the colours of which the file does not say what they are."""
    colours: Array | None
    """Of a palette that is looked up: (N,) grey values, or (N, 3)."""

    @property
    def change(self) -> Callable[[Array], Array] | None:
        """What is done to values one by one; None: nothing."""
        if self.colours is not None:
            return partial(_look_up, self.colours)
        if self.kind == "white":
            return self._turn_over
        return self._spread if self.spread and self.bits < 8 else None

    def dtype(self, stored: np.dtype[Any]) -> np.dtype[Any]:
        """Return the type of the values that are meant."""
        if self.change is None:
            return stored
        return np.asarray(self.change(np.zeros(1, stored))).dtype

    def _turn_over(self, stored: Array) -> Array:
        """Make 0 black; of signed numbers the largest becomes the smallest."""
        if stored.dtype.kind == "b" or stored.dtype.kind == "i":
            return self._spread(~stored)
        return self._spread(stored.dtype.type(2**self.bits - 1) - stored)

    def _spread(self, values: Array) -> Array:
        if not self.spread or self.bits >= 8:
            return values
        top = 2**self.bits - 1
        spread: Array = (values.astype(np.uint16) * 255 + top // 2) // top
        return spread.astype(np.uint8)


def _look_up(colours: Array, stored: Array) -> Array:
    return np.asarray(colours[stored.astype(np.intp)])


def meaning_of(page: tifffile.TiffPage, path: str, *, as_labels: bool) -> Meaning:
    """Return what the tags of a page say.

    Args:
        page: With all its tags.
        path: For messages.
        as_labels: Whether values are labels, and not grey or colour.

    Raises:
        DataError: That is nothing that grey, colour or labels could be made of.
    """
    check_single(page, path)
    name = getattr(page.photometric, "name", str(page.photometric))
    kind = _KINDS.get(name)
    if kind is None or (name == "YCBCR" and page.compression not in _JPEG):
        raise DataError(
            f"{path} is a {name} TIFF; expected grey, palette or RGB (or YCbCr in JPEG). Save it as one of "
            "them."
        )
    if kind == "white" and page.dtype is not None and page.dtype.kind == "f":
        raise DataError(f"{path} is a TIFF of floats in which 0 is white; save it with 0 as black.")
    if as_labels and kind == "white" and page.is_imagej:
        kind = "grey"
    alpha, others = _extra_samples(page, kind)
    return Meaning(
        kind=kind,
        bits=page.bitspersample,
        spread=not as_labels and kind in ("grey", "white"),
        turn=turn_of(page.tags.valueof(TAG), path),
        alpha=alpha,
        others=others,
        colours=_palette(page, path) if kind == "palette" and not as_labels else None,
    )


def decode_page(page: tifffile.TiffPage, path: str, *, as_labels: bool) -> tuple[Array, Array | None]:
    """Decode a page as it is meant: upright, 0 is black.

    Returns:
        (H, W) or (H, W, 3) values, and the (H, W) alpha channel if there is one.

    Raises:
        DataError: It is damaged, too large for one piece, or of a kind that is not read.
    """
    meaning = meaning_of(page, path, as_labels=as_labels)
    stored = decode_stored(page, path)
    if page.axes not in ("YX", "YXS", "SYX"):
        raise DataError(f"{path} has the axes {page.axes}; expected one image. Save every slice as a file.")
    samples = np.moveaxis(stored, 0, -1) if page.axes == "SYX" else stored
    return apply_meaning(samples, meaning, path)


def apply_meaning(samples: Array, meaning: Meaning, path: str) -> tuple[Array, Array | None]:
    """Turn stored samples, (H, W) or (H, W, S), into values and alpha, as `decode_page` gives them.

    Raises:
        DataError: There are samples of which nobody knows what they are.
    """
    layers = samples if samples.ndim == 3 else samples[..., None]
    number = layers.shape[-1] - meaning.others - (meaning.alpha != "none")
    _refuse_unknown(layers[..., layers.shape[-1] - meaning.others :], layers.shape[-1], path)
    alpha = None if meaning.alpha == "none" else layers[..., number]
    colours = layers[..., 0] if number == 1 else layers[..., :number]
    if meaning.change is not None:
        colours = meaning.change(colours)
    if alpha is not None and meaning.alpha == "multiplied":
        colours = _divided(colours, alpha)
    return meaning.turn.apply(colours), None if alpha is None else meaning.turn.apply(alpha)


def decode_stored(page: Page, path: str) -> Array:
    """Decode a page's stored values, whatever its compression.

    Raises:
        DataError: It is damaged, too large for one piece, or there is no decoder; names the compression.
    """
    if page.dtype is None:
        raise DataError(f"{path} holds values of an unknown kind; save it again as whole numbers or floats.")
    check_page(page, path)
    compression = str(getattr(page.compression, "name", page.compression))
    if compression == "NONE":
        with decoding(path, "tifffile"):
            return np.asarray(page.asarray())
    try:
        return np.asarray(page.asarray())
    except Exception as error:  # each codec has errors of its own
        said = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            f"{path} cannot be read: its {compression} compression cannot be undone ({said[:200]}). It is "
            "damaged, or of a variant that is not read; save it uncompressed, or with deflate, LZW or ZSTD."
        ) from error


def _extra_samples(page: tifffile.TiffPage, kind: Kind) -> tuple[Alpha, int]:
    """Return what stands behind the colours; a single sample without a word is alpha, as programs mean it."""
    behind = page.samplesperpixel - (3 if kind == "colour" else 1)
    said = tuple(int(sample) for sample in page.extrasamples)
    if behind <= 0:
        return "none", 0
    first = said[0] if said else 2
    if first in (1, 2):
        return ("multiplied" if first == 1 else "plain"), behind - 1
    return "none", behind


def _refuse_unknown(others: Array, channels: int, path: str) -> None:
    """Refuse samples that say something, but not what; a single one of one value says nothing."""
    if others.shape[-1] > 1 or (others.size and np.any(others != others[0, 0])):
        raise DataError(
            f"{path} has {channels} channels; expected grey or RGB, with or without alpha. Save the one that "
            "is meant."
        )


def _divided(colours: Array, alpha: Array) -> Array:
    """Undo the multiplication of colours with alpha."""
    top = np.iinfo(alpha.dtype).max
    shares = np.maximum(alpha, 1).astype(np.float64) / top
    plain = colours / (shares if colours.ndim == 2 else shares[..., None])
    return np.minimum(np.round(plain), top).astype(colours.dtype)


def _palette(page: tifffile.TiffPage, path: str) -> Array:
    """Return a palette's colours, in 8 bits for indices of 8 bits; (N,) where all are grey."""
    stored = page.colormap
    if stored is None or stored.ndim != 2 or len(stored) != 3 or stored.shape[1] < 2**page.bitspersample:
        raise DataError(f"{path} is a palette TIFF without its palette; save it as grey or RGB.")
    colours = stored.T
    if page.bitspersample <= 8 and colours.max() > 255:  # some programs write 8 bits into the 16
        colours = colours >> 8
    colours = colours.astype(np.uint8 if page.bitspersample <= 8 else np.uint16)
    grey = np.all(colours == colours[:, :1])
    return np.ascontiguousarray(colours[:, 0] if grey else colours)
