"""What recipes name: loss, schedule, optimiser and augmentation as texts, complete and compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from typing import Any, Final

from ..contracts.errors import UsageError
from ..files.printable import brief
from ..plugins.asked import complete_options
from ..plugins.references import MetricReference, parse_method, written
from ..plugins.registry import Catalogue, Registry

NAMED: Final = {
    "optimiser": "optimisers",
    "schedule": "schedules",
    "loss": "losses",
    "augmentation": "augmentations",
}
"""The keys of a recipe that name something, and where the `Catalogue` keeps it."""


def complete_references(
    layers: Sequence[Mapping[str, Any]],
    catalogue: Catalogue,
    where: str = "recipe",
    keys: Iterable[str] = NAMED,
) -> dict[str, str]:
    """Write what a recipe names with all options, so that it is the same whatever later defaults are.

    Args:
        layers: Recipes, or parts of them, as plain data; later ones over earlier ones.  A text names
            something, a mapping changes options of what was named, and a tuple does one after the other.
        catalogue: What the plugins offer.
        where: Stands before keys in errors.
        keys: Of `NAMED`: which there are.

    Raises:
        UsageError: A reference or an option is wrong.
        UnknownNameError: There is no such loss, schedule, optimiser or augmentation.
    """
    return {
        key: _completed(key, [layer[key] for layer in layers if key in layer], catalogue, f"{where}.{key}")
        for key in keys
    }


def _completed(key: str, layers: Sequence[object], catalogue: Catalogue, where: str) -> str:
    name, options = "", dict[str, Any]()
    for layer in _one_by_one(layers):
        if isinstance(layer, Mapping):
            options |= layer
        elif isinstance(layer, str):
            reference = parse_method(layer, key)
            name, options = reference.name, dict(reference.options)
        else:
            raise UsageError(
                f"{where}: got {brief(repr(layer))}, expected NAME[OPTION=VALUE,...] or options to change."
            )
    card = catalogue.find(getattr(catalogue, NAMED[key]), name).card
    return written(name, complete_options(card, options, where))


def _one_by_one(layers: Sequence[object]) -> Iterator[object]:
    for layer in layers:
        yield from layer if isinstance(layer, tuple) else [layer]


def describe_references(
    recipe: Mapping[str, Any], preset: Mapping[str, Any], catalogue: Catalogue
) -> list[str]:
    """List what a recipe names otherwise than a preset: ``augmentation.noise=0.1``, ``loss=focal``."""
    return [
        text for key in NAMED if key in recipe for text in _told(key, recipe[key], preset.get(key), catalogue)
    ]


def _told(key: str, text: str, before: str | None, catalogue: Catalogue) -> Iterator[str]:
    registry: Registry[Any] = getattr(catalogue, NAMED[key])
    now, then = (_spelled(one, key, registry) for one in (text, before or text))
    card = registry.offers[now.name].card if now.name in registry.offers else None
    if before is None or now.name != then.name:
        options = card and card.options
        usual = {field.name: field.default for field in fields(options)} if options else {}
        unusual = {name: value for name, value in now.options.items() if usual.get(name, now) != value}
        yield f"{key}={written(now.name, unusual)}"
        return
    for name, value in now.options.items():
        if then.options.get(name) != value:
            yield f"{key}.{name}={value}"


def _spelled(text: str, key: str, registry: Registry[Any]) -> MetricReference:
    """Read a reference, with all options where the plugin is there and still takes those that it has."""
    reference = parse_method(text, key)
    if offer := registry.offers.get(reference.name):
        with suppress(UsageError):
            return MetricReference(reference.name, complete_options(offer.card, reference.options))
    return reference
