"""Expressions from outside find what they should, or end in time."""

from __future__ import annotations

import time

import pytest
from emseg_bench.benchmark.files import patterns
from emseg_bench.benchmark.files.patterns import PatternError, first_groups


def test_groups_are_found_as_written() -> None:
    names = ["mouse1_a", "mouse1_b", "mouse22_a", "rat_a"]
    found = first_groups("^(mouse[0-9]+)_", names)
    assert found == {"mouse1_a": "mouse1", "mouse1_b": "mouse1", "mouse22_a": "mouse22"}


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("(m[0-9]+", "no regular expression"),
        ("m[0-9]+", "0 groups"),
        ("(a)(b)", "2 groups"),
        ("(" + "a" * 600 + ")", "602 characters"),
        ("(" * 200 + "a" + ")" * 200, "200 groups"),
        ("(?:" * 5000, "15,000 characters"),
    ],
)
def test_what_is_none_is_refused(expression: str, words: str) -> None:
    with pytest.raises(PatternError, match=words):
        first_groups(expression, ["abc"])


@pytest.mark.parametrize("expression", ["^(?:(?:a|aa)+)+(b)$", r"^(?:\w+\s?)*(b)$", "(x+x+)+y"])
def test_what_never_ends_is_stopped(expression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "SECONDS", 0.3)
    begun = time.monotonic()
    names = [letter * 5000 + "!" for letter in "ax"] * 50
    try:
        first_groups(expression, names)
    except PatternError as refusal:
        assert "has not come to an end" in str(refusal)  # noqa: PT017 - the engine may see through it
    assert time.monotonic() - begun < 30
