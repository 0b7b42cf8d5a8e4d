"""Options on label values, which `folder:` and `volume:` share, and how they go before ``dataset.yaml``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast, get_args

from ..benchmark.contracts.errors import UsageError
from ..benchmark.files.numbers import whole
from ..benchmark.images.label_bounds import LEAST_VALUE, MOST_VALUE
from .description import Description, Instances

if TYPE_CHECKING:
    from .folder.options import FolderOptions
    from .volume.options import VolumeOptions

AUTO: Final = "auto"
"""What an option is that was not given."""


def say_values(said: Description, options: FolderOptions | VolumeOptions) -> Description:
    """Let options on label values go before the description.

    Raises:
        UsageError: An option is not written as it must be, or contradicts another.
    """
    named = parse_classes(options.classes)
    ignored = _value("ignore_value", options.ignore_value)
    none = _value("background", options.background)
    instances = options.instances
    said = replace(
        said,
        classes=said.classes if named is None else named,
        ignore_value=said.ignore_value if ignored is None else ignored,
        background=said.background if none is None else none,
        instances=said.instances if instances == AUTO else _instances(instances),
    )
    if said.classes and said.ignore_value in said.classes:
        raise UsageError(f"the value {said.ignore_value} is a class and ignored at once; take one away.")
    if said.background is not None and said.background == said.ignore_value:
        raise UsageError(f"the value {said.background} is background and ignored at once; take one away.")
    return said


def _instances(text: str) -> Instances:
    for known in get_args(Instances):
        if text == known:
            return cast(Instances, known)
    raise UsageError(f"got instances={text}, expected none, binary or boundary.")


def _value(option: str, text: int | str) -> int | None:
    if text == AUTO:
        return None
    try:
        value = whole(str(text))
    except ValueError:
        value = MOST_VALUE + 1
    if not LEAST_VALUE <= value <= MOST_VALUE:
        raise UsageError(f"got {option}={text}, expected a label value, as in {option}=255 or {option}=-1.")
    return value


def parse_classes(text: str) -> dict[int, str] | None:
    """Read names by label value; None where none are given.

    Raises:
        UsageError: They are not written as they must be.
    """
    if text == AUTO:
        return None
    pairs = [item.rpartition(":") for item in text.split("+")]
    try:
        names = {whole(value) if colon else place: name for place, (value, colon, name) in enumerate(pairs)}
    except ValueError:
        names = {}
    if len(names) != len(pairs) or not all(names.values()) or len({colon for _, colon, _ in pairs}) > 1:
        raise UsageError(
            f"got classes={text}, expected names by label value, as in background+mitochondria, or with "
            "their values, as in 0:background+255:mitochondria."
        )
    return names
