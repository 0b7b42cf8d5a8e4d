"""Settings that people change one by one: reading ``--set`` and naming what differs from a preset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..contracts.errors import UsageError
from ..files.printable import brief
from ..files.texts import parse_yaml
from ..plugins.references import split_list
from .named import NAMED

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

MOST_PARTS = 8
"""Of a key, between its dots."""
UNTOLD = frozenset({"name", "precision"})
"""Keys that are told elsewhere; so is a protocol's rule for volumes, which metrics and primary follow."""


def parse_settings(settings: Sequence[str], heads: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Turn ``recipe.augmentation.noise=0.1`` into nested mappings.

    Where something is named and options of it are changed, in whatever order, both stand there: the name,
    and the mapping of options behind it.

    Args:
        settings: What was given with ``--set``.
        heads: What a key may begin with.

    Raises:
        UsageError: A setting has another form, or a key is set twice, or as a whole and in parts.
    """
    changes: dict[str, Any] = {}
    said: dict[str, str] = {}
    for setting in sorted(settings, key=_depth):
        path, equals, text = setting.partition("=")
        if said.setdefault(path.strip(), text.strip()) != text.strip():
            raise UsageError(
                f"--set changes {path.strip()} twice, to {said[path.strip()]} and to {text.strip()}; say one."
            )
        head, *rest = path.strip().split(".")
        if not equals or not all(rest) or not 0 < len(rest) < MOST_PARTS or head not in heads:
            expected = " or ".join(f"--set {name}.KEY=VALUE" for name in heads)
            raise UsageError(f"got --set {brief(setting)}, expected {expected}.")
        _put(changes, [head, *rest], _value(brief(setting), text))
    return changes


def _depth(setting: str) -> int:
    return setting.partition("=")[0].count(".")


def _put(changes: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Put a value below the keys of a path."""
    below, (*parents, last) = changes, path
    for place, key in enumerate(parents, 1):
        held = below.setdefault(key, {})
        if isinstance(held, str) and place == len(parents) and key in NAMED:
            held = below[key] = (held, {})
        if not isinstance(held, dict | tuple):
            raise UsageError(
                f"--set changes {'.'.join(path[:place])} as a whole, to {brief(str(held))}, and "
                f"{'.'.join(path)} of it; say one."
            )
        below = held[1] if isinstance(held, tuple) else held
    below[last] = value


def _value(shown: str, text: str) -> Any:
    try:
        return parse_yaml(text, f"the value of --set {shown}", UsageError)
    except UsageError as error:
        remedy = 'In a list, quote what holds brackets: [iou, "nsd[tolerance_nm=20]"].'
        raise UsageError(f"{error} {remedy}" if "[" in text else str(error)) from error


def with_lists(protocol: Mapping[str, Any]) -> dict[str, Any]:
    """Split what is written as ``iou,dice`` where a protocol has a list of references.

    Raises:
        UsageError: An item is empty.
    """
    lists = {key: protocol[key] for key in ("metrics", "postprocess") if isinstance(protocol.get(key), str)}
    return {**protocol, **{key: split_list(text) for key, text in lists.items()}}


def describe_changes(settings: DataclassInstance, base: DataclassInstance | None) -> list[str]:
    """List what differs from a preset: ``iterations=300``; everything without one."""
    before = _flat(asdict(base)) if base else {}
    return [
        f"{key}={'+'.join(map(str, value)) if isinstance(value, tuple) else value}"
        for key, value in _flat(asdict(settings)).items()
        if key not in UNTOLD and not key.startswith("volumes") and before.get(key) != value
    ]


def _flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in data.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat
