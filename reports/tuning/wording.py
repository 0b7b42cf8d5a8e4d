"""Settings as people read them."""

from __future__ import annotations

from collections.abc import Mapping

from ...benchmark.contracts.basics import OptionValue
from ..wording import number


def described(setting: Mapping[str, OptionValue]) -> str:
    """Write a setting in full: ``recipe.crop=64, recipe.learning_rate=0.001``."""
    return ", ".join(f"{key}={value}" for key, value in sorted(setting.items()))


def shortly(setting: Mapping[str, OptionValue]) -> str:
    """Write it with three digits of each number, and without ``recipe.``."""
    return ", ".join(f"{short_key(key)}={short(value)}" for key, value in sorted(setting.items()))


def short_key(key: str) -> str:
    """Name a setting in a table or figure: ``learning_rate``, ``model.dropout``."""
    return key.removeprefix("recipe.")


def short(value: OptionValue) -> str:
    """Write a value of a setting."""
    return number(value) if isinstance(value, float) else str(value)
