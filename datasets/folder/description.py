"""``dataset.yaml``: what a folder's owner says about it.

    classes: [background, mitochondria]          # by label value: 0, 1, ...
    classes: {0: background, 255: mitochondria}  # or by the masks' own values; values may share a name
    ignore_value: 7                              # pixels with this value are neither trained on nor scored
    voxel_size_nm: [8, 8]                        # (y, x) or (z, y, x); one number: the same for y and x
    volume: true                                 # the images are slices: names that are equal but for
                                                 # their last number belong to one volume

Every key may be left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from annotated_types import Ge, Gt, Le, Len

from ...benchmark.contracts import STRICT
from ...benchmark.errors import DataError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

FILE_NAME: Final = "dataset.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The content of ``dataset.yaml``."""

    __pydantic_config__ = STRICT

    classes: dict[Annotated[int, Ge(0), Le(65535)], Annotated[str, Len(1)]] | None = None
    """Class names by the values in the masks."""
    ignore_value: Annotated[int, Ge(0), Le(65535)] | None = None
    voxel_size_nm: Annotated[tuple[Annotated[float, Gt(0)], ...], Len(2, 3)] | None = None
    volume: bool | None = None
    """None: the owner does not say."""


def is_described(root: Path) -> bool:
    """Tell whether a folder has a ``dataset.yaml``.

    Raises:
        DataError: It has a ``dataset.yml``, which would go unread.
    """
    other = root / "dataset.yml"
    if other.exists():
        raise DataError(f"{other} is not read; rename it to {FILE_NAME}.")
    return (root / FILE_NAME).exists()


def read_description(path: Path) -> Description:
    """Read and check a ``dataset.yaml``.

    Raises:
        DataError: It is no YAML, has an unknown key or a value that makes no sense.
    """
    import yaml
    from pydantic import TypeAdapter, ValidationError

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"{path} cannot be read as YAML: {error}") from error
    if not isinstance(content, dict | None):
        raise DataError(f"{path} must be a mapping of keys to values; {_example()}")
    try:
        description = TypeAdapter(Description).validate_python(_spell_out(content or {}))
    except ValidationError as error:
        raise DataError(f"{path}: " + "; ".join(_explain(error.errors()))) from error
    _check_ignored(path, description)
    return description


def _spell_out(content: dict[Any, Any]) -> dict[Any, Any]:
    """Turn the short forms into the long ones: a list of classes, a single voxel length."""
    long = dict(content)
    if isinstance(classes := content.get("classes"), list):
        long["classes"] = dict(enumerate(classes))
    if isinstance(length := content.get("voxel_size_nm"), int | float):
        long["voxel_size_nm"] = (length, length)
    return long


def _explain(errors: list[ErrorDetails]) -> Iterator[str]:
    """Put pydantic's findings into words that name the key."""
    keys = [field.name for field in fields(Description)]
    for error in errors:
        key = ".".join(str(place) for place in error["loc"] if place != "[key]")
        if error["type"] in ("extra_forbidden", "unexpected_keyword_argument", "invalid_key"):
            near = get_close_matches(key, keys, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            yield f"unknown key {key!r}; {hint}Known: {', '.join(keys)}"
        else:
            yield f"{key}: {error['msg']}, got {error['input']!r}"


def _check_ignored(path: Path, description: Description) -> None:
    """Refuse an ignored value that is also a class."""
    name = (description.classes or {}).get(
        -1 if description.ignore_value is None else description.ignore_value
    )
    if name is not None:
        raise DataError(
            f"{path}: the value {description.ignore_value} is the class {name!r} and ignore_value at once; "
            "take it out of one of them."
        )


def _example() -> str:
    """Return what a short file looks like."""
    return "for example: classes: [background, mitochondria]"


def from_stored(stored: Mapping[str, Any]) -> Description:
    """Rebuild a description from what `dataclasses.asdict` and JSON made of it."""
    classes, voxel_size = stored["classes"], stored["voxel_size_nm"]
    return Description(
        classes=None if classes is None else {int(value): name for value, name in classes.items()},
        ignore_value=stored["ignore_value"],
        voxel_size_nm=None if voxel_size is None else tuple(voxel_size),
        volume=stored["volume"],
    )
