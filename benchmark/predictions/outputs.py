"""Which label maps are to be made, and which are there already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..hashing import sha256_of, sha256_of_file
from .images import open_pixels, read_image
from .label_maps import made_from
from .pairs import some
from .setting import Setting
from .volume_files import is_volume


@dataclass(frozen=True, slots=True)
class Output:
    """A label map to be made."""

    source: Path
    target: Path
    sides: tuple[int, ...]
    """(H, W), or (Z, Y, X) of a volume, px."""
    made_from: str
    """Names all that decides its content."""

    @property
    def volume(self) -> bool:
        """Whether it is a volume's."""
        return len(self.sides) == 3


def plan_outputs(
    images: Mapping[str, Path],
    folder: Path,
    setting: Setting,
    *,
    overwrite: bool,
    on_image: Callable[[], None],
) -> tuple[list[Output], int]:
    """Look at every image; return the label maps to make, and how many are there already.

    Raises:
        DataError: An image cannot be read or does not fit the network.
        UsageError: A label map would replace an image, or one that was made otherwise.
    """
    outputs, identity = [], setting.identity()
    for name, path in images.items():
        outputs.append(_output(path, folder / name, setting, identity))
        on_image()
    _check_places(outputs, set(images.values()))
    if overwrite:
        return outputs, 0
    there = [output for output in outputs if output.target.exists()]
    other = [output.target.name for output in there if made_from(output.target) != output.made_from]
    if other:
        raise UsageError(
            f"{folder} holds label maps that were made otherwise (from other weights, images or settings): "
            f"{some(other)}. Choose another --out, or replace them with --overwrite."
        )
    return [output for output in outputs if output not in there], len(there)


def _output(path: Path, target: Path, setting: Setting, identity: Mapping[str, Any]) -> Output:
    volume = is_volume(path)
    pixels = open_pixels(path, setting.channels) if volume else read_image(path, setting.channels)[0]
    making = {**identity, "axes": setting.axes if volume else None, "image": sha256_of_file(path)}
    return Output(
        source=path,
        target=target.with_name(f"{target.name}{'.tif' if volume else '.png'}"),
        sides=pixels.shape,
        made_from=sha256_of(making),
    )


def _check_places(outputs: Sequence[Output], images: set[Path]) -> None:
    sources = {image.resolve() for image in images}
    for output in outputs:
        if output.target.resolve() in sources:
            raise UsageError(f"the label map {output.target} would replace an image; choose another --out.")
