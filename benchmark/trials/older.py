"""Recipes as records of before held them, written as they are now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..plugins.references import written

OPTIMISERS: Final = {"adamw": "adamw[beta2=0.999]", "sgd": "sgd[nesterov=false]"}
RANGES: Final = {"scale": "area", "ratio": "aspect", "noise_variance": "noise"}
"""What had a least and a largest value under one name."""


def upgraded(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give a record, plain data, with what its recipe names as references.

    Augmentation was a mapping of settings, of one of two kinds, and optimisers had no options.
    """
    spec = record.get("spec")
    recipe = spec.get("recipe") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(recipe, dict):
        return record
    named = {"optimiser": OPTIMISERS.get(str(recipe.get("optimiser")), recipe.get("optimiser"))}
    if isinstance(settings := recipe.get("augmentation"), dict):
        name = "retina-2025" if "scale" in settings else "emseg-v1"
        named["augmentation"] = written(name, dict(_options(settings)))
    return {**record, "spec": {**spec, "recipe": {**recipe, **named}}}


def _options(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if name in RANGES and isinstance(value, list) and len(value) == 2:
            yield f"least_{RANGES[name]}", value[0]
            yield f"largest_{RANGES[name]}", value[1]
        else:
            yield name, value
