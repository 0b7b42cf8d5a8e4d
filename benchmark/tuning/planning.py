"""From what was asked for to studies: which there are, and the trial that a setting makes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ..contracts.cards import ModelCard
from ..contracts.data import Manifest
from ..contracts.errors import UsageError
from ..contracts.records import TrialSpec, Tuned
from ..contracts.settings import Recipe
from ..experiments.experiment import Experiment, describe
from ..experiments.planning import Plan, Remarks, make_plan
from ..experiments.tuned_settings import Setting, tuned_options, tuned_recipe
from ..files.hashing import fingerprint, model_sha256, sha256_of
from ..plugins.every_model import wanted_models
from ..plugins.references import escaped, parse_model, written
from ..plugins.registry import Catalogue
from .pruners import PRUNERS, check_pruner
from .records import Budget, Objective, StudySpec
from .samplers import SAMPLERS, sampler_notes
from .space.checking import check_space
from .space.defaults import default_space
from .space.files import read_space
from .space.search_space import SearchSpace

LATENCY: Final = "latency"
_MOST_SLUG: Final = 60
_DIGITS: Final = 8
"""Of the hash in a study's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be tuned, and how."""

    experiment: Experiment
    """Its seeds are those of the best settings' trials."""
    budget: Budget
    objectives: tuple[str, ...] = ()
    """Empty: the protocol's primary metric."""
    space: Path | None = None
    """None: the default."""
    sampler: str
    pruner: str
    seed: int = 0
    storage: str = ""
    """Without a password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """What it takes to plan trials."""

    catalogue: Catalogue
    device: str
    cache: Path
    elsewhere: bool = False

    def plan(self, experiment: Experiment, remarks: Remarks | None = None) -> Plan:
        """Plan an experiment; without `remarks` nobody looks at the data."""
        told = {"remarks": remarks} if remarks else {}
        return make_plan(
            experiment,
            self.catalogue,
            device=self.device,
            cache=self.cache,
            elsewhere=self.elsewhere,
            **told,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStudy:
    """A study, and how its trials are planned."""

    spec: StudySpec
    base: TrialSpec
    """What is tuned, as it is without."""
    manifest: Manifest
    notes: tuple[str, ...]
    experiment: Experiment
    """Of its model and dataset alone."""
    planner: Planner

    def trial(self, setting: Setting) -> TrialSpec:
        """Plan the trial that tries a setting.

        Raises:
            EmsegError: It cannot be one.
        """
        reference = parse_model(self.spec.model)
        init = f"@{reference.init}" if reference.init else ""
        place = f":{escaped(reference.location)}" if reference.location else ""
        model = f"{written(reference.name, {**reference.options, **tuned_options(setting)})}{init}{place}"
        experiment = replace(
            self.experiment, models=(model,), recipe=self._recipe(setting), seeds=(self.spec.seed,)
        )
        (spec,) = self.planner.plan(experiment).trials.values()
        return self._tuning(spec)

    def final(self, setting: Setting, remarks: Remarks) -> Plan:
        """Plan the trials of the best setting, which are tested."""
        tuned = Tuned(
            study=self.spec.name,
            trials=self.spec.budget.trials,
            hours=self.spec.budget.hours,
            setting=setting,
            base=self.spec.base,
        )
        return self.planner.plan(replace(self.experiment, recipe=self._recipe(setting), tuned=tuned), remarks)

    def untuned(self) -> TrialSpec:
        """Give a trial as those that tune, for what it costs."""
        return self._tuning(self.base)

    def _tuning(self, spec: TrialSpec) -> TrialSpec:
        return replace(spec, model=replace(spec.model, label=self.spec.model_label), purpose="tune")

    def _recipe(self, setting: Setting) -> Recipe:
        return tuned_recipe(setting, self.experiment.recipe, self.planner.catalogue)


def plan_studies(wanted: Wanted, planner: Planner) -> tuple[list[PlannedStudy], Plan]:
    """Plan a study for every model and dataset.

    Returns:
        The studies, and what they tune as it is without: one trial for each.

    Raises:
        UsageError: A name, option, space or objective is wrong.
        EmsegError: Data or weights cannot be used.
    """
    experiment = wanted.experiment
    models = wanted_models(experiment.models, planner.catalogue.models.offers)
    studies, untuned = list[PlannedStudy](), list[Plan]()
    for dataset in experiment.datasets:
        for model in models:
            own = replace(experiment, models=(model,), datasets=(dataset,))
            plan = planner.plan(replace(own, seeds=(wanted.seed,)))
            untuned.append(plan)
            studies.append(_study(wanted, planner, own, plan))
    names = [study.spec.name for study in studies]
    if twice := next((one.spec for one in studies if names.count(one.spec.name) > 1), None):
        raise UsageError(f"{twice.model_label} on {twice.dataset_label} is asked for twice; name it once.")
    return studies, _together(studies, untuned)


def _together(studies: Sequence[PlannedStudy], plans: Sequence[Plan]) -> Plan:
    trials = [study.untuned() for study in studies]
    notes = dict.fromkeys(note for plan in plans for note in plan.notes)
    manifests = {name: one for plan in plans for name, one in plan.manifests.items()}
    return Plan({fingerprint(one): one for one in trials}, tuple(notes), manifests=manifests)


def _study(wanted: Wanted, planner: Planner, experiment: Experiment, plan: Plan) -> PlannedStudy:
    ((name, base),) = plan.trials.items()
    model, recipe = experiment.models[0], experiment.recipe
    manifest = plan.manifest(name)
    card = planner.catalogue.find(planner.catalogue.models, base.model.name).card
    space = _space(wanted, planner, base, model, manifest)
    where = str(wanted.space) if wanted.space else "search space"
    check_space(space, recipe, card, planner.catalogue, where, parse_model(model).options)
    objectives = tuple(_objectives(wanted.objectives, base))
    notes = sampler_notes(wanted.sampler, space, len(objectives))
    check_pruner(wanted.pruner, recipe.validations, len(objectives))
    spec = StudySpec(
        name=_name(base),
        model=model,
        model_label=base.model.label,
        model_sha256=model_sha256(base.model),
        dataset=experiment.datasets[0],
        dataset_label=base.dataset.label,
        manifest_sha256=base.dataset.manifest_sha256,
        recipe=base.recipe,
        base=describe(recipe),
        protocol=base.protocol,
        space=space.parameters,
        objectives=objectives,
        sampler=SAMPLERS.find(wanted.sampler).reference,
        pruner=PRUNERS.find(wanted.pruner).reference,
        seed=wanted.seed,
        budget=wanted.budget,
        storage=wanted.storage,
    )
    return PlannedStudy(
        spec=spec, base=base, manifest=manifest, notes=notes, experiment=experiment, planner=planner
    )


def _space(wanted: Wanted, planner: Planner, base: TrialSpec, model: str, manifest: Manifest) -> SearchSpace:
    if wanted.space:
        return read_space(wanted.space, base.model.name)
    card: ModelCard = planner.catalogue.find(planner.catalogue.models, base.model.name).card
    kept = base.model.options if base.model.weights_path else parse_model(model).options
    return default_space(
        wanted.experiment.recipe,
        card,
        planner.catalogue,
        divisor=base.model.size_divisor,
        kept=[*kept],
        smallest_side=min(min(case.height, case.width) for case in manifest.split("train")),
    )


def _objectives(names: Sequence[str], base: TrialSpec) -> list[Objective]:
    """Look objectives up.

    Raises:
        UsageError: One is neither the protocol's primary metric nor ``latency``, or the metric is not there.
    """
    primary = next(metric for metric in base.metrics if metric.name == base.protocol.primary)
    known = {
        primary.name: Objective(
            name=primary.name,
            direction="maximize" if primary.direction == "higher" else "minimize",
            unit=primary.unit,
        ),
        LATENCY: Objective(name=LATENCY, direction="minimize", unit="ms"),
    }
    asked = list(dict.fromkeys(names or [primary.name]))
    if primary.name not in asked or not known.keys() >= {*asked}:
        raise UsageError(
            f"got --objective {','.join(asked)}, expected {primary.name}, by which the protocol ranks, or "
            f"{primary.name},{LATENCY}; another metric is made the first by --set protocol.primary=METRIC."
        )
    return [known[name] for name in asked]


def _name(base: TrialSpec) -> str:
    """Name a study by what is tuned, so that other code or data makes another study."""
    identity = [model_sha256(base.model), base.dataset.manifest_sha256, base.engine_sha256]
    text = f"{base.model.label}-{base.dataset.label}".lower()
    slug = re.sub(r"[^a-z0-9]+", "-", text).strip("-")[:_MOST_SLUG]
    return f"{slug}-{sha256_of(identity)[:_DIGITS]}"
