"""From model references to models with everything that decides their weights at the start of training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..contracts.basics import OptionValue
from ..contracts.cards import Initialisation, ModelCard
from ..contracts.errors import (
    PluginError,
    UnknownNameError,
    UsageError,
    WeightsError,
    WeightsUnavailableError,
)
from ..contracts.records import ModelSpec, Tuned
from ..files.file_hashes import sha256_of_large_file
from ..files.hashing import model_sha256
from ..plugins.asked import complete_options, provider_of
from ..plugins.by_options import extra_outputs, size_divisor
from ..plugins.every_model import wanted_models
from ..plugins.lazy import resolve
from ..plugins.references import CONTEXT, SHARED, TRAIN, ModelReference, label, parse_model
from ..plugins.registry import Catalogue
from ..plugins.strangers import blaming
from ..weights.weight_info import read_info
from .contexts import parse_context
from .experiment import Experiment
from .own_recipes import PlannedModel, with_own_recipes
from .regimes import ALL, check_regime, parse_regime
from .row_names import row_names
from .tuned_settings import check_tuned, tuned_options


def plan_models(experiment: Experiment, catalogue: Catalogue) -> tuple[list[PlannedModel], list[str]]:
    """Plan the models; those that only ``all`` asks for may be left out, and then a sentence says why.

    Returns:
        Each model, by its authors' recipe too where that is asked for, and the sentences.

    Raises:
        UsageError: A reference or option is wrong, or no model can be used.
        PluginError: A model that was asked for by name cannot be used.
        WeightsError: Weights that were asked for cannot be had.
    """
    texts, planned, left_out = [], [], []
    if experiment.tuned:
        check_tuned(experiment.tuned, experiment.recipe, experiment.models[0], catalogue)
    for text, named in wanted_models(experiment.models, catalogue.models.offers).items():
        try:
            planned.append(_plan_model(text, catalogue, experiment.tuned, strict=experiment.strict_weights))
            texts.append(text)
        except (PluginError, UsageError) as error:
            if named:
                raise
            left_out.append(f"{text} is left out of 'all': {error}")
    if not planned:
        raise UsageError("\n".join(["no registered model can be used.", *left_out]))
    named_apart = [(text, *told) for text, told in zip(texts, _told_apart(planned), strict=True)]
    models, without = with_own_recipes(named_apart, experiment, catalogue)
    return models, [*left_out, *_same(model for model, _ in planned), *without]


def _told_apart(planned: Sequence[tuple[ModelSpec, str]]) -> list[tuple[ModelSpec, str]]:
    """Label models so that no two that differ are called alike in this run."""
    names = row_names(model for model, _ in planned)
    shared = {model_sha256(model): model.label for model, _ in planned}
    clashing = [label for label, count in Counter(shared.values()).items() if count > 1]
    return [
        (replace(model, label=names[model_sha256(model)]) if model.label in clashing else model, note)
        for model, note in planned
    ]


def _same(models: Iterable[ModelSpec]) -> Iterator[str]:
    """Say which labels stand for one and the same model."""
    labels: dict[str, list[str]] = {}
    for model in models:
        labels.setdefault(model_sha256(model), []).append(model.label)
    for same in labels.values():
        if len(same) > 1:
            yield f"{' and '.join(same)} are one and the same model, so they make one row."


def _plan_model(
    text: str, catalogue: Catalogue, tuned: Tuned | None, *, strict: bool
) -> tuple[ModelSpec, str]:
    """Look a model reference up; return the model and what must be said about its weights."""
    reference = parse_model(text)
    offer = catalogue.find(catalogue.models, reference.name)
    card = offer.card
    found = tuned_options(tuned.setting) if tuned else {}
    given = {key: value for key, value in reference.options.items() if key not in SHARED}
    options = complete_options(card, {**given, **found}, also=SHARED)
    context = parse_context(reference.options.get(CONTEXT, card.context))
    regime = parse_regime(reference.options.get(TRAIN, ALL))
    check_regime(regime, card)
    asked = _initialisation(card, reference)
    path, note = None, ""
    init = asked
    if asked.source is not None:
        try:
            with blaming(offer, f"looking for its {asked.name} weights"):
                path = resolve(asked.source, offer).obtain(options, reference.location)
        except WeightsUnavailableError as error:
            if strict or reference.init is not None:
                raise
            init = _scratch(card)
            reason = f"its {asked.name} weights are not here. {_sentence(error)}"
            note = f"{card.name}: trained from scratch, for {reason}"
    info = read_info(path) if path else None
    note = note or _terms(card, init, options, catalogue)
    shared: dict[str, OptionValue] = {TRAIN: str(regime), CONTEXT: context}
    return (
        ModelSpec(
            name=card.name,
            options=options,
            train=str(regime),
            backbone=() if regime.way == ALL else card.backbone,
            context=context,
            init=init.name,
            requested_init=asked.name,
            weights_path=str(path) if path else None,
            weights_sha256=sha256_of_large_file(path, WeightsError) if path else None,
            normalisation=info.normalisation if info else None,
            provider=provider_of(offer),
            label=_model_label(reference, {**options, **shared}, card, init, path),
            tuned=tuned,
            family=card.family,
            citation=card.citation,
            size_divisor=size_divisor(offer, options),
            extra_outputs=extra_outputs(offer, options),
        ),
        note,
    )


def _terms(
    card: ModelCard, init: Initialisation, options: Mapping[str, OptionValue], catalogue: Catalogue
) -> str:
    """Say under which licence published weights come, before they are used; nothing of others."""
    for published in catalogue.weights:
        if (published.model, published.init) == (card.name, init.name) and all(
            options.get(name) == value for name, value in published.options.items()
        ):
            return f"{card.name}@{init.name}: weights {published.name}, licence: {published.licence}."
    return ""


def _initialisation(card: ModelCard, reference: ModelReference) -> Initialisation:
    if reference.init is None:
        return card.initialisations[0]
    if found := card.initialisation(reference.init):
        return found
    raise UnknownNameError(
        f"initialisation of {card.name}", reference.init, (init.name for init in card.initialisations)
    )


def _scratch(card: ModelCard) -> Initialisation:
    found = card.initialisation("scratch")
    if found is None:
        raise UsageError(f"{card.name} cannot start from scratch, and its weights are not on this machine.")
    return found


def _model_label(
    reference: ModelReference,
    options: Mapping[str, OptionValue],
    card: ModelCard,
    init: Initialisation,
    path: Path | None,
) -> str:
    """Name a row: options as far as they were given, and always the initialisation that is used."""
    given = {key: options[key] for key in reference.options}
    place = f":{path.name}" if path and reference.location else ""
    return f"{label(card.name, given)}@{init.name}{place}"


def _sentence(error: Exception) -> str:
    """Begin an error's message with a capital letter."""
    text = str(error)
    return text[:1].upper() + text[1:]
