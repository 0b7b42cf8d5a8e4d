"""Reads resume points, which may be anybody's: no code, no more than is stored, shapes as here."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from ..weights.reading import read_content

_KEPT_PER_PARAMETER: Mapping[type[Optimizer], frozenset[str]] = {
    AdamW: frozenset({"step", "exp_avg", "exp_avg_sq"}),
    Adam: frozenset({"step", "exp_avg", "exp_avg_sq"}),
    SGD: frozenset({"momentum_buffer"}),
}
"""What optimisers hold of each parameter once they have taken a step; others are believed."""


def read_point(path: Path) -> Mapping[str, Any]:
    """Read what a resume point holds.

    Raises:
        EmsegError: It is no such file, would run code, or announces more than it holds.
        ValueError: It is a link, or a part of it is not what was written; others say so with other errors.
    """
    if path.is_symlink():
        raise ValueError("it is a link")
    content = read_content(path)
    with ZipFile(path) as archive:  # torch believes the bytes of tensors
        if member := archive.testzip():
            raise ValueError(f"{member} is not what was written")
    if not isinstance(content, dict):
        raise TypeError(f"it holds {type(content).__name__}")
    return content


def check_alike(found: object, own: object, name: str) -> None:
    """Hold what was found to what this training would save in its place.

    Args:
        found: Of a resume point.
        own: What there is before the first step: an empty mapping or list, or None, may have become anything.
        name: Of it, for the message.

    Raises:
        ValueError: It is of another type or shape.
        TypeError: It is no list.
    """
    if isinstance(own, Tensor):
        _check_tensor(found, own, name)
    elif isinstance(own, Mapping):
        if not isinstance(found, Mapping) or (own and found.keys() != own.keys()):
            raise ValueError(f"its {name} has other entries")
        for key in own:
            check_alike(found[key], own[key], f"{name}.{key}")
    elif isinstance(own, list | tuple):
        if not isinstance(found, list | tuple):
            raise TypeError(f"its {name} is no list")
        for one, other in zip(found, own, strict=False):
            check_alike(one, other, name)
    elif own is not None and _kind(found) != _kind(own):
        raise ValueError(f"its {name} is a {type(found).__name__}")


def check_optimiser(state: Mapping[str, Any], optimiser: Optimizer) -> None:
    """Hold an optimiser's state to the parameters that it is of, as far as the optimiser is known.

    Raises:
        ValueError: It is of others.
    """
    expected = _KEPT_PER_PARAMETER.get(type(optimiser))
    if expected is None:
        return
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    for index, kept in state["state"].items():
        if kept.keys() - expected or (kept.keys() != expected and type(optimiser) is not SGD):
            raise ValueError("its optimiser keeps something else")
        for value in kept.values():
            if isinstance(value, Tensor) and value.numel() > 1 and value.shape != parameters[index].shape:
                raise ValueError("its optimiser keeps tensors of other shapes")


def check_state(state: Mapping[str, Any], network: nn.Module | None) -> None:
    """Hold what training knows beside its weights to what it could know.

    Args:
        state: Of the resume point.
        network: Whose best weights are kept; None: none are.

    Raises:
        ValueError: It could not.
    """
    for name in (
        "best_iteration",
        "resumed",
        "dropped",
        "compiled",
        "train_seconds",
        "validation_seconds",
        "compile_seconds",
    ):
        if not (isfinite(state[name]) and state[name] >= 0):
            raise ValueError(f"its {name} is {state[name]}")
    best = state["best_score"]
    if best is not None and not (isinstance(best, float) and isfinite(best)):
        raise ValueError("its best score is none")
    weights = state["best_weights"]
    if bool(weights) != bool(state["best_iteration"]) or (weights and network is None):
        raise ValueError("its best weights are none")
    if weights and network is not None:
        check_alike(weights, network.state_dict(), "best weights")


def _check_tensor(found: object, own: Tensor, name: str) -> None:
    if not isinstance(found, Tensor) or (found.dtype, found.shape) != (own.dtype, own.shape):
        raise ValueError(f"its {name} has another type or shape")
    if found.layout != own.layout or not found.isfinite().all():
        raise ValueError(f"its {name} is not dense and finite")


def _kind(value: object) -> type:
    """Tell numbers, truth values and texts apart; what counts may be kept as a number of either kind."""
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)
