"""PNG of an image's label map: every program shows its classes in colours, and reads label values."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ...files.regular import open_regular
from ...files.store import write_whole
from ...images.label_pictures import label_picture
from .about import MAKER, About, Stored

NM_PER_INCH: Final = 25.4e6


def write(path: Path, data: Stored, about: About) -> None:
    """Write the label map (1, Y, X) of an image whole."""
    buffer, info = io.BytesIO(), PngInfo()
    info.add_text(MAKER, about.made_from)
    info.add_itxt("Description", about.words)
    picture = label_picture(data[:][0], (value for value, _ in about.classes))
    if about.voxel_size_nm:
        y, x = about.voxel_size_nm
        picture.save(buffer, "PNG", pnginfo=info, dpi=(NM_PER_INCH / x, NM_PER_INCH / y))
    else:
        picture.save(buffer, "PNG", pnginfo=info)
    write_whole(path, buffer.getvalue())


def made_from(path: Path) -> str | None:
    """Return what a file says that it was made from; None: nothing."""
    with open_regular(path) as file, Image.open(file, formats=("PNG",)) as image:
        told: str | None = image.info.get(MAKER)
        return told
