"""From weight files of unknown origin to a model's tensors, without guessing.

Importing this module does not import torch, for planning uses it too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from ..benchmark.contracts.errors import WeightsError
from ..benchmark.files.regular import shown, what_is_at
from ..benchmark.weights.reading import check_finite, describe_content, read_content, shorten

if TYPE_CHECKING:
    from torch import Tensor, nn

WRAPPER_PREFIX = "module."
"""Put before every name by PyTorch's data-parallel wrappers."""


def local_file(location: str | None, model: str) -> Path:
    """Give the weight file that a user named, checked for being there.

    Args:
        location: What follows ``file:`` in a model reference.
        model: The model's name, for the message.

    Raises:
        WeightsError: No location was given, or there is no file.
    """
    if not location:
        raise WeightsError(f"{model}@file does not say which file; write {model}@file:/path/to/weights.pt")
    path = Path(location).expanduser().resolve()
    if not path.is_file():
        raise WeightsError(
            f"{model}@file: expected a weight file at {shown(path)}, found {what_is_at(path)}; check the path"
        )
    return path


def read_state_dict(path: Path, ignored: Collection[str] = ()) -> dict[str, Tensor]:
    """Read a PyTorch ``state_dict`` or a safetensors file onto the CPU.

    The kind is told from the content, not from the file's name; the prefix that data-parallel
    wrappers leave before all names is taken off.

    Args:
        path: The file.
        ignored: Entries that may be there and are not weights.

    Raises:
        WeightsError: The file is damaged, holds anything but finite tensors by name, or would run
            code when loaded.
    """
    content = read_content(path)
    state = without_wrapper(_only_tensors(content, path, ignored))
    check_finite(state, path)
    return state


def tensors_by_name(content: object, ignored: Collection[str] = ()) -> dict[str, Tensor] | None:
    """Give what `read_content` found as a ``state_dict`` without a wrapper's prefix; None if it is none."""
    if not isinstance(content, Mapping) or not content:
        return None
    entries = {str(name): value for name, value in content.items() if name not in ignored}
    return without_wrapper(entries) if all(_is_dense(value) for value in entries.values()) else None


def without_wrapper(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Take the prefix of data-parallel wrappers off, if all names have it."""
    wrapped = all(name.startswith(WRAPPER_PREFIX) for name in state)
    return {name.removeprefix(WRAPPER_PREFIX) if wrapped else name: value for name, value in state.items()}


def load_matching(
    model: nn.Module, state: Mapping[str, Tensor], path: Path, leave_out: Callable[[str], bool]
) -> int:
    """Copy `state` into the model's tensors of the same names; return how many were loaded.

    Args:
        model: Changed in place, and only if everything fits.
        state: Tensors by name.
        path: Where they came from, for the message.
        leave_out: Says of a name that it is neither taken from the file nor expected in it.

    Raises:
        WeightsError: Names or shapes differ; the message lists the first of each kind.
    """
    given = {name: tensor for name, tensor in state.items() if not leave_out(name)}
    expected = {name: tensor for name, tensor in model.state_dict().items() if not leave_out(name)}
    if problems := differences(given, expected):
        raise WeightsError(f"{path} does not fit the model: {'; '.join(problems)}")
    model.load_state_dict(given, strict=False)
    return len(given)


def differences(given: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> list[str]:
    """Say in which names and shapes two sets of tensors differ; the first few of each kind."""
    reshaped = [
        f"{name} {tuple(given[name].shape)} instead of {tuple(expected[name].shape)}"
        for name in given.keys() & expected.keys()
        if given[name].shape != expected[name].shape
    ]
    kinds = {
        "missing in the file": expected.keys() - given.keys(),
        "unknown to the model": given.keys() - expected.keys(),
        "of another shape": reshaped,
    }
    return [f"{kind}: {shorten(names)}" for kind, names in kinds.items() if names]


def _only_tensors(content: object, path: Path, ignored: Collection[str]) -> dict[str, Tensor]:
    if not isinstance(content, Mapping) or not content:
        raise WeightsError(
            f"{path} holds {describe_content(content)}, expected tensors by name; save model.state_dict()"
        )
    entries = {str(name): value for name, value in content.items() if name not in ignored}
    if others := [name for name, value in entries.items() if not _is_dense(value)]:
        raise WeightsError(
            f"{path} holds more than dense tensors by name: {shorten(others)}. "
            "It may be a training checkpoint; save model.state_dict() alone"
        )
    return entries


def _is_dense(value: object) -> TypeGuard[Tensor]:
    import torch

    if not isinstance(value, torch.Tensor):
        return False
    return value.layout == torch.strided and not (value.is_quantized or value.is_meta)
