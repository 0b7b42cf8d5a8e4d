"""What a user asks for: models, datasets, seeds, recipe, protocol; from a file, options, or both."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from annotated_types import Ge, Gt, Le, Lt, MinLen

from ..contracts.basics import STRICT
from ..contracts.errors import UnknownNameError, UsageError
from ..contracts.records import Tuned
from ..contracts.settings import Recipe, ScoringProtocol, VolumeRule
from ..files.printable import brief
from ..files.regular import shown
from ..files.texts import read_yaml
from ..files.validation import merge, validate
from ..plugins.every_model import ALL
from ..plugins.loading import installed_plugins
from ..plugins.references import parse_method, parse_metric, parse_model
from .named import NAMED, complete_references, describe_references
from .presets import DEFAULT_PROTOCOL, DEFAULT_RECIPE, protocols, recipes
from .settings import describe_changes, parse_settings, with_lists
from .volume_protocol import volume_protocol, with_own_metrics

S = TypeVar("S", Recipe, ScoringProtocol)

MOST_SEEDS = 10_000
"""As a number; whoever wants other seeds lists them."""
MOST_TRIALS = 100_000
MOST_THREADS = 1024
"""More are a slip of the finger."""
LABELS: Final = ("label_fractions", "label_counts")
"""Keys that say how much of the training split is labelled."""

DEFAULTS: Mapping[str, Any] = {
    "datasets": ["synthetic-em"],
    "seeds": [0],
    "recipe": DEFAULT_RECIPE,
    "protocol": DEFAULT_PROTOCOL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """What an experiment file may say of an `Experiment`."""

    __pydantic_config__ = STRICT

    models: Annotated[tuple[str, ...], MinLen(1)]
    """References: ``retina``, ``unet@imagenet``."""
    datasets: Annotated[tuple[str, ...], MinLen(1)]
    """References: ``synthetic-em``, ``folder:/data/my_cells``."""
    seeds: Annotated[tuple[Annotated[int, Ge(0), Lt(2**32)], ...], MinLen(1)]
    label_fractions: Annotated[tuple[Annotated[float, Gt(0), Le(1)], ...], MinLen(1)] | None = None
    """Shares of the training cases that training sees; None: all of them, unless there are counts."""
    label_counts: Annotated[tuple[Annotated[int, Ge(1)], ...], MinLen(1)] | None = None
    """Numbers of training cases that training sees, beside the shares that are asked for."""
    threads: Annotated[int, Ge(1), Le(MOST_THREADS)] = 2
    """CPU threads of one trial, whatever machine runs it: scores depend on them."""
    recipe: Recipe
    protocol: ScoringProtocol
    strict_weights: bool = False
    """Missing published weights are an error rather than an announced start from scratch."""
    own_recipes: bool = False
    """Models are trained as their authors train them, too, as far as their cards say how."""
    executor: str = "local"
    """What runs the trials, which changes no number: a reference, ``slurm[partition=gpu]``."""
    tuned: Tuned | None = None
    """What tuning found for the one model on the one dataset: they make a row of the open division."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment(_Keys):
    """The set of trials that a user asks for: every model on every dataset with every seed."""

    recipes_of: Mapping[str, Recipe]
    """What models, by their references, are trained by too: ``models: [{model: unet, recipe: standard}]``."""


def build_experiment(
    file: Path | None, options: Mapping[str, Any], settings: Sequence[str] = ()
) -> Experiment:
    """Put an experiment together: defaults, then the file, then options, then ``--set`` values.

    Args:
        file: An experiment in YAML, or None.
        options: What the command line says; None values are left out.
        settings: ``recipe.iterations=200`` and the like.

    Raises:
        UsageError: Any of them is wrong; names the key.
    """
    where = str(file) if file else "experiment"
    asked = _read(file) if file else {}
    _check_asked(asked, options, settings, where)
    asked = merge(asked, {key: value for key, value in options.items() if value is not None})
    if not asked.get("models"):
        raise UsageError("no model was asked for; name some with --models, for example --models retina,unet.")
    data = merge(DEFAULTS, asked)
    data["seeds"] = _seeds(data["seeds"], where)
    data["models"], own = _models(data["models"], f"{where}.models")
    changes = parse_settings(settings, ("recipe", "protocol"))
    data["recipe"] = _settings(
        Recipe, data["recipe"], recipes(), changes.get("recipe", {}), f"{where}.recipe"
    )
    data["protocol"] = _settings(
        ScoringProtocol, data["protocol"], protocols(), changes.get("protocol", {}), f"{where}.protocol"
    )
    keys = validate(_Keys, data, where)
    protocol = _with_plain_names(keys.protocol)
    if preset := protocols().get(protocol.name):
        protocol = with_own_metrics(protocol, preset)
    told = {field.name: getattr(keys, field.name) for field in fields(keys)} | {"protocol": protocol}
    experiment = Experiment(**told, recipes_of=own)
    _check(experiment, where)
    return experiment


def describe(settings: Recipe | ScoringProtocol) -> str:
    """Name a preset and what was changed in it: ``quick, iterations=300``."""
    if isinstance(settings, Recipe):
        return ", ".join([settings.name, *_recipe_changes(settings)])
    preset = protocols().get(settings.name)
    if preset and isinstance(preset.volumes, VolumeRule) and not settings.skips_undefined:
        preset = volume_protocol(preset)  # as published, too
    return ", ".join([settings.name, *describe_changes(settings, preset)])


def _recipe_changes(recipe: Recipe) -> list[str]:
    preset = recipes().get(recipe.name)
    told, before = asdict(recipe), asdict(preset) if preset else {}
    alike = replace(recipe, **{key: before[key] for key in NAMED}) if preset else recipe
    named = describe_references(told, before, installed_plugins().catalogue)
    return [*describe_changes(alike, preset), *named]


def _read(file: Path) -> dict[str, Any]:
    data = read_yaml(file, UsageError)
    if not isinstance(data, dict):
        raise UsageError(
            f"{shown(file)} holds {type(data).__name__}, expected keys such as 'models:' and 'datasets:'."
        )
    return data


def _seeds(seeds: object, where: str) -> object:
    """Turn ``3`` into the seeds 0, 1, 2; lists are left as they are."""
    if isinstance(seeds, int) and not isinstance(seeds, bool):
        if not 1 <= seeds <= MOST_SEEDS:
            raise UsageError(
                f"{where}.seeds: got {seeds}, expected a number of seeds from 1 to {MOST_SEEDS:,}, or a list "
                "of seeds; the seed 0 alone is the list [0]."
            )
        return list(range(seeds))
    return seeds


def _models(models: object, where: str) -> tuple[object, dict[str, Recipe]]:
    """Part models into references and recipes that some bring: ``{model: unet, recipe: standard}``.

    Raises:
        UsageError: An entry is something else, or its recipe is wrong.
    """
    if not isinstance(models, list):
        return models, {}
    own: dict[str, Recipe] = {}
    for entry in models:
        if isinstance(entry, Mapping):
            text = entry.get("model")
            if {*entry} != {"model", "recipe"} or not isinstance(text, str) or parse_model(text).name == ALL:
                raise UsageError(
                    f"{where}: got {brief(repr(dict(entry)))}, expected a model by its name, as in "
                    "{model: unet, recipe: standard}, and no other key."
                )
            own[text] = _settings(Recipe, entry["recipe"], recipes(), {}, f"{where}.{text}.recipe")
    return [entry["model"] if isinstance(entry, Mapping) else entry for entry in models], own


def _settings(
    type_: type[S], asked: object, presets: Mapping[str, S], changes: Mapping[str, Any], where: str
) -> S:
    """Build a recipe or protocol: a preset's name, or its changes with ``preset:``; then ``--set``."""
    given = {"preset": asked} if isinstance(asked, str) else asked
    if not isinstance(given, Mapping):
        raise UsageError(
            f"{where}: got {brief(repr(asked))}, expected a name ({', '.join(presets)}) or keys to change."
        )
    own = dict(given)
    name = own.pop("preset", DEFAULT_RECIPE if type_ is Recipe else DEFAULT_PROTOCOL)
    kind = where.rpartition(".")[2]
    if not isinstance(name, str) or name not in presets:
        raise UnknownNameError(kind, str(name), presets)
    called = changes.get("name", own.get("name", name))
    if isinstance(called, str) and called != name and called in presets:
        raise UsageError(
            f"{where}.name: got {called!r}, the name of a {kind}, for one that begins with {name}. To begin "
            f"with {called} write preset: {called}, or --{kind} {called}; else choose another name."
        )
    layers = [asdict(presets[name]), own, changes]
    merged = merge(merge(layers[0], own), changes)
    if type_ is Recipe:
        merged |= complete_references(layers, installed_plugins().catalogue, kind)
    return validate(type_, with_lists(merged), where)


def _check_asked(
    asked: Mapping[str, Any], options: Mapping[str, Any], settings: Sequence[str], where: str
) -> None:
    """Check that a row of the open division stays what tuning found.

    Raises:
        UsageError: Something else is asked for beside its file.
    """
    if not asked.get("tuned"):
        return
    fixed = ("models", "datasets", *LABELS, "recipe", "protocol", "own_recipes")
    changed = [f"--{key.replace('_', '-')}" for key in fixed if options.get(key) is not None]
    changed += [f"--set {text}" for text in settings if not text.startswith("recipe.precision=")]
    if changed:
        raise UsageError(
            f"{where} says what tuning found for its model on its data, and {brief(changed[0])} asks for "
            "something else; leave that out, or 'tuned' and all that was found."
        )


def _check_tuned(experiment: Experiment, where: str) -> None:
    """Check that a setting is of one row.

    Raises:
        UsageError: It is not.
    """
    several = len(experiment.models) > 1 or len(experiment.datasets) > 1 or ALL in experiment.models
    if experiment.tuned and (several or experiment.own_recipes or experiment.recipes_of):
        raise UsageError(
            f"{where}.tuned: a setting is found for one model on one dataset, got "
            f"{brief(', '.join(experiment.models))} on {brief(', '.join(experiment.datasets))}; name one of "
            "each, with no recipe of the model's own."
        )


def _with_plain_names(protocol: ScoringProtocol) -> ScoringProtocol:
    """Write metrics in one way, so that the same one has the same name everywhere."""
    metrics = tuple(dict.fromkeys(str(parse_metric(text)) for text in protocol.metrics))
    steps = tuple(str(parse_method(text, "post-processing step")) for text in protocol.postprocess)
    decoder = str(parse_method(protocol.decoder, "decoder")) if protocol.decoder else ""
    primary = str(parse_metric(protocol.primary))
    return replace(protocol, metrics=metrics, primary=primary, postprocess=steps, decoder=decoder)


def _check(experiment: Experiment, where: str) -> None:
    """Check what no single key shows."""
    protocol = experiment.protocol
    if protocol.primary not in protocol.metrics:
        raise UsageError(
            f"{where}.protocol.primary: got {protocol.primary!r}, "
            f"expected one of its metrics: {', '.join(protocol.metrics)}; set it to the one "
            "that ranks ('emseg-bench list metrics' has the names)."
        )
    for key in ("models", "datasets", "seeds", *LABELS):
        values = getattr(experiment, key) or ()
        if len(set(values)) < len(values):
            raise UsageError(
                f"{where}.{key}: {brief(', '.join(map(str, values)))} names something twice; name each once."
            )
    _check_number(experiment, where)
    _check_tuned(experiment, where)


def _check_number(experiment: Experiment, where: str) -> None:
    labels = [*(experiment.label_counts or ()), *(experiment.label_fractions or ())]
    lists = (experiment.models, experiment.datasets, experiment.seeds, labels or [1.0])
    trials = math.prod(map(len, lists))
    if trials > MOST_TRIALS:
        raise UsageError(
            f"{where}: {' × '.join(str(len(one)) for one in lists)} models, datasets, seeds and label "
            f"fractions or counts make {trials:,} trials, expected at most {MOST_TRIALS:,}; ask for fewer at "
            "once."
        )
