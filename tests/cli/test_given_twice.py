"""Options that stand twice in one command: joined, or refused, never the last one without a word."""

from __future__ import annotations

import pytest
import typer
from emseg_bench.benchmark.contracts.errors import UsageError
from emseg_bench.benchmark.experiments.experiment import build_experiment
from emseg_bench.benchmark.experiments.settings import parse_settings
from emseg_bench.cli.app import VERBS, make_app
from emseg_bench.cli.light import LISTS, LightCommand, once_each


def commands(group, words=()):
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from commands(one, (*words, name))
        else:
            yield (*words, name), one


ALL = dict(commands(typer.main.get_command(make_app([]))))


def test_every_verb_reads_its_options_once():
    assert {words[0] for words in ALL} == set(VERBS)
    assert [words for words, one in ALL.items() if not isinstance(one, LightCommand)] == []


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_option_of_every_verb_is_joined_or_refused(words):
    parameters = ALL[words].params
    for parameter in parameters:
        if getattr(parameter, "is_flag", None) is not False or parameter.multiple:
            continue
        option = parameter.opts[0]
        twice = [option, "1", "x", f"{option}=2"]
        if option in LISTS:
            assert once_each(twice, parameters) == [option, "1,2", "x"]
        else:
            with pytest.raises(UsageError, match=f"{option} is given twice, as '1' and as '2'"):
                once_each(twice, parameters)
        assert once_each([option, "1", option, "1"], parameters)[-1][-1:] == "1"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["e.yaml", "--models", "a", "--json", "--models=b,c"], ["e.yaml", "--models", "a,b,c", "--json"]),
        (["--set", "a.b=1", "--set", "a.c=2"], ["--set", "a.b=1", "--set", "a.c=2"]),
        (["--out", "x", "--", "--out", "y"], ["--out", "x", "--", "--out", "y"]),
        (["--out", "--json"], ["--out", "--json"]),
        (["--json", "--json", "--out"], ["--json", "--json", "--out"]),
        (["--out=a=b"], ["--out", "a=b"]),
    ],
)
def test_what_arguments_become(arguments, expected):
    assert once_each(arguments, ALL["run",].params) == expected


def test_the_command_joins_datasets_and_refuses_two_folders(invoke):
    done = invoke("run", "--models", "unet", "--datasets", "synthetic-em[size=64,train=4,val=2,test=2]",
                  "--datasets", "synthetic-em[size=96,train=4,val=2,test=2]", "--dry-run")  # fmt: skip
    assert done.code == 0, done.err
    assert "2 trials" in done.out
    refused = invoke("run", "--models", "unet", "--out", "a", "--out", "b")
    assert refused.code == 2
    assert "error: --out is given twice, as 'a' and as 'b'; it takes one value" in refused.err
    seeds = invoke("run", "--models", "unet", "--seeds", "3", "--seeds", "4")
    assert seeds.code == 2
    assert "written with commas" in seeds.err


def test_a_key_that_is_set_twice_is_told():
    heads = ("recipe", "protocol")
    assert parse_settings(["recipe.a=1", "recipe.a=1", "recipe.b=2"], heads) == {"recipe": {"a": 1, "b": 2}}
    with pytest.raises(UsageError, match=r"--set changes recipe.a twice, to 1 and to 2"):
        parse_settings(["recipe.a=1", "recipe.a=2"], heads)


OPTIMISER = ("recipe.optimiser=sgd", "recipe.optimiser.nesterov=true")


@pytest.mark.parametrize("settings", [OPTIMISER, OPTIMISER[::-1]])
def test_a_name_and_options_of_it_are_no_contradiction_in_whatever_order(settings):
    recipe = build_experiment(None, {"models": ["unet"]}, settings).recipe
    assert recipe.optimiser == "sgd[nesterov=true]"


def test_a_key_as_a_whole_and_in_parts_is_told():
    with pytest.raises(
        UsageError, match=r"recipe.crop as a whole, to 64, and recipe.crop.side of it; say one"
    ):
        parse_settings(["recipe.crop.side=1", "recipe.crop=64"], ("recipe",))
