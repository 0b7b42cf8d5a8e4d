"""Perceptual hashes: images that look alike get hashes that differ in few bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np

HASH_SIDE: Final = 16
THUMBNAIL: Final = 128
"""Side of what the hash is made from, px."""
NOTHING_TO_SEE: Final = "0" * (HASH_SIDE**2 // 4)
"""The look of an image that has one value everywhere; it says nothing about two such images."""


def look(image: np.ndarray[Any, Any]) -> str:
    """Hash what an image looks like: 256 bits of the low frequencies of a thumbnail (pHash).

    The thumbnail has a fixed mean and spread, so that a change of brightness, contrast or bit depth, or
    a narrow range of greys, changes next to nothing.

    Args:
        image: (H, W) uint8, uint16 or float.

    Returns:
        64 hexadecimal digits; `NOTHING_TO_SEE` for an image of one value.
    """
    import imagehash
    import numpy as np
    from PIL import Image

    pixels = np.asarray(image, np.float32) if image.dtype != np.uint8 else np.asarray(image)
    small = Image.fromarray(np.ascontiguousarray(pixels)).convert("F")
    values = np.asarray(small.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX))
    spread = float(values.std())
    if spread == 0:
        return NOTHING_TO_SEE
    grey = np.clip(128 + 48 * (values - values.mean()) / spread, 0, 255).astype(np.uint8)
    return str(imagehash.phash(Image.fromarray(grey), hash_size=HASH_SIDE))


_ODD_COLUMNS: Final = int("5" * (HASH_SIDE**2 // 4), 16)
_ODD_ROWS: Final = int(("0" * (HASH_SIDE // 4) + "f" * (HASH_SIDE // 4)) * (HASH_SIDE // 2), 16)


def as_turned(look: int) -> list[int]:
    """Return about what an image's seven mirrored and turned copies look like.

    A mirror image changes the sign of every other frequency, which a bit is; transposing exchanges the axes.
    """
    bits = f"{look:0{HASH_SIDE**2}b}"
    rows = (bits[start : start + HASH_SIDE] for start in range(0, len(bits), HASH_SIDE))
    transposed = int("".join("".join(column) for column in zip(*rows, strict=True)), 2)
    mirrors = (0, _ODD_COLUMNS, _ODD_ROWS, _ODD_COLUMNS ^ _ODD_ROWS)
    return [axes ^ mirror for axes in (look, transposed) for mirror in mirrors][1:]


def bits_apart(a: str, b: str) -> int:
    """Count the bits in which two looks differ, 0 to 256."""
    return (int(a, 16) ^ int(b, 16)).bit_count()
