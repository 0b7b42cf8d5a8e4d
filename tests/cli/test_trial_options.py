"""The verbs that run trials offer one set of options, each declared once."""

from __future__ import annotations

import inspect

from emseg_bench.cli import trial_options
from emseg_bench.cli.running import run
from emseg_bench.cli.tuning import tune

VERBS = {"run": inspect.get_annotations(run), "tune": inspect.get_annotations(tune)}
SHARED = {f"trial_options.{name}" for name in vars(trial_options) if name.endswith("Option")}


def test_what_both_verbs_take_is_declared_once():
    in_both = VERBS["run"].keys() & VERBS["tune"].keys() - {"return"}
    for name in in_both:
        assert VERBS["run"][name] == VERBS["tune"][name]
        assert VERBS["run"][name].endswith("Option"), f"{name} is declared in both verbs"


def test_both_verbs_take_all_that_is_shared():
    assert len(SHARED) > 15
    for taken in VERBS.values():
        assert {*taken.values()} >= SHARED


def test_defaults_are_the_same():
    defaults = [
        {name: one.default for name, one in inspect.signature(verb).parameters.items()}
        for verb in (run, tune)
    ]
    in_both = defaults[0].keys() & defaults[1].keys() - {"models"}  # which an experiment's file may name
    assert {name: defaults[0][name] for name in in_both} == {name: defaults[1][name] for name in in_both}
