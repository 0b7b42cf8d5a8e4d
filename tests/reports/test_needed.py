"""How many seeds and cases a difference takes: against the closed form, and in sentences."""

from __future__ import annotations

import numpy as np
import pytest
from emseg_bench.benchmark.contracts.data import Case
from emseg_bench.reports.leaderboard import leaderboard
from emseg_bench.reports.needed import TYPICAL, needs
from emseg_bench.reports.verdicts.resolution import Design, Spreads, resolvable
from emseg_bench.reports.verdicts.sample_size import seeds_needed, units_needed
from hypothesis import given, settings
from hypothesis import strategies as st

MANIFEST = "d" * 64


def cases_of(number: int) -> dict[str, list[Case]]:
    made = [Case(id=f"case{i}", split="test", height=64, width=64, sha256="0" * 64) for i in range(number)]
    return {MANIFEST: made}


def specs(make, models=("a@x", "b@x"), seeds=(0, 1, 2), **settings):
    return [
        make.trial(model=model, seed=seed, iou={1: [0.5]}, **settings).record.spec
        for model in models
        for seed in seeds
    ]


def stored(make, seeds: int, cases: int, **settings):
    """Two models whose scores vary over seeds and, in their difference, over cases."""
    rng = np.random.default_rng(3)
    trials = []
    for model, mean in (("a@x", 0.6), ("b@x", 0.55)):
        over_cases = rng.normal(0, 0.04, cases)
        for seed in range(seeds):
            values = list(mean + over_cases + rng.normal(0, 0.02))
            trials.append(make.trial(model=model, seed=seed, iou={1: values}, **settings))
    return make.board(trials)


DESIGN = Design(models=2, units=8, seeds=3, pairs=3)


@settings(deadline=None, max_examples=30)
@given(st.floats(0.001, 0.2), st.floats(0.001, 0.2), st.floats(0.01, 0.5))
def test_the_fewest_are_enough_and_one_fewer_is_not(units_sd, seeds_sd, difference) -> None:
    spreads = Spreads(units=units_sd, seeds=seeds_sd)
    for needed, name in ((seeds_needed, "seeds"), (units_needed, "units")):
        found = needed(spreads, DESIGN, difference)
        if found is None:
            continue
        changed = [
            Design(**{"models": 2, "units": 8, "seeds": 3, "pairs": 3, name: n}) for n in (found, found - 1)
        ]
        assert resolvable(spreads, changed[0]) <= difference
        assert found == 2 or resolvable(spreads, changed[1]) > difference


def test_no_number_of_seeds_makes_up_for_few_cases() -> None:
    spreads = Spreads(units=0.1, seeds=0.01)
    assert seeds_needed(spreads, DESIGN, 0.02) is None
    assert units_needed(Spreads(units=0.1, seeds=None), DESIGN, 0.02) > 100


def test_no_number_of_cases_makes_up_for_few_seeds() -> None:
    assert units_needed(Spreads(units=0.1, seeds=0.01), DESIGN, 0.02) is None


def test_stored_spreads_of_comparable_trials_are_used(make) -> None:
    board = stored(make, seeds=3, cases=8)
    verdicts = leaderboard(board).verdicts
    (need,) = needs(specs(make), cases_of(8), [board], 0.1)
    assert (need.source, need.models, need.seeds, need.units, need.noun) == ("stored", 2, 3, 8, "image")
    (one,) = need.assumed
    assert (one.units_sd, one.seeds_sd) == (verdicts.units_sd, verdicts.seeds_sd)
    design = Design(models=2, units=8, seeds=3, pairs=3)
    spreads = Spreads(units=verdicts.units_sd, seeds=verdicts.seeds_sd)
    assert one.planned == resolvable(spreads, design)
    assert list(one.units) == [3, 5, 10, 20]
    assert one.units[3] is None
    assert one.units[5] == units_needed(spreads, make.replace(design, seeds=5), 0.1)
    text = "\n".join(need.told)
    assert "From stored trials of a@x and b@x by the recipe quick" in text
    assert f"Images that it takes: no number with 3 seeds, {one.units[5]} with 5 seeds" in text


def test_a_board_that_would_grow_has_more_pairs(make) -> None:
    (need,) = needs(specs(make, ("a@x", "c@x")), cases_of(8), [stored(make, 3, 8)], 0.05)
    assert need.models == 3


def test_a_board_of_recipes_of_their_own_would_grow_too(make) -> None:
    def own(spec):
        return make.replace(spec, model=make.replace(spec.model, own_recipe="as published"))

    board = stored(make, 3, 8)
    trials = [make.replace(t, record=make.replace(t.record, spec=own(t.record.spec))) for t in board.trials]
    planned = [own(spec) for spec in specs(make, ("a@x", "c@x"))]
    (need,) = needs(planned, cases_of(8), [make.board(trials)], 0.05)
    assert need.models == 3


def test_typical_spreads_say_where_they_are_from(make) -> None:
    (need,) = needs(specs(make), cases_of(8), [], 0.02)
    assert need.source == "typical"
    assert [one.seeds_sd for one in need.assumed] == list(TYPICAL)
    assert all(one.units_sd is None for one in need.assumed)
    text = "\n".join(need.told)
    assert "the example retina_miniature measured 0.015" in text
    assert "Seeds of each model that it takes: 14 to 62." in text
    assert "How differences vary from one image to the next is not known" in text
    assert "Run two models with two seeds on 8 images into the same folder first" in text


def test_slices_of_one_volume_are_counted_in_blocks(make) -> None:
    cases = [make.replace(case, group="v") for case in cases_of(120)[MANIFEST]]
    (need,) = needs(specs(make), {MANIFEST: cases}, [], 0.02)
    assert need.told[0].startswith("synthetic-em, 2 models, 3 seeds, 6 blocks of slices:")
    assert "nothing can be said about others than these blocks of slices." in need.told[-1]


def test_other_data_is_not_comparable(make) -> None:
    board = stored(make, 3, 8)
    other = [
        make.replace(spec, dataset=make.replace(spec.dataset, manifest_sha256="e" * 64))
        for spec in specs(make)
    ]
    (need,) = needs(other, {"e" * 64: cases_of(8)[MANIFEST]}, [board], 0.02)
    assert need.source == "typical"


def test_where_no_figure_is_known_that_is_said(make) -> None:
    metric = make.metric("hd95", "nm", "lower")
    planned = [
        make.replace(spec, protocol=make.replace(spec.protocol, primary="hd95"))
        for spec in specs(make, metric=metric)
    ]
    (need,) = needs(planned, cases_of(2), [], 50.0)
    assert (need.source, need.assumed) == ("unknown", ())
    text = "\n".join(need.told)
    assert "no figure is known of how scores by this metric vary" in text
    assert "on at least 3 images" in text


@pytest.mark.parametrize("seeds", [1])
def test_one_seed_says_nothing_about_others(make, seeds) -> None:
    (need,) = needs(specs(make, seeds=range(seeds)), cases_of(8), [], 0.02)
    assert "As planned: no difference can be claimed, for one seed says nothing about others." in need.told
