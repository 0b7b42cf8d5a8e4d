"""A plugin for tests that does everything that a plugin should not, but can be imported."""

# ruff: noqa: T201

import sys

from emseg_bench import hookimpl
from emseg_bench.plugin import (
    DatasetCard,
    ExecutorCard,
    MetricCard,
    ModelCard,
    PretrainingCard,
    PretrainingRecipe,
    ReportSectionCard,
    WeightsCard,
)

print("hostile: imported")


def _model(name, factory=""):
    return ModelCard(
        name=name,
        family="cnn",
        description="for tests",
        factory=factory or f"emseg_hostile_parts:{name}",
        citation="none",
        licence="MIT",
    )


def _dataset(name):
    return DatasetCard(
        name=name,
        description="for tests",
        factory=f"emseg_hostile_parts:{name}_data",
        citation="none",
        licence="MIT",
    )


@hookimpl
def emseg_models():
    print("hostile: listed")
    return [
        *(_model(name) for name in ("prints", "triple", "pair", "nan", "nan_later", "exits", "number")),
        _model("exits_at_import", "emseg_hostile_exit:create"),
        _model("lost", "emseg_hostile_lost:create"),
        _model("unet", "emseg_hostile_parts:prints"),
    ]


@hookimpl
def emseg_datasets():
    return [_dataset(name) for name in ("noisy", "raising", "exiting", "text")]


@hookimpl
def emseg_metrics():
    return [
        MetricCard(
            name=name,
            description="for tests",
            factory=f"emseg_hostile_parts:{name}",
            aggregation="mean",
            empty_rule="none",
            reference="none",
        )
        for name in ("divides", "chatty", "iou")
    ]


@hookimpl
def emseg_weights():
    return [
        WeightsCard(
            name="hostile-weights",
            description="for tests",
            model="prints",
            init=None,
            format="emseg_hostile_parts:look",
            origin="nowhere",
            citation="none",
            licence="MIT",
        )
    ]


@hookimpl
def emseg_pretraining_methods():
    return [
        PretrainingCard(
            name="hopeless",
            description="for tests",
            factory="emseg_hostile_parts:hopeless",
            recipes=(PretrainingRecipe(name="never", epochs=1, batch_size=1),),
            citation="none",
        )
    ]


@hookimpl
def emseg_executors():
    return [
        ExecutorCard(name=name, description="for tests", factory=f"emseg_hostile_parts:{name}")
        for name in ("Raising", "Idle", "Lying", "unstartable", "local")
    ]


@hookimpl
def emseg_report_sections():
    return [ReportSectionCard(name="exit", title="Exit", order=1, factory="emseg_hostile_parts:section")]


@hookimpl
def emseg_trial_started(trial):
    print("hostile: started")
    raise RuntimeError(f"{trial.model.name} is not welcome")


@hookimpl
def emseg_trial_finished(record):
    print("hostile: finished")
    sys.exit(record.status)
