"""``docs/python.md`` says what the interface is: signatures, columns, names."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import emseg_bench
import pytest
from emseg_bench import Results, TrainedModel
from emseg_bench.api.frames import CASES, CURVES, OF, RELIABILITY, TRIALS

TEXT = (Path(__file__).parents[2] / "docs" / "python.md").read_text()
SIGNATURES = re.sub(r"\s+", " ", TEXT.partition("```text\n")[2].partition("```")[0])


def written(name, function):
    parameters = [
        one.replace(annotation=inspect.Parameter.empty)
        for one in inspect.signature(function).parameters.values()
        if one.name != "self"
    ]
    return f"{name}{inspect.Signature(parameters)}"


FUNCTIONS = {
    name: getattr(emseg_bench, name)
    for name in emseg_bench.__all__
    if inspect.isfunction(getattr(emseg_bench, name))
}
METHODS = {
    f"{type_.__name__}.{name}": method
    for type_ in (Results, TrainedModel)
    for name, method in vars(type_).items()
    if inspect.isfunction(method) and not name.startswith("_")
}


@pytest.mark.parametrize(("name", "function"), {**FUNCTIONS, **METHODS}.items(), ids=[*FUNCTIONS, *METHODS])
def test_signatures_are_the_real_ones(name, function):
    assert written(name, function) in SIGNATURES


def test_no_signature_is_of_something_else():
    named = set(re.findall(r"([\w.]+)\(", SIGNATURES))
    assert named == {*FUNCTIONS, *METHODS}


@pytest.mark.parametrize(
    ("frame", "columns"),
    [("trials", TRIALS), ("cases", CASES), ("curves", CURVES), ("reliability", RELIABILITY)],
)
def test_columns_are_the_real_ones(frame, columns):
    (row,) = re.findall(rf"^\| `{frame}` \|[^|]*\|(.*)\|$", TEXT, re.MULTILINE)
    own = [one for one in re.findall(r"`(\w+)`", row) if one not in ("tp", "fp", "fn", "tn")]
    assert own == [*columns[len(OF) :]]
