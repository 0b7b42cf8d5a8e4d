r"""How people write models, datasets and metrics: ``unet[encoder=resnet50]@imagenet``, ``folder:/data/x``.

Commas part the items of a list, and within brackets the options.  One that belongs to a path or a value has a
backslash before it, ``folder:/data/day 1\, side A``, and so has a bracket within the brackets of options that
has no partner there: ``retina[train=lora[rank=4,alpha=8]]`` needs none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..contracts.basics import OptionValue
from ..contracts.errors import UsageError

MODEL_FORM = "NAME, NAME@INIT, NAME[OPTION=VALUE,...]@INIT or NAME@file:PATH"
DATASET_FORM = "NAME, NAME:PATH or NAME[OPTION=VALUE,...]:PATH"
METRIC_FORM = "NAME or NAME[OPTION=VALUE,...]"

TRAIN = "train"
"""The option that every model has: how much of it is trained."""
CONTEXT = "context"
"""Another one: how many slices on either side of one it sees as further channels."""
MOST_CONTEXT = 16
SHARED = (TRAIN, CONTEXT)
LARGEST_WHOLE = 2**53
"""Whole numbers up to this are written without a point."""

DEEPEST = 4
"""Brackets within the brackets of options, within one another."""


def _inside(depth: int) -> str:
    """Write the pattern of what stands between brackets that hold so many more within one another.

    No two alternatives begin alike, so that there is nothing to try again where one fails: possessive
    quantifiers, which would say so, match too much in Python 3.11 up to 3.11.3.
    """
    nested = rf"|\[{_inside(depth - 1)}\]" if depth else ""
    return rf"(?:\\[\[\],]|\\(?![\[\],])|[^\[\]\\]{nested})*"


_NAME = rf"(?P<name>[^@\[\]:,\s]+)(\[(?P<options>{_inside(DEEPEST)})\])?"
_MODEL = re.compile(_NAME + r"(@(?P<init>[^:]+)(:(?P<location>.+))?)?")
_DATASET = re.compile(_NAME + r"(:(?P<location>.+))?")
_METRIC = re.compile(_NAME)
_PAIRED = re.compile(rf"(?:[^\[\]\\]|\[{_inside(DEEPEST - 1)}\])*")
"""A value whose brackets all have partners."""
_ITEM = re.compile(rf"(?:\\[\[\],]|\[{_inside(DEEPEST)}\]|[^,])*")
"""What stands between two commas; brackets hold theirs together."""


@dataclass(frozen=True, slots=True)
class ModelReference:
    """A model as it was asked for."""

    name: str
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    init: str | None = None
    """None: the model's default initialisation."""
    location: str | None = None
    """The path of ``@file:PATH``."""


@dataclass(frozen=True, slots=True)
class DatasetReference:
    """A dataset as it was asked for."""

    name: str
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    location: str | None = None

    def __str__(self) -> str:
        """Write it as it is read in a list."""
        return written(self.name, self.options) + (f":{escaped(self.location)}" if self.location else "")


@dataclass(frozen=True, slots=True)
class MetricReference:
    """A metric, loss or the like as it was asked for."""

    name: str
    options: Mapping[str, OptionValue] = field(default_factory=dict)

    def __str__(self) -> str:
        return label(self.name, self.options)


def split_list(text: str) -> list[str]:
    r"""Split a comma-separated list, but neither inside brackets nor at ``\,``, which stays as it is.

    Raises:
        UsageError: An item is empty.
    """
    items, place = [], 0
    while place <= len(text):
        match = _ITEM.match(text, place)
        items.append(match[0].strip() if match else "")
        place += len(match[0]) + 1 if match else 1
    if not all(items):
        raise UsageError(
            f"got {text!r}, which has an empty item; expected a comma-separated list like 'a,b'."
        )
    return items


def parse_model(text: str) -> ModelReference:
    """Read a model reference.

    Raises:
        UsageError: It is not of the form `MODEL_FORM`.
    """
    match = _MODEL.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"got {text!r} as a model, expected {MODEL_FORM}.")
    if match["location"] and match["init"] != "file":
        raise UsageError(f"got {text!r}: only 'file' takes a path, as in {match['name']}@file:PATH.")
    if match["init"] == "file" and not match["location"]:
        raise UsageError(f"got {text!r}, expected a path after 'file', as in {match['name']}@file:PATH.")
    return ModelReference(match["name"], _options(match["options"], text), match["init"], _location(match))


def parse_dataset(text: str) -> DatasetReference:
    """Read a dataset reference.

    Raises:
        UsageError: It is not of the form `DATASET_FORM`.
    """
    match = _DATASET.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"got {text!r} as a dataset, expected {DATASET_FORM}.")
    return DatasetReference(match["name"], _options(match["options"], text), _location(match))


def parse_metric(text: str) -> MetricReference:
    """Read a metric reference.

    Raises:
        UsageError: It is not of the form `METRIC_FORM`.
    """
    return parse_method(text, "metric")


def parse_method(text: str, kind: str) -> MetricReference:
    """Read a reference to what a recipe or protocol names; `kind` says what in errors.

    Raises:
        UsageError: It is not of the form `METRIC_FORM`.
    """
    match = _METRIC.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"got {text!r} as a {kind}, expected {METRIC_FORM}.")
    return MetricReference(match["name"], _options(match["options"], text))


def label(name: str, options: Mapping[str, OptionValue]) -> str:
    """Write a name with its options, as a reference does."""
    inside = ",".join(f"{key}={value}" for key, value in sorted(options.items()))
    return f"{name}[{inside}]" if inside else name


def written(name: str, options: Mapping[str, OptionValue]) -> str:
    """Write a name with its options so that it is read back as the same, whatever values they have."""
    return label(name, {key: _protected(_value(value)) for key, value in options.items()})


def _protected(value: str) -> str:
    """Write a value so that it stays whole within the brackets of options."""
    if "\\" in value or not _PAIRED.fullmatch(value):
        return re.sub(r"([,\[\]])", r"\\\1", value)
    return re.sub(rf"(\[{_inside(DEEPEST - 1)}\])|,", lambda found: found[1] or r"\,", value)


def _value(value: OptionValue) -> str:
    """Write a value in one way: ``2``, ``0.5``, ``true``."""
    if isinstance(value, bool):
        return str(value).lower()
    whole = isinstance(value, float) and value.is_integer() and abs(value) < LARGEST_WHOLE
    return str(int(value)) if whole else str(value)


def escaped(text: str) -> str:
    r"""Write a path or value so that it stays whole in a list: ``day 1\, side A``."""
    return re.sub(r"([,\[\]])", r"\\\1", text) if re.search(r",|\[[^\]]*$|^[^\[]*\]", text) else text


def _plain(text: str) -> str:
    """Take the backslashes away that `escaped` wrote."""
    return re.sub(r"\\([,\[\]])", r"\1", text)


def _location(match: re.Match[str]) -> str | None:
    return _plain(match["location"]) if match["location"] else None


def _options(text: str | None, whole: str) -> dict[str, OptionValue]:
    options: dict[str, OptionValue] = {}
    for item in split_list(text) if text else []:
        key, equals, value = (part.strip() for part in item.partition("="))
        if not equals or not key or not value:
            raise UsageError(
                f"got {item!r} in {whole!r}, expected OPTION=VALUE; a comma within a value is written '\\,'."
            )
        if key in options:
            raise UsageError(f"got the option {key} twice in {whole!r}; say it once.")
        options[key] = _plain(value)
    return options
