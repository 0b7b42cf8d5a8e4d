"""Low-rank additions to a backbone's weights: LoRA (Hu et al. 2022, arXiv:2106.09685), by the library peft.

While a network trains, layers of peft's stand in the places of its own and hold them.  Validation, and all
that follows training, sees the network's own layers in their places, with what was learnt added to their
weights.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from torch import nn

from ..contracts.errors import TrialError
from ..weights.low_rank import Factors, merged_weight

NAME: Final = "default"
"""What peft calls a set of adapters."""
SEPARATE: Final = "qkv_bias_separate"
"""timm's switch: whether biases are added to what a layer gives, or put into one product with its weight."""


class Adapters:
    """Puts adapters into a network.

    Which parameters train beside them is left to the caller: the flags of those that are there stay.

    Args:
        network: Whole, on its device.
        prefixes: Beginnings of the names of the backbone's parameters.
        rank: Of the adapters.
        alpha: What they give is multiplied by ``alpha / rank``.

    Raises:
        TrialError: The backbone has no layers that can be adapted.
    """

    def __init__(self, network: nn.Module, prefixes: Sequence[str], rank: int, alpha: float) -> None:
        from peft import LoraConfig, inject_adapter_in_model
        from peft.tuners.lora import LoraLayer

        names = adapted_layers(network, prefixes)
        before = {id(one): one.requires_grad for one in network.parameters()}
        config: Any = LoraConfig(
            r=rank, lora_alpha=alpha, lora_dropout=0.0, bias="none", target_modules=_exactly(names)
        )
        inject_adapter_in_model(config, network, NAME)
        del network.peft_config
        for one in network.parameters():  # peft has frozen the head, too
            one.requires_grad_(before.get(id(one), True))
        self._network = network
        self._fused = [module for module in network.modules() if getattr(module, SEPARATE, None) is False]
        self._separate(on=True)
        self._layers: dict[str, Any] = {
            name: layer for name, layer in network.named_modules() if isinstance(layer, LoraLayer)
        }

    def factors(self) -> dict[str, Factors]:
        """Give what is added to weights, by the names of these."""
        return {
            f"{name}.weight": Factors(
                layer.lora_A[NAME].weight.detach(), layer.lora_B[NAME].weight.detach(), layer.scaling[NAME]
            )
            for name, layer in self._layers.items()
        }

    @contextmanager
    def merged(self) -> Iterator[None]:
        """Let the network have its own layers, with the additions in their weights, and then the adapters."""
        own = {name: layer.get_base_layer() for name, layer in self._layers.items()}
        plain = {name: layer.weight for name, layer in own.items()}
        self.merge()
        try:
            yield
        finally:
            self._separate(on=True)
            for name, layer in self._layers.items():
                own[name].weight = plain[name]
                self._network.set_submodule(name, layer)

    def merge(self) -> None:
        """Give the network its own layers for good, with the additions in their weights."""
        for (name, layer), factors in zip(self._layers.items(), self.factors().values(), strict=True):
            own = layer.get_base_layer()
            own.weight = nn.Parameter(merged_weight(own.weight.detach(), factors), requires_grad=False)
            self._network.set_submodule(name, own)
        self._separate(on=False)

    def _separate(self, *, on: bool) -> None:
        """Have timm's attention in EVA, BEiT and Swin v2 call its layers, in place of reading weights."""
        for module in self._fused:
            setattr(module, SEPARATE, on)

    def idle_in(self, run: Callable[[], object]) -> list[str]:
        """Name adapted layers that a pass through the network does not call, so that adapters do nothing."""
        called = set[str]()
        hooks = [
            layer.register_forward_pre_hook(lambda *_, name=name: called.add(name))
            for name, layer in self._layers.items()
        ]
        try:
            run()
        finally:
            for hook in hooks:
                hook.remove()
        return [name for name in self._layers if name not in called]


def adapted_layers(network: nn.Module, prefixes: Sequence[str]) -> list[str]:
    """Name the layers of a backbone that take adapters: the linear ones, or where it has none convolutions.

    Left out are classes of layers of somebody's own, which may do more with their weights than a product, and
    convolutions in groups or with gaps, which peft cannot adapt.

    Raises:
        TrialError: There are none.
    """
    within = [
        (name, module) for name, module in network.named_modules() if f"{name}.".startswith(tuple(prefixes))
    ]
    linear = [name for name, module in within if type(module) is nn.Linear]
    if found := linear or [name for name, module in within if _is_plain_convolution(module)]:
        return found
    raise TrialError(
        "train=lora: the backbone has neither linear layers nor plain convolutions; say another way to train."
    )


def _is_plain_convolution(module: nn.Module) -> bool:
    return (
        type(module) is nn.Conv2d
        and module.groups == 1
        and set(module.dilation) == {1}
        and module.padding_mode == "zeros"
    )


def _exactly(names: Sequence[str]) -> str:
    """Write the pattern of these names alone: in a list peft would look for ends of names."""
    return "|".join(map(re.escape, names))
