"""On what terms a trial ran, whatever its model and data: what has to be equal before scores compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from ..contracts.records import MetricSpec, TrialSpec
from ..contracts.reporting import OWN_TRAINING
from ..plugins.registry import foreign
from .named import NAMED

TUNED_FROM: Final = "tuned from"
"""The key of the recipe that settings were found from, where each row has its own."""


def terms(spec: TrialSpec) -> dict[str, Any]:
    """Give all that the trials of one table have in common besides the data, as plain data.

    Presets' names are left out, as fingerprints do: the same settings are the same by any name.
    """
    return {
        "label_fraction": spec.label_fraction,
        "recipe": _training(spec),
        "protocol": _nameless(asdict(spec.protocol)),
        "metrics": {metric.name: _metric(metric) for metric in spec.metrics},
        "methods": [
            [method.kind, method.name, method.provider.distribution]
            for method in spec.methods
            if foreign(method.provider.distribution)
            and (method.kind not in NAMED or not (spec.model.own_recipe or spec.model.tuned))
        ],
    }


def _training(spec: TrialSpec) -> object:
    """Give what all rows of a board were trained by: settings, or what each had its own found by."""
    if tuned := spec.model.tuned:
        budget = {"trials": tuned.trials, "hours": tuned.hours}
        return {TUNED_FROM: tuned.base, "precision": spec.recipe.precision, **budget}
    return OWN_TRAINING if spec.model.own_recipe else _nameless(asdict(spec.recipe))


def terms_over_sets(spec: TrialSpec, metric: str) -> dict[str, Any]:
    """Give what boards of different data have in common where a mean of one metric over them has a meaning.

    What else was scored moves no number of it.
    """
    told = terms(spec)
    version, options, distribution = told.pop("metrics")[metric]
    protocol = {key: value for key, value in told["protocol"].items() if key not in {"metrics", "primary"}}
    own = {"name": metric, "version": version, "options": options, "plugin": distribution}
    return {**told, "protocol": protocol, "metric": own}


def _metric(metric: MetricSpec) -> list[Any]:
    return [metric.version, dict(metric.options), metric.provider.distribution]


def _nameless(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key != "name"}
