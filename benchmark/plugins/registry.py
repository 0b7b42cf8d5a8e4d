"""What plugins offer, by kind and name.

A built-in name stays built in: no package may take ``unet``, or the metric that everybody's protocol
names, away from those who installed it for something else.  A name that two other distributions claim
belongs to neither.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from ..contracts.cards import (
    AugmentationCard,
    Card,
    DatasetCard,
    DecoderCard,
    ExecutorCard,
    LossCard,
    MetricCard,
    ModelCard,
    OptimiserCard,
    PostProcessingCard,
    PretrainingCard,
    ProtocolCard,
    RecipeCard,
    ReportSectionCard,
    ScheduleCard,
    WeightsCard,
)
from ..contracts.errors import PluginError, UnknownNameError
from .kinds import BY_KEY, PluginKind

C = TypeVar("C", bound=Card)

OWN = "emseg-bench"
"""Our own distribution, whose names nobody can take."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a plugin: who, where, what, and what to do about it."""

    distribution: str
    where: str
    """The hook, or ``import``."""
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.distribution} ({self.where}): {self.what}. {self.remedy}"


@dataclass(frozen=True, slots=True)
class Offer(Generic[C]):
    """A card and the distribution that it comes from."""

    card: C
    distribution: str
    version: str
    source: Path | None = None
    """The plugin's package, or its file where it is a single one; None if it was not imported from a file."""


@dataclass(slots=True)
class Registry(Generic[C]):
    """The cards of one kind, by name."""

    kind: str
    offers: dict[str, Offer[C]] = field(default_factory=dict)
    disputed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Names that several distributions claim, and which."""

    def add(self, offer: Offer[C]) -> tuple[str, ...]:
        """Register an offer; return the distributions that claimed its name before it, or nothing."""
        name = offer.card.name
        holder = self.offers.get(name)
        earlier = self.disputed.get(name) or ((holder.distribution,) if holder else ())
        if not earlier:
            self.offers[name] = offer
        elif earlier != (OWN,):
            self.offers.pop(name, None)
            self.disputed[name] = (*earlier, offer.distribution)
        return earlier

    def __iter__(self) -> Iterator[C]:
        return (self.offers[name].card for name in sorted(self.offers))

    def __len__(self) -> int:
        return len(self.offers)


def _empty(key: str) -> Callable[[], Registry[Any]]:
    """Make registries of one kind of card."""
    return lambda: Registry(BY_KEY[key].noun)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that the installed plugins offer, and what is wrong with any of them."""

    models: Registry[ModelCard] = field(default_factory=_empty("model"))
    datasets: Registry[DatasetCard] = field(default_factory=_empty("dataset"))
    metrics: Registry[MetricCard] = field(default_factory=_empty("metric"))
    weights: Registry[WeightsCard] = field(default_factory=_empty("weights"))
    pretraining: Registry[PretrainingCard] = field(default_factory=_empty("pretraining"))
    recipes: Registry[RecipeCard] = field(default_factory=_empty("recipe"))
    losses: Registry[LossCard] = field(default_factory=_empty("loss"))
    schedules: Registry[ScheduleCard] = field(default_factory=_empty("schedule"))
    optimisers: Registry[OptimiserCard] = field(default_factory=_empty("optimiser"))
    augmentations: Registry[AugmentationCard] = field(default_factory=_empty("augmentation"))
    protocols: Registry[ProtocolCard] = field(default_factory=_empty("protocol"))
    postprocessing: Registry[PostProcessingCard] = field(default_factory=_empty("postprocessing"))
    decoders: Registry[DecoderCard] = field(default_factory=_empty("decoder"))
    executors: Registry[ExecutorCard] = field(default_factory=_empty("executor"))
    report_sections: Registry[ReportSectionCard] = field(default_factory=_empty("section"))
    problems: list[Problem] = field(default_factory=list)

    def registry(self, kind: PluginKind) -> Registry[Any]:
        """Give the cards of one kind."""
        found: Registry[Any] = getattr(self, kind.registry)
        return found

    def find(self, registry: Registry[C], name: str, provider: str = "") -> Offer[C]:
        """Look a name up.

        Args:
            registry: Of the kind that is looked for.
            name: As it was asked for.
            provider: Distribution that provided it when something was stored that needs it again.

        Raises:
            UnknownNameError: Nothing is registered under it; says what is near, and which plugins
                failed and might have provided it.
            PluginError: Several distributions claim it.
        """
        if offer := registry.offers.get(name):
            return offer
        if claims := registry.disputed.get(name):
            raise PluginError(_disputed(registry.kind, name, claims))
        remarks = (how_to_get(name, provider), self._failed_plugins())
        raise UnknownNameError(registry.kind, name, registry.offers, "\n".join(filter(None, remarks)))

    def _failed_plugins(self) -> str:
        if not self.problems:
            return ""
        return "These plugins have problems and may have been meant to provide it:\n" + "\n".join(
            f"  {problem}" for problem in self.problems
        )


def how_to_get(name: str, provider: str) -> str:
    """Say which package a name came from; nothing for our own."""
    if not foreign(provider):
        return ""
    return f"{name} came from the package {provider}, which is not installed here: pip install {provider}"


def foreign(distribution: str) -> str:
    """Give a distribution's name, but nothing for our own, which is always there."""
    return "" if distribution == OWN else distribution


def claimants(claims: Sequence[str]) -> str:
    """Name the distributions that claim a name: ``emseg-a (twice) and emseg-b``."""
    times = {1: "", 2: " (twice)"}
    counted = Counter(claims).items()
    return " and ".join(f"{name}{times.get(count, f' ({count} times)')}" for name, count in counted)


def _disputed(kind: str, name: str, claims: Sequence[str]) -> str:
    if len({*claims}) == 1:
        return (
            f"the {kind} name {name!r} is registered {len(claims)} times by {claims[0]} itself, so it is not "
            f"clear what it stands for; update {claims[0]}, or ask its author for names of their own."
        )
    return (
        f"the {kind} name {name!r} is claimed by {claimants(claims)}; uninstall one of them, or ask its "
        "author for another name."
    )
