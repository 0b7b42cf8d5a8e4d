"""Parameters of search spaces by themselves: what is wrong with one, its values, and its words for people."""

from __future__ import annotations

from collections.abc import Iterator
from math import isclose, isfinite
from typing import Final

from ..contracts.basics import OptionValue
from ..contracts.searching import Choice, FloatRange, IntRange, Parameter
from ..files.printable import brief
from ..files.wording import counted

MOST_CHOICES: Final = 1000
SINGLE: Final = "a single value is set by --set, or as the model's option"


def parameter_fault(parameter: object) -> str:
    """Say what is wrong with a parameter, whatever it is of, or nothing: ``got ..., expected ...``."""
    if isinstance(parameter, Choice):
        return next(_choice_faults(parameter), "")
    if isinstance(parameter, FloatRange | IntRange):
        return next(_range_faults(parameter), "")
    return f"got {brief(repr(parameter))}, expected a FloatRange, an IntRange or a Choice"


def parameter_words(parameter: Parameter) -> str:
    """Say what may be tried: ``0.0002 to 0.02 (log)``, ``4 to 16 by 4``, ``mirror | zero``."""
    if isinstance(parameter, Choice):
        return " | ".join(map(_plain, parameter.choices))
    step = parameter.step if isinstance(parameter, FloatRange) or parameter.step != 1 else None
    by = f" by {_plain(step)}" if step else ""
    return f"{_plain(parameter.low)} to {_plain(parameter.high)}{by}{' (log)' if parameter.log else ''}"


def tried_values(parameter: Parameter) -> tuple[OptionValue, ...]:
    """Give the ends of a range, or all choices: if these can be used, so can what lies between."""
    return parameter.choices if isinstance(parameter, Choice) else (parameter.low, parameter.high)


def _choice_faults(choice: Choice) -> Iterator[str]:
    values = choice.choices
    if not isinstance(values, tuple) or not all(isinstance(one, OptionValue) for one in values):
        yield f"got the choices {brief(repr(values))}, expected texts, numbers or truth values"
        return
    if any(isinstance(one, float) and not isfinite(one) for one in values):
        yield f"got the choices {brief(repr(values))}, expected numbers that are finite"
    if twice := [one for place, one in enumerate(values) if one in values[:place]]:
        yield f"got the choice {brief(_plain(twice[0]))} twice, expected each once"
    if not 2 <= len(values) <= MOST_CHOICES:
        one = f"; {SINGLE}" if len(values) == 1 else ""
        yield f"got {counted(len(values), 'choice')}, expected 2 to {MOST_CHOICES:,}{one}"


def _range_faults(range_: FloatRange | IntRange) -> Iterator[str]:
    numbers = {"low": range_.low, "high": range_.high} | (
        {} if range_.step is None else {"step": range_.step}
    )
    kinds = (int,) if isinstance(range_, IntRange) else (int, float)
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, kinds) or not isfinite(number):
            what = "a whole number" if isinstance(range_, IntRange) else "a number that is finite"
            yield f"got {name}={brief(repr(number))}, expected {what}"
            return
    low, high, step = range_.low, range_.high, range_.step
    if low >= high:
        same = f"; {SINGLE}" if low == high else ""
        yield f"got low={_plain(low)} and high={_plain(high)}, expected low to be less than high{same}"
    elif range_.log and low <= 0:
        yield f"got low={_plain(low)} with log: true, expected more than 0, for 0 has no logarithm"
    elif range_.log and step not in (None, 1):
        yield f"got step={_plain(step)} with log: true, expected one of both"
    elif step is not None and step <= 0:
        yield f"got step={_plain(step)}, expected more than 0"
    elif step is not None and not _divides(step, high - low):
        last = _plain(low + max((high - low) // step, 1) * step)
        between = f"from {_plain(low)} to {_plain(high)}"
        yield f"got step={_plain(step)} {between}, expected it to end there; say high={last}, or another step"


def _divides(step: float, length: float) -> bool:
    return isclose(length / step, round(length / step), abs_tol=1e-8) and round(length / step) >= 1


def _plain(value: OptionValue | None) -> str:
    """Write a value shortly, and truth values as YAML does."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)
