"""How much of a network trains: parameters are frozen, frozen parts stay still, adapters are put in.

What is frozen of a backbone is in evaluation mode while the rest trains: dropout is off, and the statistics
of batch normalisation stay as they are, so that equal images give equal features at every step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from torch import nn

from ..contracts.errors import TrialError
from ..contracts.records import ModelSpec
from ..experiments.regimes import ALL, Regime, parse_regime
from ..weights.low_rank import Factors
from .adapters import Adapters
from .blocks import blocks_of


class Training:
    """A network of which not everything need train.

    Args:
        network: On its device, with the weights that it starts from; its parameters' flags are changed, and
            ``lora`` puts adapters into it until `finish`.
        model: Says how much trains, and what its backbone is.

    Raises:
        TrialError: The network has no such part.
    """

    def __init__(self, network: nn.Module, model: ModelSpec) -> None:
        regime = parse_regime(model.train)
        self._still: tuple[nn.Module, ...] = ()
        self._adapters: Adapters | None = None
        if regime.way == ALL:
            return
        moving = _freeze(network, regime, model.backbone)
        if regime.way == "lora":
            self._adapters = Adapters(network, model.backbone, regime.rank, regime.alpha)
        self._still = tuple(
            module
            for name, module in network.named_modules()
            if f"{name}.".startswith(model.backbone) and module not in moving
        )

    def hold_still(self) -> None:
        """Put what is frozen back into evaluation mode, after all of the network was told to train."""
        for module in self._still:
            module.training = False

    def as_tested(self) -> AbstractContextManager[None]:
        """Let the network be what is tested: itself, without adapters but with what they add."""
        return self._adapters.merged() if self._adapters else nullcontext()

    def idle_in(self, run: Callable[[], object]) -> list[str]:
        """Name layers with adapters that a pass through the network does not call, but reads."""
        return self._adapters.idle_in(run) if self._adapters else []

    def finish(self) -> dict[str, Factors]:
        """Make the network what is tested for good; give what adapters have added, by names of weights."""
        if self._adapters is None:
            return {}
        self._adapters.merge()
        return self._adapters.factors()


def _freeze(network: nn.Module, regime: Regime, prefixes: Sequence[str]) -> set[nn.Module]:
    """Switch gradients off for all of the backbone but what trains; give the modules that do."""
    modules = {
        name: module for name, module in network.named_modules() if f"{name}.".startswith(tuple(prefixes))
    }
    moving = _moving(network, modules, regime, prefixes)
    training = {id(one) for module in moving for one in module.parameters(recurse=False)}
    named = [(name, one) for name, one in network.named_parameters() if name.startswith(tuple(prefixes))]
    if not named:
        raise TrialError(
            f"no parameter of the network is of its backbone, {', '.join(prefixes)}; mend ModelCard.backbone."
        )
    for _, parameter in named:
        if id(parameter) not in training:
            parameter.requires_grad_(False)
    if not any(parameter.requires_grad for parameter in network.parameters()) and regime.way != "lora":
        raise TrialError("all parameters of the network are of its backbone; mend ModelCard.backbone.")
    return moving


def _moving(
    network: nn.Module, modules: dict[str, nn.Module], regime: Regime, prefixes: Sequence[str]
) -> set[nn.Module]:
    """Give the modules of the backbone whose own parameters train."""
    if regime.way == "norm":
        found = {module for module in modules.values() if is_normalisation(module)}
        if not found:
            raise TrialError(
                "train=norm: the backbone has no normalisation layers with scales and shifts; "
                "train=head trains the same."
            )
        return found
    if regime.way == "last":
        blocks = [*blocks_of(network, prefixes)]
        if regime.blocks > len(blocks):
            raise TrialError(f"train={regime}: the backbone has {len(blocks)} blocks; ask for no more.")
        names = [*modules]
        return {modules[name] for name in names[names.index(blocks[-regime.blocks]) :]}
    return set()


def is_normalisation(module: nn.Module) -> bool:
    """Tell a normalisation layer, of whatever library, by its name and by scales or shifts of its own."""
    own = [*module.parameters(recurse=False)]
    return "norm" in type(module).__name__.lower() and bool(own) and all(one.ndim <= 1 for one in own)
