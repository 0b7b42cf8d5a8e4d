"""A model has one colour on a page, whichever boards it stands on."""

from __future__ import annotations

import re

from emseg_bench.reports.leaderboard import leaderboard
from emseg_bench.reports.model_colours import model_colours, share_colours
from emseg_bench.reports.palette import MODELS
from emseg_bench.reports.sections.curves import section


def board(make, *names: str, dataset: str = "ants"):
    """Give a board, best model first."""
    trials = [
        one
        for i, name in enumerate(names)
        for one in make.seeds(f"{name}@x", [0.9 - i / 100], dataset=dataset)
    ]
    return make.board(trials, title=dataset, slug=dataset)


def colours(one) -> dict[str, str]:
    table = leaderboard(one)
    return model_colours(one, table, [row.model for row in table.scored[: len(MODELS)]])


def test_a_model_keeps_its_colour_where_others_stand_beside_it(make) -> None:
    boards = [board(make, "d", "a"), board(make, "e", "d", dataset="bees")]
    alone = colours(boards[1])
    share_colours(boards)
    first, second = map(colours, boards)
    assert second["d@x"] == first["d@x"] != alone["d@x"]
    assert len({*first.values(), *second.values()}) == 3


def test_few_models_have_their_colours_by_name(make) -> None:
    one = board(make, "b", "a")
    share_colours([one])
    assert colours(one) == {"a@x": MODELS[0], "b@x": MODELS[1]}


def test_the_best_of_many_have_the_palette(make) -> None:
    one = board(make, *(f"m{i:02}" for i in reversed(range(12))))
    share_colours([one])
    assert [*colours(one).values()] == [*MODELS]


def test_models_that_no_board_has_both_may_share_a_colour_and_no_others(make) -> None:
    sets = [[f"a{i}" for i in range(8)], [f"b{i}" for i in range(8)], ["a0", "b0", "c", "a1"]]
    boards = [board(make, *names, dataset=str(place)) for place, names in enumerate(sets)]
    share_colours(boards)
    found = [colours(one) for one in boards]
    for one in found:
        assert len({*one.values()}) == len(one), "two models of one board look alike"
    assert found[2]["a0@x"] == found[0]["a0@x"]
    assert found[2]["b0@x"] == found[1]["b0@x"] not in {found[0]["a0@x"], found[0]["a1@x"]}
    assert {*list(found[1].values())[2:]} & {*MODELS}, "colours are used again"


def test_figures_of_two_boards_draw_a_model_alike(make, tmp_path) -> None:
    boards = [board(make, "d", "c"), board(make, "c", "a", "b", dataset="bees")]
    page = share_colours(boards)
    for one in boards:
        section(one, tmp_path)
        row = next(row for row in leaderboard(one).rows if row.model == "c@x")
        drawn = (tmp_path / f"figures/{one.slug}-curves.svg").read_text()
        assert re.search(page.of(row.identity), drawn, re.IGNORECASE)
