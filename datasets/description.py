"""``dataset.yaml``: what the owner of a folder or of volumes says about them; every key may be left out.

classes: [background, mitochondria]          # by label value: 0, 1, ...
classes: {0: background, 255: mitochondria}  # or by the masks' own values; values may share a name
background: -1                               # the value that is no class and no object; else 0
instances: boundary                          # values are numbers of objects: boundary or binary
ignore_value: 7                              # pixels with this value are neither trained on nor scored
boundaries: [membrane]                       # classes that are no objects: metrics of objects leave them out
voxel_size_nm: [8, 8]                        # (y, x) or (z, y, x); one number: the same for all
groups: '^(mouse[0-9]+)_'                    # subjects: the part of a name that the one group matches
groups: {mouse1: [a*, b*], mouse2: [c*]}     # or names and patterns of each
splits: {train: [mouse1_*], val: [mouse2_*], test: [mouse3_*]}

volume: true                                 # of folder: alone: the images are slices; names that are
# equal but for their last number belong to one volume

intensity: [-2000, 4000]                     # values that become 0 and 1; left out: the range that is used
volumes:                                     # of volume: alone, like all that follows
- {image: a.tif, labels: a_labels.tif, split: train, group: mouse1}
- {image: b.h5:/raw, labels: b.h5:/labels, split: test}
axes: xyz                                    # of stored arrays, where files do not say or are wrong
positions: ignore                            # labels belong to the image voxel by voxel, whatever files say
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

from annotated_types import Ge, Gt, Le, Len

from ..benchmark.contracts.basics import STRICT
from ..benchmark.contracts.data import Split
from ..benchmark.contracts.errors import DataError
from ..benchmark.files.texts import read_yaml
from ..benchmark.images.label_bounds import LEAST_VALUE, MOST_VALUE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic_core import ErrorDetails

FILE_NAME: Final = "dataset.yaml"

Name: TypeAlias = Annotated[str, Len(1)]
Value: TypeAlias = Annotated[int, Ge(LEAST_VALUE), Le(MOST_VALUE)]
VoxelSize: TypeAlias = Annotated[tuple[Annotated[float, Gt(0)], ...], Len(1, 3)]
Instances: TypeAlias = Literal["none", "binary", "boundary"]
CLASS_NAMES: Final = {
    "binary": ("background", "object"),
    "boundary": ("background", "object", "boundary"),
}
"""What is made of numbers of objects, by label."""

OF_VOLUMES: Final = ("volumes", "axes", "positions")
"""Keys that a folder of images and masks has no use for."""
OF_FOLDERS: Final = ("volume",)


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeEntry:
    """A volume of ``volumes``."""

    __pydantic_config__ = STRICT

    image: Name
    """Path below the folder of dataset.yaml, with ``:/NAME`` of a part of an HDF5 or zarr file."""
    labels: Name
    """Likewise."""
    name: Name | None = None
    """None: the image's file name without its suffix."""
    split: Split | None = None
    """None: emseg-bench divides."""
    group: Name | None = None
    """Subject; None: the volume stands for itself."""
    voxel_size_nm: VoxelSize | None = None
    axes: Name | None = None
    labels_axes: Name | None = None
    """None: as `axes` says, or else as the file says."""
    level: Annotated[int, Ge(0)] | None = None
    """Of an OME-Zarr image, 0 the finest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The content of ``dataset.yaml``."""

    __pydantic_config__ = STRICT

    classes: dict[Value, Name] | None = None
    """Class names by the values in the masks."""
    ignore_value: Value | None = None
    background: Value | None = None
    """None: the class of that name, or 0."""
    voxel_size_nm: VoxelSize | None = None
    volume: bool | None = None
    """None: the owner does not say."""
    groups: Name | dict[Name, tuple[Name, ...]] | None = None
    """A regular expression with one group, or patterns of names by subject."""
    boundaries: tuple[Name, ...] | None = None
    """Classes that are no objects but lie between objects."""
    splits: dict[Split, tuple[Name, ...]] | None = None
    """Patterns of names by split."""
    volumes: Annotated[tuple[VolumeEntry, ...], Len(1)] | None = None
    axes: Name | None = None
    intensity: tuple[float, float] | None = None
    """Values that become 0 and 1."""
    positions: Literal["compare", "ignore"] | None = None
    """Whether labels are brought onto their image by where files say that they lie; None: they are."""
    instances: Instances | None = None


def is_described(root: Path) -> bool:
    """Tell whether a folder has a ``dataset.yaml``, be it a link that leads nowhere.

    Raises:
        DataError: It has a ``dataset.yml`` or ``Dataset.yaml``, which would go unread.
    """
    names = [path.name for path in root.iterdir()] if root.is_dir() else []
    for name in sorted(names):
        if name != FILE_NAME and name.casefold() in (FILE_NAME, "dataset.yml"):
            raise DataError(f"{root / name} is not read; rename it to {FILE_NAME}.")
    return FILE_NAME in names


def read_description(path: Path) -> Description:
    """Read and check a ``dataset.yaml``.

    Raises:
        DataError: It is no YAML, has an unknown key or a value that makes no sense.
    """
    from pydantic import TypeAdapter, ValidationError

    content = read_yaml(path)
    if not isinstance(content, dict | None):
        raise DataError(f"{path} must be a mapping of keys to values; {_example()}")
    try:
        description = TypeAdapter(Description).validate_python(_spell_out(content or {}))
    except ValidationError as error:
        raise DataError(f"{path}: " + "; ".join(_explain(error.errors()))) from error
    _check_ignored(path, description)
    _check_intensity(path, description)
    return description


def refuse_keys(path: Path, description: Description, keys: Iterable[str], kind: str) -> None:
    """Refuse keys that would do nothing.

    Args:
        path: The ``dataset.yaml``.
        description: Its content.
        keys: Which.
        kind: What they are for instead.

    Raises:
        DataError: One of them is there.
    """
    idle = [key for key in keys if getattr(description, key) is not None]
    if idle:
        raise DataError(f"{path}: {', '.join(idle)} would do nothing here; it is for {kind}. Take it out.")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``dataset.yaml``, its short forms included."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(Description).json_schema()
    positive = {"type": "number", "exclusiveMinimum": 0}
    names = {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 2}
    for keys in (schema["properties"], schema["$defs"]["VolumeEntry"]["properties"]):
        keys["voxel_size_nm"]["anyOf"].insert(0, positive)
    schema["properties"]["classes"]["anyOf"].insert(0, names)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": FILE_NAME}


def _spell_out(content: Mapping[Any, Any]) -> dict[Any, Any]:
    """Turn the short forms into the long ones: a list of classes, a single voxel length."""
    long = _spell_out_length(content)
    if isinstance(classes := content.get("classes"), list):
        long["classes"] = dict(enumerate(classes))
    if isinstance(volumes := content.get("volumes"), list):
        long["volumes"] = [
            _spell_out_length(entry) if isinstance(entry, dict) else entry for entry in volumes
        ]
    return long


def _spell_out_length(content: Mapping[Any, Any]) -> dict[Any, Any]:
    length = content.get("voxel_size_nm")
    return {**content, "voxel_size_nm": (length,)} if isinstance(length, int | float) else dict(content)


def _explain(errors: list[ErrorDetails]) -> Iterator[str]:
    """Put pydantic's findings into words that name the key."""
    for error in errors:
        place = [str(part) for part in error["loc"] if part != "[key]" and not _is_member(part)]
        key = ".".join(place)
        if error["type"] in ("extra_forbidden", "unexpected_keyword_argument", "invalid_key"):
            yield _unknown(key, place)
        elif error["type"].startswith("missing"):
            yield f"{key}: this key is missing"
        else:
            yield f"{key}: {error['msg']}, got {error['input']!r}"


def _unknown(key: str, place: list[str]) -> str:
    from difflib import get_close_matches

    keys = [field.name for field in fields(VolumeEntry if len(place) > 1 else Description)]
    near = get_close_matches(place[-1], keys, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"unknown key {key!r}; {hint}Known: {', '.join(keys)}"


def _is_member(part: int | str) -> bool:
    """Tell one of several possible types, which pydantic names, from a key."""
    return isinstance(part, str) and (part.startswith(("dict[", "constrained-")) or part == "str")


def _check_ignored(path: Path, description: Description) -> None:
    """Refuse an ignored value that is also a class."""
    ignored = description.ignore_value
    if ignored is not None and ignored == description.background:
        raise DataError(f"{path}: the value {ignored} is background and ignore_value at once.")
    name = None if ignored is None else (description.classes or {}).get(ignored)
    if name is not None:
        raise DataError(
            f"{path}: the value {description.ignore_value} is the class {name!r} and ignore_value at once; "
            "take it out of one of them."
        )


def boundary_labels(description: Description, class_names: tuple[str, ...], where: Path) -> tuple[int, ...]:
    """Return the labels of classes that lie between objects: as the owner says, or as they were made.

    Raises:
        DataError: There is no such class.
    """
    if description.boundaries is None and description.instances == "boundary":
        return (CLASS_NAMES["boundary"].index("boundary"),)
    names = description.boundaries or ()
    if strange := [name for name in names if name not in class_names[1:]]:
        raise DataError(
            f"{where / FILE_NAME}: boundaries names {strange[0]!r}, expected some of the classes "
            f"{', '.join(class_names[1:])}."
        )
    return tuple(class_names.index(name) for name in dict.fromkeys(names))


def _check_intensity(path: Path, description: Description) -> None:
    """Refuse a range of greys that is none."""
    low, high = description.intensity or (0.0, 1.0)
    if not -inf < low < high < inf:
        raise DataError(f"{path}: got the range {low:g} to {high:g} as intensity, expected LOW < HIGH.")


def _example() -> str:
    """Return what a short file looks like."""
    return "for example: classes: [background, mitochondria]"
