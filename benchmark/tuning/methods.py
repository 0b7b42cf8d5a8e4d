"""What optuna offers, by name with typed options: the cards of samplers and pruners, and looking one up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..contracts.basics import OptionValue
from ..contracts.errors import UnknownNameError
from ..plugins.references import parse_method, written

if TYPE_CHECKING:
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplerCard:
    """A way to choose the next setting; asked for as ``name`` or ``name[option=value,...]``."""

    name: str
    description: str
    factory: Callable[[Mapping[str, Any], int], BaseSampler]
    """Of complete options and a seed; imports optuna when it is called."""
    options: type[Any] | None = None
    several_objectives: bool = True
    """Whether it looks for a Pareto front."""
    learns_from_choices: bool = True
    """Whether it learns from values that have no order, too."""
    citation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunerCard:
    """A way to end trials that will not be good; asked for as ``name`` or ``name[option=value,...]``."""

    name: str
    description: str
    factory: Callable[[Mapping[str, Any], int], BasePruner]
    """Of complete options and the number of validations of a trial."""
    options: type[Any] | None = None
    citation: str | None = None


C = TypeVar("C", SamplerCard, PrunerCard)


@dataclass(frozen=True, slots=True)
class TuningMethod(Generic[C]):
    """A sampler or pruner with its options."""

    card: C
    options: Mapping[str, OptionValue]
    """Complete."""
    reference: str
    """Written with all options, so that it is the same whatever later defaults are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningMethods(Generic[C]):
    """All samplers, or all pruners: they are optuna's, and no plugins."""

    key: str
    """What one is called in commands: ``describe sampler``."""
    plural: str
    """The verb of ``list`` that shows them."""
    summary: str
    cards: Mapping[str, C]
    """By name, the default first."""

    def find(self, text: str) -> TuningMethod[C]:
        """Look a reference up: ``tpe[startup=5]``.

        Raises:
            UsageError: The reference or an option is wrong.
            UnknownNameError: There is none of that name.
        """
        from ..plugins.asked import complete_options  # lists, which are to come at once, do without pydantic

        reference = parse_method(text, self.key)
        card = self.cards.get(reference.name)
        if card is None:
            raise UnknownNameError(self.key, reference.name, self.cards)
        options = complete_options(card, reference.options)
        return TuningMethod(card, options, written(card.name, options))
