"""How people write models, datasets and metrics: ``unet[encoder=resnet50]@imagenet``, ``folder:/data/x``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .contracts import OptionValue
from .errors import UsageError

MODEL_FORM = "NAME, NAME@INIT, NAME[OPTION=VALUE,...]@INIT or NAME@file:PATH"
DATASET_FORM = "NAME, NAME:PATH or NAME[OPTION=VALUE,...]:PATH"
METRIC_FORM = "NAME or NAME[OPTION=VALUE,...]"

_MODEL = re.compile(
    r"(?P<name>[^@\[\]:,\s]+)(\[(?P<options>[^\]]*)\])?(@(?P<init>[^:]+)(:(?P<location>.+))?)?"
)
_DATASET = re.compile(r"(?P<name>[^@\[\]:,\s]+)(\[(?P<options>[^\]]*)\])?(:(?P<location>.+))?")
_METRIC = re.compile(r"(?P<name>[^@\[\]:,\s]+)(\[(?P<options>[^\]]*)\])?")


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


@dataclass(frozen=True, slots=True)
class MetricReference:
    """A metric as it was asked for."""

    name: str
    options: Mapping[str, OptionValue] = field(default_factory=dict)

    def __str__(self) -> str:
        return label(self.name, self.options)


def split_list(text: str) -> list[str]:
    """Split a comma-separated list, but not inside brackets.

    Raises:
        UsageError: An item is empty.
    """
    items = [item.strip() for item in re.split(r",(?![^\[]*\])", text)]
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
    return ModelReference(match["name"], _options(match["options"], text), match["init"], match["location"])


def parse_dataset(text: str) -> DatasetReference:
    """Read a dataset reference.

    Raises:
        UsageError: It is not of the form `DATASET_FORM`.
    """
    match = _DATASET.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"got {text!r} as a dataset, expected {DATASET_FORM}.")
    return DatasetReference(match["name"], _options(match["options"], text), match["location"])


def parse_metric(text: str) -> MetricReference:
    """Read a metric reference.

    Raises:
        UsageError: It is not of the form `METRIC_FORM`.
    """
    match = _METRIC.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"got {text!r} as a metric, expected {METRIC_FORM}.")
    return MetricReference(match["name"], _options(match["options"], text))


def label(name: str, options: Mapping[str, OptionValue]) -> str:
    """Write a name with its options, as a reference does."""
    inside = ",".join(f"{key}={value}" for key, value in sorted(options.items()))
    return f"{name}[{inside}]" if inside else name


def _options(text: str | None, whole: str) -> dict[str, OptionValue]:
    options: dict[str, OptionValue] = {}
    for item in split_list(text) if text else []:
        key, equals, value = item.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise UsageError(f"got {item!r} in {whole!r}, expected OPTION=VALUE.")
        options[key.strip()] = value.strip()
    return options
