"""Which executor runs the trials, with which options: those asked for, then those that files give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ..contracts.basics import OptionValue
from ..contracts.cards import ExecutorCard
from ..contracts.errors import UsageError
from ..contracts.running import Executor, Runtime
from ..files.regular import shown
from ..plugins.asked import complete_options
from ..plugins.lazy import resolve
from ..plugins.references import parse_method, written
from ..plugins.registry import Catalogue, Offer
from ..plugins.strangers import blaming
from .site import Default, site_defaults


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenExecutor:
    """An executor with its options."""

    offer: Offer[ExecutorCard]
    options: Mapping[str, OptionValue]
    """Complete, defaults included."""
    label: str
    """Name, and what was asked for or a file gives: ``slurm[gpus=1,partition=gpu]``."""
    notes: tuple[str, ...]
    """What must be said before it starts."""

    @property
    def elsewhere(self) -> bool:
        """Whether trials may run on other machines."""
        return self.offer.card.elsewhere

    def make(self, runtime: Runtime) -> Executor:
        """Make it.

        Raises:
            PluginError: Code of a plugin's failed.
            UsageError: It cannot work here, or not so.
        """
        with blaming(self.offer, "starting it"):
            factory: Any = resolve(self.offer.card.factory, self.offer)
            executor: Executor = factory(runtime, **self.options)
        return executor


def choose_executor(text: str, catalogue: Catalogue) -> ChosenExecutor:
    """Look an executor up.

    Args:
        text: ``NAME`` or ``NAME[OPTION=VALUE,...]``.
        catalogue: What the plugins offer.

    Raises:
        UsageError: There is none of that name, or an option is wrong; says in which file, if it is one's.
    """
    reference = parse_method(text, "executor")
    offer = catalogue.find(catalogue.executors, reference.name)
    found = site_defaults(reference.name, catalogue.executors.offers)
    _check(found, offer.card)
    of_files = {name: default for name, default in found.items() if name not in reference.options}
    given = {**{name: default.value for name, default in of_files.items()}, **reference.options}
    label = written(reference.name, given)
    origins = "".join(f"; {', '.join(names)} by {path}" for path, names in _by_file(of_files).items())
    return ChosenExecutor(
        offer=offer,
        options=complete_options(offer.card, given),
        label=label,
        notes=(f"executor {label}{origins}",) if given or offer.card.elsewhere else (),
    )


def _check(found: Mapping[str, Default], card: ExecutorCard) -> None:
    """Check what files say by itself, so that an error names the file."""
    for path, names in _by_file(found).items():
        try:
            complete_options(card, {name: found[name].value for name in names})
        except UsageError as error:
            raise UsageError(f"{path}: {error}") from error


def _by_file(found: Mapping[str, Default]) -> dict[str, list[str]]:
    names = sorted(found, key=lambda name: str(found[name].path))
    return {path: list(group) for path, group in groupby(names, key=lambda name: shown(found[name].path))}
