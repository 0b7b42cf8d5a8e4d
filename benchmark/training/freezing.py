"""Parameters that keep their pre-trained values."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from ..contracts.errors import TrialError


def freeze(network: nn.Module, prefixes: Sequence[str]) -> None:
    """Switch gradients off for all parameters whose names start with one of `prefixes`.

    Dropout and the statistics of normalisation layers in these parts stay as active as elsewhere.

    Raises:
        TrialError: A prefix fits no parameter, or nothing is left to train.
    """
    names = [name for name, _ in network.named_parameters()]
    for prefix in prefixes:
        if not any(name.startswith(prefix) for name in names):
            parts = dict.fromkeys(name.rpartition(".")[0] for name in names)
            shown = ", ".join(list(dict.fromkeys(".".join(part.split(".")[:2]) for part in parts))[:8])
            raise TrialError(
                f"recipe.freeze names {prefix!r}, but no parameter of this model starts so; it has {shown}. "
                "Name one of these with --set recipe.freeze=[...], or freeze nothing: --set recipe.freeze=[]"
            )
    for name, parameter in network.named_parameters():
        if name.startswith(tuple(prefixes)):
            parameter.requires_grad_(False)
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise TrialError(f"recipe.freeze names {', '.join(prefixes)}: nothing is left to train; name fewer.")
