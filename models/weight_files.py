"""Reading weight files of unknown origin, and putting them into a model without guessing.

Nothing here runs code from a file: PyTorch files are read with ``weights_only=True``, all others must
be safetensors.  Importing this module does not import torch, for planning uses it too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from ..benchmark.errors import WeightsError

if TYPE_CHECKING:
    from torch import Tensor, nn

WRAPPER_PREFIX = "module."
"""Put before every name by PyTorch's data-parallel wrappers."""
_NAMES_SHOWN = 3


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
        found = "a folder" if path.is_dir() else "nothing"
        raise WeightsError(f"{model}@file: expected a weight file at {path}, found {found}; check the path")
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
    content = _read_torch(path) if _is_torch(_start(path)) else _read_safetensors(path)
    state = _only_tensors(content, path, ignored)
    _check_finite(state, path)
    if all(name.startswith(WRAPPER_PREFIX) for name in state):
        state = {name.removeprefix(WRAPPER_PREFIX): tensor for name, tensor in state.items()}
    return state


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
    if problems := _differences(given, expected):
        raise WeightsError(f"{path} does not fit the model: {'; '.join(problems)}")
    model.load_state_dict(given, strict=False)
    return len(given)


def shorten(names: Collection[str]) -> str:
    """Write the first few of `names`, and how many there are if that is not all."""
    shown = ", ".join(sorted(names)[:_NAMES_SHOWN])
    return shown if len(names) <= _NAMES_SHOWN else f"{shown}, ... ({len(names)} in all)"


def _differences(given: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> list[str]:
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


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            start = file.read(9)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}") from error
    if not start:
        raise WeightsError(f"{path} is empty, expected a weight file; copy or fetch it again")
    return start


def _is_torch(start: bytes) -> bool:
    """A zip archive or an old pickle; safetensors start with 8 bytes of length and ``{``."""
    return start[8:] != b"{" and start.startswith((b"PK", b"\x80"))


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    try:
        state: dict[str, Tensor] = load_file(path)
    except Exception as error:  # whatever a damaged file makes the parser stumble over
        raise WeightsError(
            f"{path} is neither a PyTorch weight file nor a whole safetensors file ({error}); "
            "if it should be one, copy or fetch it again"
        ) from error
    return state


def _read_torch(path: Path) -> object:
    import warnings
    from pickle import UnpicklingError

    import torch

    try:
        with warnings.catch_warnings(action="ignore"):  # about unusual pickles, which load or raise anyway
            return torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise WeightsError(
            f"{path} holds Python objects other than tensors, which could run code when loaded, or is no "
            "weight file; it was not loaded. Save the bare weights with "
            "torch.save(model.state_dict(), path) where you trust the file"
        ) from error
    except Exception as error:  # whatever a damaged file makes the parser stumble over
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise WeightsError(
            f"{path} is damaged or not a PyTorch weight file ({reason}); copy or fetch it again"
        ) from error


def _only_tensors(content: object, path: Path, ignored: Collection[str]) -> dict[str, Tensor]:
    if not isinstance(content, Mapping) or not content:
        raise WeightsError(
            f"{path} holds {_describe(content)}, expected tensors by name; save model.state_dict()"
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


def _describe(content: object) -> str:
    return "nothing" if isinstance(content, Mapping) else f"a {type(content).__name__}"


def _check_finite(state: Mapping[str, Tensor], path: Path) -> None:
    broken = [name for name, tensor in state.items() if not tensor.isfinite().all()]
    if broken:
        raise WeightsError(
            f"{path} holds NaN or infinite values in {shorten(broken)}; the training it came from diverged, "
            "or the file is damaged"
        )
