"""What each installed distribution brings as a plugin, what it costs at every start, what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .kinds import KINDS
from .loading import Plugins
from .registry import OWN, Catalogue, Problem

SLOW_MS = 200.0
"""An import that takes longer is slow: every command waits for it."""

TRIAL_EVENTS = ("emseg_trial_started", "emseg_trial_event", "emseg_trial_finished")


@dataclass(frozen=True, slots=True)
class Surveyed:
    """One distribution with plugins."""

    distribution: str
    version: str
    import_ms: float
    """All its plugin modules together."""
    offers: Mapping[str, tuple[str, ...]]
    """Names by kind; those that it claims in vain are among the problems."""
    trial_events: tuple[str, ...]
    """The events of trials that it hears."""
    problems: tuple[Problem, ...]

    @property
    def slow(self) -> bool:
        """Whether its import keeps every command waiting."""
        return self.import_ms > SLOW_MS


def survey_plugins(plugins: Plugins) -> tuple[Surveyed, ...]:
    """Look at every distribution that was loaded, our own first."""
    names = {one.distribution: one.version for one in plugins.loaded}
    ordered = sorted(names, key=lambda name: (name != OWN, name))
    return tuple(_survey(name, names[name], plugins) for name in ordered)


def _survey(distribution: str, version: str, plugins: Plugins) -> Surveyed:
    loaded = [one for one in plugins.loaded if one.distribution == distribution]
    hooks = {hook for one in loaded for hook in one.hooks}
    return Surveyed(
        distribution=distribution,
        version=version,
        import_ms=1000 * sum(one.import_seconds for one in loaded),
        offers=dict(_offers(plugins.catalogue, distribution)),
        trial_events=tuple(event for event in TRIAL_EVENTS if event in hooks),
        problems=tuple(
            problem for problem in plugins.catalogue.problems if problem.distribution == distribution
        ),
    )


def _offers(catalogue: Catalogue, distribution: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for kind in KINDS:
        offers = catalogue.registry(kind).offers.items()
        if names := tuple(sorted(name for name, offer in offers if offer.distribution == distribution)):
            yield kind.noun, names
