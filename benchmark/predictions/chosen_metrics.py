"""The metrics that label maps are scored with: those of the protocols, and others that are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..contracts.cards import MetricCard
from ..contracts.data import Metric
from ..contracts.errors import UsageError
from ..contracts.records import MetricSpec
from ..experiments.making_metrics import make_metrics
from ..experiments.metric_planning import find_metric, plan_metric
from ..plugins.loading import load_plugins
from ..plugins.references import parse_metric, split_list
from .rules import Rule


def with_metrics(rules: Sequence[Rule], more: str | None) -> list[Rule]:
    """Add comma-separated metrics to every rule; the one that ranks stays.

    Raises:
        UsageError: A reference has another form.
    """
    names = [str(parse_metric(text)) for text in split_list(more)] if more else []
    return [replace(rule, metrics=tuple(dict.fromkeys([*rule.metrics, *names]))) for rule in rules]


def metrics_of(
    rules: Sequence[Rule], voxel_size_nm: tuple[float, ...] | None, axes: int
) -> tuple[dict[str, Metric], list[str]]:
    """Make all metrics of some rules; also say of which a reader could not guess unit or direction.

    Args:
        rules: What is asked for.
        voxel_size_nm: (y, x) or (z, y, x); None: not known.
        axes: 2: images; 3: volumes.

    Raises:
        UsageError: A metric is not known, or needs what is not there.
    """
    catalogue = load_plugins().catalogue
    names = dict.fromkeys(name for rule in rules for name in rule.metrics)
    specs = [plan_metric(name, catalogue) for name in names]
    for spec in specs:
        _check(spec.name, find_metric(spec.name, catalogue).card, voxel_size_nm, axes)
    return make_metrics(specs, catalogue), [text for spec in specs if (text := _remark(spec))]


def check_objects_compared(rules: Sequence[Rule]) -> None:
    """Make sure that true objects are given to some purpose.

    Raises:
        UsageError: No metric of any rule compares objects.
    """
    catalogue = load_plugins().catalogue
    names = dict.fromkeys(name for rule in rules for name in rule.metrics)
    if not any(find_metric(name, catalogue).card.of_objects for name in names):
        raise UsageError(
            f"--truth-objects is for metrics of objects, and {', '.join(names)} are none; ask for some with "
            "--metrics object-f1,pq, or leave it out."
        )


def _remark(spec: MetricSpec) -> str:
    unit = "" if spec.unit == "1" else f" in {spec.unit}"
    if not unit and spec.direction == "higher":
        return ""
    return f"{spec.name}{unit}: {spec.direction} is better"


def _check(name: str, card: MetricCard, voxel_size_nm: tuple[float, ...] | None, axes: int) -> None:
    if "probabilities" in card.needs:
        raise UsageError(
            f"the metric {name} needs a network's probabilities, and label maps have none; ask for it in a "
            "run, with --set protocol.metrics."
        )
    if "voxel size" in card.needs and len(voxel_size_nm or ()) < axes:
        example = "50,8,8 (z,y,x)" if axes == 3 else "8,8 (y,x)"
        raise UsageError(
            f"the metric {name} measures in nm; say the voxel's {axes} sides in nm with "
            f"--voxel-size {example}."
        )
