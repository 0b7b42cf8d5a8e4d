"""The document names every check, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from emseg_bench.testing import (
    augmentation_checks,
    card_checks,
    dataset_checks,
    decoder_checks,
    event_checks,
    executor_checks,
    loss_checks,
    metric_checks,
    model_checks,
    model_training_checks,
    optimiser_checks,
    plugin_checks,
    postprocessing_checks,
    schedule_checks,
    section_checks,
    settings_checks,
    source_checks,
    weights_checks,
)
from emseg_bench.testing.findings import name_of

DOCUMENT = Path(__file__).parents[2] / "docs/plugins.md"

MODULES = {
    "plugins": (plugin_checks,),
    "cards": (card_checks,),
    "models": (model_checks, model_training_checks, source_checks),
    "datasets": (dataset_checks,),
    "metrics": (metric_checks,),
    "weights": (weights_checks,),
    "losses": (loss_checks,),
    "schedules": (schedule_checks,),
    "optimisers": (optimiser_checks,),
    "augmentations": (augmentation_checks,),
    "steps": (postprocessing_checks,),
    "decoders": (decoder_checks,),
    "executors": (executor_checks,),
    "sections": (section_checks,),
    "events": (event_checks,),
}


def defined(module) -> set[str]:
    own = [item for item in vars(module).values() if getattr(item, "__module__", None) == module.__name__]
    return {name_of(item) for item in own if item.__name__.startswith("check_")}


def test_table_of_checks_is_complete_and_true():
    rows = dict(re.findall(r"^\| (\w+) \| (.*) \|$", DOCUMENT.read_text(), re.M))
    named = {kind: set(re.sub(r" \(.*?\)", "", row).split(", ")) for kind, row in rows.items()}
    for kind, modules in MODULES.items():
        assert named[kind] == set().union(*map(defined, modules))
    assert named["recipes"] | named["protocols"] == defined(settings_checks)


def test_every_check_says_what_must_be_true():
    for module in {module for modules in MODULES.values() for module in modules}:
        for name, item in vars(module).items():
            assert not name.startswith("check_") or item.__doc__.splitlines()[0].endswith(".")
