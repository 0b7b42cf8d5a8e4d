"""What a command writes takes the place of nothing that it reads."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ..contracts.errors import UsageError
from .regular import shown

_IMAGES: Final = frozenset({".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp"})


def check_output_file(out: Path, option: str, inputs: Iterable[Path], suffixes: tuple[str, ...]) -> None:
    """Refuse an output that is an input, or could be taken for one beside which it lies.

    Args:
        out: The file to be written.
        option: That named it.
        inputs: Files and folders that the command reads.
        suffixes: What such an output ends in; within a folder of inputs it must.

    Raises:
        UsageError: It would take an input's place, or its name is that of one.
    """
    place = out.resolve()
    for source in inputs:
        whole = source.resolve()
        how = "is" if place == whole else "lies in"
        if place == whole or (place.is_relative_to(whole) and place.suffix.lower() not in suffixes):
            raise UsageError(
                f"{option} {shown(out)} {how} {shown(source)}, which is read; nothing was written. Choose "
                f"another {option}, such as {shown(out.stem)}{suffixes[0]}."
            )


def check_output_folder(out: Path, option: str, inputs: Iterable[Path], *, deep: bool = False) -> None:
    """Refuse a folder for outputs that is a file, or that lies where images are read.

    Args:
        out: The folder to be made or filled.
        option: That named it.
        inputs: Files and folders that the command reads.
        deep: Whether it reads images at any depth of them.

    Raises:
        UsageError: It is one, or the outputs would lie among the inputs.
    """
    place = out.resolve()
    if place.exists() and not place.is_dir():
        raise UsageError(f"{option} {shown(out)} is a file, expected a folder. Choose another {option}.")
    for source in inputs:
        whole = source.resolve()
        above = [folder for folder in (place, *place.parents) if folder.is_relative_to(whole)]
        if above and (deep or place == whole or any(map(_holds_images, above[:-1]))):
            raise UsageError(
                f"{option} {shown(out)} lies in {shown(source)}, among what is read, and results would be "
                f"taken for images. Choose another {option}."
            )


def _holds_images(folder: Path) -> bool:
    """Tell whether images lie directly in a folder."""
    return folder.is_dir() and any(path.suffix.lower() in _IMAGES for path in folder.iterdir())
