"""Which label maps are to be made, and which are there already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..contracts.data import GreyRange
from ..contracts.errors import UsageError
from ..files.hashing import sha256_of, sha256_of_file
from ..images.volumes.opening import split_location
from .greys import Seen
from .inference_settings import InferenceSettings
from .label_maps import Told, made_from
from .pairs import some
from .volume_files import file_of


@dataclass(frozen=True, slots=True)
class Output:
    """A label map to be made."""

    source: Path
    target: Path
    sides: tuple[int, ...]
    """(H, W), or (Z, Y, X) of a volume, px."""
    grey: GreyRange
    """Which values become 0 and 1."""
    told: Told
    """What the label map says of itself; `made_from` names all that decides its content."""

    @property
    def volume(self) -> bool:
        """Whether it is a volume's."""
        return len(self.sides) == 3


def plan_outputs(
    images: Mapping[str, Seen], folder: Path, setting: InferenceSettings, *, overwrite: bool
) -> tuple[list[Output], int]:
    """Return the label maps to make, and how many are there already.

    Raises:
        DataError: An image cannot be read any more.
        UsageError: A label map would replace an image, or one that was made otherwise.
    """
    identity = setting.identity()
    outputs = [_output(image, folder / name, setting, identity) for name, image in images.items()]
    if overwrite:
        return outputs, 0
    there = [output for output in outputs if output.target.exists()]
    other = [output.target.name for output in there if made_from(output.target) != output.told.made_from]
    if other:
        raise UsageError(
            f"{folder} holds label maps that were made otherwise (from other weights, images or settings): "
            f"{some(other)}. Choose another --out, or replace them with --overwrite."
        )
    return [output for output in outputs if output not in there], len(there)


def _output(image: Seen, target: Path, setting: InferenceSettings, identity: Mapping[str, Any]) -> Output:
    volume, grey = len(image.sides) == 3, setting.greys[image.kind]
    making = {
        **identity,
        "axes": setting.axes if volume else None,
        "grey": asdict(grey),
        "image": _content(image.source),
    }
    told = Told(made_from=sha256_of(making), words=setting.words, voxel_size_nm=image.voxel_size_nm)
    name = f"{target.name}{'.tif' if volume else '.png'}"
    return Output(source=image.source, target=target.with_name(name), sides=image.sides, grey=grey, told=told)


def _content(source: Path) -> Any:
    """Hash a file, or all files of a zarr folder, and name what is meant within."""
    file, inside = split_location(str(source))
    if not file.is_dir():
        return [sha256_of_file(file), inside] if inside else sha256_of_file(file)
    files = sorted(path for path in file.rglob("*") if path.is_file())
    return [*([path.relative_to(file).as_posix(), sha256_of_file(path)] for path in files), inside]


def check_places(images: Mapping[str, Path], folder: Path) -> None:
    """Refuse label maps that take the place of an image, or lie within one that is a folder.

    Raises:
        UsageError: They would.
    """
    sources = {file_of(source).resolve() for source in images.values()}
    for source in sources & {folder.resolve(), *folder.resolve().parents}:
        raise UsageError(f"the label maps would lie in {source}, which is segmented; choose another --out.")
    for name in images:
        for suffix in (".png", ".tif"):
            target = folder / f"{name}{suffix}"
            if target.resolve() in sources:
                raise UsageError(f"the label map {target} would replace an image; choose another --out.")
