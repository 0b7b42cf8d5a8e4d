"""Which label maps are to be made, and which are there already."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from glob import escape
from pathlib import Path
from typing import Any

from ..contracts.cards import DecoderCard
from ..contracts.data import GreyRange
from ..contracts.errors import UsageError
from ..experiments.methods import Method
from ..files.hashing import sha256_of, sha256_of_file
from ..images.volumes.opening import split_location
from .asked import SUFFIXES, Asked, Box, Kind
from .decoding import check_decodable, decoder_identity, decoder_words
from .greys import Seen
from .inference_settings import InferenceSettings
from .pairs import some
from .volume_files import file_of, open_volume
from .writing.about import About
from .writing.files import made_from
from .writing.imagej import BIG


@dataclass(frozen=True, slots=True)
class Output:
    """What an image or volume is to give."""

    source: Path
    folder: Path
    name: str
    """Of its files, without suffix."""
    box: Box
    """What of it is segmented."""
    grey: GreyRange
    """Which values become 0 and 1."""
    voxel_size_nm: tuple[float, ...] | None
    """(y, x) or (z, y, x); None: not known."""
    about: Mapping[Kind, About]
    """What each file says of itself; `made_from` names all that decides its content."""
    targets: Mapping[Kind, Path]
    """Each file, the label map first."""

    @property
    def volume(self) -> bool:
        """Whether it is a volume's."""
        return len(self.box.sides) == 3

    @property
    def is_pictured(self) -> bool:
        """Whether there are pictures of it."""
        pattern = f"{escape(self.name)}{'-z*' if self.volume else ''}.png"
        return next(self.overlays.glob(pattern), None) is not None

    @property
    def overlays(self) -> Path:
        """Where pictures of it go."""
        return self.folder / "overlays"

    @property
    def work(self) -> Path:
        """Folder of what is known while it is segmented."""
        return self.folder / f".{self.name}.part"


def plan_outputs(
    images: Mapping[str, Seen], folder: Path, setting: InferenceSettings, asked: Asked, *, overwrite: bool
) -> tuple[list[Output], int]:
    """Return what to make, and how many images have all that is asked for.

    Raises:
        DataError: An image cannot be read any more.
        UsageError: A file would replace one that was made otherwise, or the decoder cannot take an image.
    """
    identity = setting.identity()
    outputs = [_output(image, folder, name, setting, asked, identity) for name, image in images.items()]
    if overwrite:
        return outputs, 0
    there = {
        output.name: [kind for kind, path in output.targets.items() if path.exists()] for output in outputs
    }
    other = [
        output.targets[kind].relative_to(folder).as_posix()
        for output in outputs
        for kind in there[output.name]
        if made_from(output.targets[kind], kind) != output.about[kind].made_from
    ]
    if other:
        raise UsageError(
            f"{folder} holds label maps that were made otherwise (from other weights, images or settings): "
            f"{some(other)}. Choose another --out, or replace them with --overwrite."
        )
    todo = [
        output
        for output in outputs
        if len(there[output.name]) < len(output.targets) or (asked.overlays and not output.is_pictured)
    ]
    return todo, len(outputs) - len(todo)


def _output(
    image: Seen,
    folder: Path,
    name: str,
    setting: InferenceSettings,
    asked: Asked,
    identity: Mapping[str, Any],
) -> Output:
    volume, grey, decoder = len(image.sides) == 3, setting.greys[image.kind], asked.decoder
    box = asked.box(str(image.source), image.sides)
    if decoder is not None:
        check_decodable(decoder, image, box.sides, setting.classes)
    if (
        asked.probabilities
        and asked.format in (None, "tiff")
        and math.prod(box.sides) * len(setting.classes) >= BIG
    ):
        raise UsageError(
            f"the probabilities of {image.source} are too many for a TIFF; say --format ome-zarr or hdf5."
        )
    making = {
        **identity,
        "axes": setting.axes if volume else None,
        "grey": asdict(grey),
        "image": _content(image.source),
        "box": asdict(box) if asked.roi else None,
    }
    made = {
        "labels": sha256_of(making),
        "probabilities": sha256_of([making, "probabilities", asked.probabilities]),
        "uncertainty": sha256_of([making, "uncertainty", asked.uncertainty]),
        "instances": sha256_of([making, "instances", None if decoder is None else decoder_identity(decoder)]),
    }
    origin = _origin(image, box)
    part = f"from {','.join(map(str, box.start))} of the source on" if asked.roi else ""
    about = {
        kind: About(
            kind=kind,
            made_from=made[kind],
            words="; ".join(filter(None, [_words(kind, decoder), setting.words, part, setting.origin])),
            classes=setting.classes,
            image=not volume,
            voxel_size_nm=image.voxel_size_nm,
            start=box.start,
            origin_nm=origin,
        )
        for kind in asked.kinds
    }
    targets: dict[Kind, Path] = {
        kind: _target(folder, name, kind, asked, volume=volume) for kind in asked.kinds
    }
    return Output(image.source, folder, name, box, grey, image.voxel_size_nm, about, targets)


_WORDS: dict[Kind, str] = {
    "labels": "labels",
    "probabilities": "probabilities by class, 255 is 1 where they are whole numbers",
    "uncertainty": "uncertainty, 255 is the most that there can be",
    "instances": "numbers of objects",
}


def _words(kind: Kind, decoder: Method[DecoderCard] | None) -> str:
    """Say what a file holds, and of objects what found them."""
    return f"{_WORDS[kind]} ({decoder_words(decoder)})" if kind == "instances" and decoder else _WORDS[kind]


def _target(folder: Path, name: str, kind: Kind, asked: Asked, *, volume: bool) -> Path:
    place = folder if kind == "labels" else folder / kind
    return place / f"{name}{SUFFIXES[asked.format_of(kind, volume=volume)]}"


def _origin(image: Seen, box: Box) -> tuple[float, ...] | None:
    """Return where the part's first voxel lies, (z, y, x), nm; None: the file does not say where it lies."""
    if len(image.sides) < 3:
        return None
    grid = open_volume(image.source).grid
    if grid is None or not grid.in_nm or image.voxel_size_nm is None:
        return None
    x, y, z = grid.at(box.start)
    return (float(z), float(y), float(x)) if any((x, y, z)) else None


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
        for suffix in SUFFIXES.values():
            target = folder / f"{name}{suffix}"
            if target.resolve() in sources:
                raise UsageError(f"the label map {target} would replace an image; choose another --out.")
